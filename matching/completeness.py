"""Looking for matches that were missed: every record against those that share a blocking key with it, anew."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import numpy as np

from golden_records.entities import EntityType
from golden_records.models import MatchState
from matching.active_config import ActiveConfig, active_config
from matching.core.blocking import blocking_keys
from matching.core.decide import Outcome, decide
from matching.core.prepare import Prepared, prepare
from matching.core.score import score_pairs
from matching.judgements import golden_pair, judged_pairs
from matching.keys import sharing, some_records_of
from matching.models import BlockingKey, CommonKey, JudgementValue, MatchConfigVersion, ReviewTask, TaskState
from matching.tables import active_records, attribute_table

_AT_ONCE: Final = 500

Pair = tuple[int, int]


def config_in_force(entity: EntityType) -> ActiveConfig | None:
    """Give the match config in force; None where nothing was ever matched: a check writes nothing."""
    known = MatchConfigVersion.objects.filter(entity=entity.name, is_active=True).values_list("id", flat=True).first()
    return active_config(entity, known=known) if known else None


def records_with_other_keys(entity: EntityType, active: ActiveConfig) -> Iterator[int]:
    """Give the matched records under whose stored blocking keys nobody would find them."""
    for ids in _matched(entity):
        wanted: dict[int, set[Pair]] = {record: set() for record in ids}
        prepared = _prepared(entity, ids, active)
        found = blocking_keys(prepared, active.config)
        for row, rule, key in zip(found.row.tolist(), found.rule.tolist(), found.key.tolist(), strict=True):
            wanted[ids[row]].add((rule, key))
        stored: dict[int, set[Pair]] = {record: set() for record in ids}
        for record, rule, key in _keys_of(entity, ids):
            stored[record].add((rule, key))
        yield from (record for record in ids if wanted[record] != stored[record])


def missed_matches(entity: EntityType, active: ActiveConfig) -> Iterator[Pair]:
    """Give the pairs of records that match without a person and are in two golden records, which nobody asked or judged.

    Only pairs with a blocking key in common that is not too common, by a rule that may match without a person.
    """
    for ids in _matched(entity):
        pairs = sorted(_sharing_pairs(entity, ids, active))
        for start in range(0, len(pairs), _AT_ONCE):
            yield from _missed(entity, pairs[start : start + _AT_ONCE], active)


def _missed(entity: EntityType, pairs: Sequence[Pair], active: ActiveConfig) -> Iterator[Pair]:
    golden_of = _golden_of(entity, {record for pair in pairs for record in pair})
    apart = [(one, other) for one, other in pairs if one in golden_of and other in golden_of and golden_of[one] != golden_of[other]]
    if not apart:
        return
    ids = sorted({record for pair in apart for record in pair})
    place = {record: row for row, record in enumerate(ids)}
    prepared = _prepared(entity, ids, active)
    rows = np.array([(place[one], place[other]) for one, other in apart], np.int32)
    outcomes = decide(score_pairs(prepared, prepared, rows[:, 0].copy(), rows[:, 1].copy(), active.model), active.model)
    matching = [pair for pair, outcome in zip(apart, outcomes.tolist(), strict=True) if outcome == Outcome.MATCH]
    known = _asked_or_judged(entity, {golden_of[record] for pair in matching for record in pair})
    yield from ((one, other) for one, other in matching if golden_pair(golden_of[one], golden_of[other]) not in known)


def _asked_or_judged(entity: EntityType, golden_ids: set[UUID]) -> set[tuple[UUID, UUID]]:
    tasks = ReviewTask.objects.filter(entity=entity.name, state=TaskState.OPEN, left_golden_id__in=golden_ids)
    members = dict(entity.records.filter(golden_id__in=golden_ids).values_list("id", "golden_id"))
    return {*tasks.values_list("left_golden_id", "right_golden_id"), *judged_pairs(entity, members, JudgementValue)}


def _sharing_pairs(entity: EntityType, ids: Sequence[int], active: ActiveConfig) -> set[Pair]:
    rules = active.config.blocking
    rows = [(record, rule, key) for record, rule, key in _keys_of(entity, ids) if rules[rule].locked]
    counts = sharing(entity, {(rule, key) for _, rule, key in rows})
    common = set(CommonKey.objects.filter(entity=entity.name, key__in={key for _, key in counts}).values_list("rule", "key"))
    shared = sorted(pair for pair, count in counts.items() if 1 < count <= rules[pair[0]].limit and pair not in common)
    others: dict[Pair, list[int]] = {}
    for start in range(0, len(shared), _AT_ONCE):
        most = max(rules[rule].limit for rule, _ in shared[start : start + _AT_ONCE])
        others |= some_records_of(entity, shared[start : start + _AT_ONCE], most=most)
    # Each pair once: with the records that come after.
    return {(record, other) for record, rule, key in rows for other in others.get((rule, key), ()) if other > record}


def _keys_of(entity: EntityType, ids: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    rows = BlockingKey.objects.filter(entity=entity.name, record_id__in=ids).order_by()
    return rows.values_list("record_id", "rule", "key").iterator()


def _matched(entity: EntityType) -> Iterator[list[int]]:
    ids = active_records(entity).filter(match_state=MatchState.MATCHED).order_by("id").values_list("id", flat=True)
    for _, chunk in groupby(enumerate(ids.iterator()), key=lambda numbered: numbered[0] // _AT_ONCE):
        yield [record for _, record in chunk]


def _golden_of(entity: EntityType, ids: set[int]) -> dict[int, Any]:
    rows = active_records(entity).filter(id__in=ids, match_state=MatchState.MATCHED)
    return dict(rows.values_list("id", "golden_id"))


def _prepared(entity: EntityType, ids: Sequence[int], active: ActiveConfig) -> Prepared:
    return prepare(attribute_table(entity, active_records(entity).filter(id__in=ids)), active.config)
