"""Matching one record in the transaction that stores it: candidates under locked keys, scores, resolution, effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden import Held
from golden_records.history import ChangeKind
from golden_records.locking import GoldenRow
from golden_records.members import LinkedMember, members_of
from golden_records.models import GoldenState, MatchState, SourceRecord
from golden_records.models.golden import new_canonical_id
from matching.active_config import ActiveConfig, active_config
from matching.core.decide import Outcome, decide
from matching.core.record_keys import record_keys
from matching.core.score import ScoredPairs, score_one
from matching.decisions import evidence_of
from matching.effects import Found, MatchedRecord, take_effect
from matching.keys import KeyChange, exchange_keys, known_keys
from matching.known import Known, known_of
from matching.locks import MatchGuard, Restart
from matching.reconsidering import Standing, look_again
from matching.resolution import Candidate, resolve
from matching.tables import active_records, compared_references, member_forms, record_forms


def match_record(
    entity: EntityType, record: SourceRecord, *, guard: MatchGuard, change: Change, unwritten: ChangeKind | None = None
) -> MatchedRecord:
    """Find out whose the record is, and put it there, with everything that follows. The caller owns the transaction.

    `record` is the record as it is to be, with its source; `unwritten` is what this transaction did to it before, where that is
    not in its history yet: a change (`CHANGED`) is not in its row yet either, and is written here. Raises `Restart` when the record
    or a candidate was moved or changed by somebody else while locks were waited for.
    """
    active = active_config(entity, known=guard.config_id)
    own = record_forms(entity, record, active.config)
    found, locked_keys = _candidate_ids(entity, record, record_keys(own.of(0), active.config), active, guard)
    goldens = guard.goldens(entity, record_ids={*found, record.pk})
    if unwritten is ChangeKind.CHANGED:
        guard.record(entity, record)
    held = _held(entity, record, found, active, goldens)
    members = [each for each in held.members if each.is_active and each.link.golden_id and each.member.record_id != record.pk]
    scored = score_one(own, member_forms(entity, members, active.config), active.model)
    compared = _Compared(members, scored, _outcomes(record, members, scored, active))
    known = known_of(entity, record, [each.member.record_id for each in held.members])
    standing = _look_again(entity, record, held, compared, known, active)
    candidates = _candidates(compared, record, found & locked_keys, known, held, active)
    evidence = [
        evidence_of(scored, row, compared.outcomes, (record.pk, members[row].member.record_id), active.model)
        for row in _told(compared, known, found, active.config.review_threshold)
    ]
    resolution = resolve(candidates, current=_current(record, held, standing))
    no_longer = known.former.keys() - {each.member.record_id for each in members}
    found_out = Found(entity, record, resolution, evidence, held, active, known, standing, no_longer)
    return take_effect(found_out, guard=guard, change=change, unwritten=unwritten)


def _outcomes(record: SourceRecord, members: Sequence[LinkedMember], scored: ScoredPairs, active: ActiveConfig) -> NDArray[np.int8]:
    """Decide on each member; records of one source that has each entity once are two by that."""
    outcomes = decide(scored, active.model)
    if record.source.code in active.config.clusters.one_per_source:
        outcomes[[each.member.source == record.source.code for each in members]] = Outcome.NO_MATCH
    return outcomes


def match_waiting(entity: EntityType, record_id: int, *, guard: MatchGuard, change: Change) -> MatchedRecord | None:
    """Match a record that was stored earlier and still waits; None where it does not wait any more."""
    guard.enter(entity, one_record=True)
    waiting = active_records(entity).filter(pk=record_id, match_state=MatchState.PENDING).select_related("source")
    record = waiting.first()
    if record is None:
        return None
    guard.identity(entity, record.source.code, record.external_id)
    # Read again: what was read before the lock was had may be old by now.
    record = waiting.first()
    if record is None:
        return None
    matched = match_record(entity, record, guard=guard, change=change)
    # Imports store beside this, without its locks; what they stored since must not pass for matched.
    if entity.records.values_list("version", flat=True).get(pk=record_id) != record.version:
        raise Restart
    return matched


def _candidate_ids(
    entity: EntityType, record: SourceRecord, pairs: set[tuple[int, int]], active: ActiveConfig, guard: MatchGuard
) -> tuple[set[int], set[int]]:
    """Give the records that share a key with this one, and those of them that share one which may match without a person."""
    old, common = known_keys(entity, record.pk, pairs)
    guard.keys(entity, {key for _, key in (pairs | old.keys()) - common})
    rules = active.config.blocking
    sharing = exchange_keys(entity, record.pk, KeyChange(old, pairs, common), limits=[rule.limit for rule in rules])
    locked = {other for other, by in sharing.items() if any(rules[number].locked for number in by)}
    return set(sharing), locked


def _held(entity: EntityType, record: SourceRecord, found: set[int], active: ActiveConfig, goldens: Mapping[UUID, GoldenRow]) -> Held:
    """Give every member of the locked golden records, and the record's own link as it is now."""
    members = members_of(entity, goldens, {*found, record.pk}, references=compared_references(entity, active.config))
    homes = {each.link.golden_id for each in members if each.is_active}
    own = next(each.link for each in members if each.member.record_id == record.pk)
    if homes - goldens.keys() - {None} or own.golden_id != record.golden_id:
        raise Restart
    record.link_source, record.link = own.link_source, own.link
    return Held(goldens, members)


def _stands(held: Held, golden_id: UUID | None) -> bool:
    row = held.goldens.get(golden_id) if golden_id else None
    return row is not None and row["state"] == GoldenState.ACTIVE


def _current(record: SourceRecord, held: Held, standing: Standing) -> UUID | None:
    """Give the golden record in which a record stays; a new one for a part of several records that leaves; None to find one."""
    part = next((part for part in standing.leaving if record.pk in part), None)
    if part is not None:
        active = {each.member.record_id for each in held.members if each.is_active}
        return None if len(part & active) == 1 else new_canonical_id()
    return record.golden_id if _stands(held, record.golden_id) else None


def _look_again(
    entity: EntityType, record: SourceRecord, held: Held, compared: "_Compared", known: Known, active: ActiveConfig
) -> Standing:
    """Look at the record's golden record again, where the record does not match everybody in it."""
    rows = [row for row, each in enumerate(compared.members) if each.link.golden_id == record.golden_id]
    if all(compared.outcomes[row] == Outcome.MATCH for row in rows):
        return Standing()
    mine = [each for each in held.members if each.link.golden_id == record.golden_id]
    return look_again(entity, record, mine, known, active)


def _told(compared: "_Compared", known: Known, found: set[int], least: float) -> list[int]:
    """Give the pairs (rows) whose evidence is kept: where it says something, or said something before.

    As in a matching run, a candidate less probable than what is asked about leaves no row, a veto on it or not: of those there are
    dozens for a record, and `explain_records` says why from the two records.
    """
    others = [each.member.record_id for each in compared.members]
    says, likely = (compared.outcomes != Outcome.NO_MATCH).tolist(), (compared.scored.probability >= least).tolist()
    return [row for row, other in enumerate(others) if says[row] or (likely[row] and other in found) or other in known.former]


@dataclass(frozen=True, slots=True)
class _Compared:
    """The members that a record was compared with, and what came of it."""

    members: Sequence[LinkedMember]
    scored: ScoredPairs
    outcomes: NDArray[np.int8]


def _candidates(
    compared: _Compared, record: SourceRecord, locked: set[int], known: Known, held: Held, active: ActiveConfig
) -> list[Candidate]:
    judged = known.on(record.pk)
    once = record.source.code in active.config.clusters.one_per_source
    # As numbers of Python: taken one by one out of arrays, each costs more than all that is asked of it.
    outcomes, weights, vetoes = compared.outcomes.tolist(), compared.scored.weight.tolist(), compared.scored.vetoes.tolist()
    standing = [
        Candidate(
            row=row,
            record_id=each.member.record_id,
            golden_id=each.link.golden_id,
            outcome=outcomes[row],
            weight=weights[row],
            vetoed=bool(vetoes[row]) or (once and each.member.source == record.source.code),
            locked=each.member.record_id in locked,
            same_source=each.member.source == record.source.code,
            judgement=judged.get(each.member.record_id),
        )
        for row, each in enumerate(compared.members)
        if each.link.golden_id is not None
    ]
    # What was said of withdrawn records still binds.
    return standing + [
        Candidate(-1, other, golden_id, Outcome.NO_MATCH, -np.inf, vetoed=False, locked=False, judgement=judged[other])
        for each in held.members
        for other, golden_id in [(each.member.record_id, each.link.golden_id)]
        if not each.is_active and other in judged
        if golden_id is not None and golden_id != record.golden_id and _stands(held, golden_id)
    ]
