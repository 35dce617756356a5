"""A golden record looked at again because one of its records changed: from rows and scores to the rules of `evidence`, and back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np

from golden_records.entities import EntityType
from golden_records.members import LinkedMember
from golden_records.models import LinkSource, SourceRecord
from matching.active_config import ActiveConfig
from matching.core.decide import Outcome, decide
from matching.core.prepare import prepared
from matching.core.score import ScoredPairs, score_pairs
from matching.decisions import PairEvidence, evidence_of
from matching.evidence import Former, Grid, Reconsidered, reconsider
from matching.known import Known
from matching.models import JudgementValue
from matching.models import Outcome as StoredOutcome
from matching.tables import member_forms

LARGEST: Final = 60
"""Golden records of more records are looked at record by record: what does not concern the changed one holds together."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A golden record after one of its records changed, in record ids.

    `leaving` are the parts that leave, with the withdrawn records that are tied to them; `doubts` the evidence on the pairs to
    ask about; `links` the strongest match inside its part of each record whose own link no longer holds (None: it stands alone
    there).
    """

    leaving: tuple[frozenset[int], ...] = ()
    doubts: tuple[PairEvidence, ...] = ()
    links: Mapping[int, PairEvidence | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Scores:
    """All pairs of some members: `place` finds the row of a pair."""

    ids: Sequence[int]
    scored: ScoredPairs
    outcomes: "np.ndarray[tuple[int], np.dtype[np.int8]]"
    place: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"

    def evidence(self, one: int, other: int, active: ActiveConfig) -> PairEvidence:
        return evidence_of(self.scored, int(self.place[one, other]), self.outcomes, (self.ids[one], self.ids[other]), active.model)


def look_again(entity: EntityType, record: SourceRecord, members: Sequence[LinkedMember], known: Known, active: ActiveConfig) -> Standing:
    """Say what becomes of a record's golden record, of which `members` are all records, also the withdrawn ones. Reads nothing."""
    standing = [each for each in members if each.is_active]
    if len(standing) < 2:  # noqa: PLR2004 - a pair
        return Standing()
    scores = _score(entity, standing, active)
    grid = _grid(record, members, standing, scores, known)
    changed = scores.ids.index(record.pk)
    found = reconsider(grid, changed, _former(scores.ids, known))
    doubts = tuple(scores.evidence(one, other, active) for one, other in found.doubts)
    leaving = tuple(with_withdrawn({scores.ids[row] for row in part}, members, known) for part in found.leaving)
    return Standing(leaving, doubts, _links(standing, scores, found, active))


def with_withdrawn(part: Collection[int], members: Sequence[LinkedMember], known: Known) -> frozenset[int]:
    """Add the withdrawn records that people tied to a part: they are to come back where those are."""
    gone = {each.member.record_id for each in members if not each.is_active}
    tied = {one if other in part else other for one, other in _ties(members, known) if (one in part) != (other in part)}
    return frozenset({*part, *(tied & gone)})


def _score(entity: EntityType, standing: Sequence[LinkedMember], active: ActiveConfig) -> _Scores:
    size = len(standing)
    table = prepared(member_forms(entity, standing, active.config))
    left, right = (each.astype(np.int32) for each in np.triu_indices(size, 1))
    scored = score_pairs(table, table, left, right, active.model)
    place = np.zeros((size, size), np.int64)
    place[left, right] = place[right, left] = np.arange(len(left))
    return _Scores([each.member.record_id for each in standing], scored, decide(scored, active.model), place)


def _grid(record: SourceRecord, members: Sequence[LinkedMember], standing: Sequence[LinkedMember], scores: _Scores, known: Known) -> Grid:
    apart = ~np.eye(len(standing), dtype=bool)
    ties = _ties(members, known)
    place = {record_id: row for row, record_id in enumerate(scores.ids)}
    tied = {(place[one], place[other]) for one, other in ties if one in place and other in place}
    if len(standing) > LARGEST:
        others = [row for row, record_id in enumerate(scores.ids) if record_id != record.pk]
        tied |= set(pairwise(others))
    by_hand = {place[each.member.record_id] for each in standing if each.link.link_source == LinkSource.MANUAL}
    by_hand |= {place[record_id] for pair in ties for record_id in pair if record_id in place}
    return Grid(
        ids=scores.ids,
        outcome=np.where(apart, scores.outcomes[scores.place], np.int8(Outcome.NO_MATCH)),
        weight=scores.scored.weight[scores.place],
        vetoed=apart & (scores.scored.vetoes[scores.place] != 0),
        by_hand=frozenset(by_hand),
        ties=tuple(sorted(tied)),
    )


def _ties(members: Sequence[LinkedMember], known: Known) -> set[tuple[int, int]]:
    """Give the pairs of records that people brought together here, each chain as pairs of its members with the first.

    A withdrawn record ties others too. One that was put here by hand is tied to the two records of the judgement that did it; where
    none stands for it, to all.
    """
    here = {each.member.record_id for each in members}
    pairs: dict[Any, tuple[int, int]] = {
        said.judgement_id: (said.left, said.right) for said in known.said if said.value == JudgementValue.SAME
    }
    found = [pair for pair in pairs.values() if here.issuperset(pair)]
    for each in members:
        if each.link.link_source == LinkSource.MANUAL:
            judged: Sequence[int] = pairs.get(each.link.link.get("judgement"), ())
            named = [other for other in judged if other in here]
            found += [(each.member.record_id, other) for other in named or here]
    return _through(sorted(here), found)


def _through(here: Sequence[int], pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    first = {record_id: record_id for record_id in here}
    for one, other in pairs:
        old, new = sorted((first[one], first[other]), reverse=True)
        first = {record_id: new if home == old else home for record_id, home in first.items()}
    groups: dict[int, list[int]] = {}
    for record_id, home in first.items():
        groups.setdefault(home, []).append(record_id)
    return {(one, other) for group in groups.values() for number, one in enumerate(group) for other in group[number + 1 :]}


def _former(ids: Sequence[int], known: Known) -> Former:
    place = {record_id: row for row, record_id in enumerate(ids)}
    said = {place[other]: told for other, told in known.former.items() if other in place}
    matched = frozenset(row for row, told in said.items() if told == StoredOutcome.MATCH)
    unvetoed = frozenset(row for row, told in said.items() if told in {StoredOutcome.MATCH, StoredOutcome.POSSIBLE_MATCH})
    return Former(matched, unvetoed)


def _links(standing: Sequence[LinkedMember], scores: _Scores, found: Reconsidered, active: ActiveConfig) -> dict[int, PairEvidence | None]:
    """Find a link for each record that the engine linked through one that it no longer matches, or that is elsewhere now."""
    part_of = {row: number for number, part in enumerate(found.leaving) for row in part}
    links: dict[int, PairEvidence | None] = {}
    for row, each in enumerate(standing):
        via = each.link.link.get("record")
        if each.link.link_source == LinkSource.MANUAL or via is None:
            continue
        matches = [
            other
            for other in range(len(standing))
            if other != row and part_of.get(other) == part_of.get(row) and scores.outcomes[scores.place[row, other]] == Outcome.MATCH
        ]
        if via not in {scores.ids[other] for other in matches}:
            best = max(matches, key=lambda other: (scores.scored.weight[scores.place[row, other]], -scores.ids[other]), default=None)
            links[scores.ids[row]] = None if best is None else scores.evidence(row, best, active)
    return links
