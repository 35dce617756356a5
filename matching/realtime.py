"""Matching one record in the transaction that stores it: candidates under locked keys, scores, resolution, effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from golden_records import golden
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden import Held, Membership
from golden_records.history import ChangeKind
from golden_records.members import LinkedMember, members_of
from golden_records.models import GoldenState, MatchState, SourceRecord
from golden_records.models.golden import new_canonical_id
from matching import judgements, review_queue
from matching.active_config import ActiveConfig, active_config
from matching.core.blocking import BlockingKeys, blocking_keys
from matching.core.decide import Outcome, decide
from matching.core.prepare import prepare
from matching.core.score import ScoredPairs, score_one
from matching.decisions import DecidedBy, PairEvidence, evidence_of, write_decisions
from matching.keys import KeyChange, exchange_keys, known_keys
from matching.locks import MatchGuard, Restart
from matching.models import JudgementValue, ReviewTask
from matching.resolution import Candidate, Resolution, resolve
from matching.review_queue import AskedPair
from matching.tables import active_records, compared_references, member_table, record_table

_NOTHING: Final[tuple[ReviewTask, ...]] = ()


@dataclass(frozen=True, slots=True)
class MatchedRecord:
    """Where a record went, through which evidence, and which questions it raised.

    `counterpart` is the other record of the evidence, as it was compared.
    """

    golden_id: UUID
    was_new: bool
    linked: bool
    evidence: PairEvidence | None
    counterpart: SourceRecord | None
    tasks: tuple[ReviewTask, ...]
    config: ActiveConfig


def match_record(
    entity: EntityType, record: SourceRecord, *, guard: MatchGuard, change: Change, unwritten: ChangeKind | None = None
) -> MatchedRecord:
    """Find out whose the record is, and put it there, with everything that follows. The caller owns the transaction.

    `record` is the record as it is stored, with its source; `unwritten` is what this transaction did to it before, where that is
    not in its history yet. Raises `Restart` when a candidate moved while its golden record was being locked.
    """
    active = active_config(entity, known=guard.config_id)
    own = record_table(entity, record, active.config)
    found, locked_keys = _candidate_ids(entity, record, blocking_keys(prepare(own, active.config), active.config), active, guard)
    held = _held(entity, record, found, active, guard)
    members = [each for each in held.members if each.is_active and each.link.golden_id and each.member.record_id != record.pk]
    scored = score_one(own, member_table(entity, members, active.config), active.model)
    compared = _Compared(members, scored, decide(scored, active.model))
    judged = _judgements(entity, record)
    home = held.goldens.get(record.golden_id)
    current = record.golden_id if home and home["state"] == GoldenState.ACTIVE else None
    resolution = resolve(_candidates(compared, record, found & locked_keys, judged), current=current)
    evidence = [
        evidence_of(scored, row, compared.outcomes, (record.pk, each.member.record_id), active.model)
        for row, each in enumerate(members)
        if compared.outcomes[row] != Outcome.NO_MATCH or (each.member.record_id in found and scored.vetoes[row])
    ]
    write_decisions(entity, evidence, DecidedBy(active.id, None, change.at))
    return _take_effect(_Found(entity, record, resolution, evidence, held, active), change=change, unwritten=unwritten)


def match_waiting(entity: EntityType, record_id: int, *, guard: MatchGuard, change: Change) -> MatchedRecord | None:
    """Match a record that was stored earlier and still waits; None where it does not wait any more."""
    guard.enter(entity)
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
    entity: EntityType, record: SourceRecord, keys: BlockingKeys, active: ActiveConfig, guard: MatchGuard
) -> tuple[set[int], set[int]]:
    """Give the records that share a key with this one, and those of them that share one which may match without a person."""
    pairs = {(int(rule), int(key)) for rule, key in zip(keys.rule, keys.key, strict=True)}
    old, common = known_keys(entity, record.pk, pairs)
    guard.keys(entity, {key for _, key in (pairs | old.keys()) - common})
    rules = active.config.blocking
    sharing = exchange_keys(entity, record.pk, KeyChange(old, pairs, common), limits=[rule.limit for rule in rules])
    locked = {other for other, by in sharing.items() if any(rules[number].locked for number in by)}
    return set(sharing), locked


def _held(entity: EntityType, record: SourceRecord, found: set[int], active: ActiveConfig, guard: MatchGuard) -> Held:
    """Lock the golden records of the candidates and of the record itself, and give every member of theirs."""
    goldens = guard.goldens_of(entity, {*found, record.pk})
    members = members_of(entity, goldens, {*found, record.pk}, references=compared_references(entity, active.config))
    homes = {each.link.golden_id for each in members if each.is_active}
    if homes - goldens.keys() - {None}:
        raise Restart
    return Held(goldens, members)


def _judgements(entity: EntityType, record: SourceRecord) -> dict[int, JudgementValue]:
    if record.golden_id is None:
        return {}
    return {
        judgement.right_record_id if judgement.left_record_id == record.pk else judgement.left_record_id: JudgementValue(judgement.value)
        for judgement in judgements.standing(entity, [record.pk])
    }


@dataclass(frozen=True, slots=True)
class _Compared:
    """The members that a record was compared with, and what came of it."""

    members: Sequence[LinkedMember]
    scored: ScoredPairs
    outcomes: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found out about a record, and what is held to put it into effect."""

    entity: EntityType
    record: SourceRecord
    resolution: Resolution
    evidence: Sequence[PairEvidence]
    held: Held
    active: ActiveConfig


def _candidates(compared: _Compared, record: SourceRecord, locked: set[int], judged: Mapping[int, JudgementValue]) -> list[Candidate]:
    return [
        Candidate(
            row=row,
            record_id=each.member.record_id,
            golden_id=each.link.golden_id,
            outcome=int(compared.outcomes[row]),
            weight=float(compared.scored.weight[row]),
            vetoed=bool(compared.scored.vetoes[row]),
            locked=each.member.record_id in locked,
            same_source=each.member.source == record.source.code,
            judgement=judged.get(each.member.record_id),
        )
        for row, each in enumerate(compared.members)
        if each.link.golden_id is not None
    ]


def _take_effect(found: _Found, *, change: Change, unwritten: ChangeKind | None) -> MatchedRecord:
    entity, record, resolution = found.entity, found.record, found.resolution
    led = resolution.via.record_id if resolution.via else None
    via = next((each for each in found.evidence if led is not None and led in (each.left_record_id, each.right_record_id)), None)
    revived = None if resolution.golden_id else _left_alone(found)
    golden_id = resolution.golden_id or revived or new_canonical_id()
    link = via.link(other_record_id=led, config=found.active.version) if via and led is not None else {}
    membership = Membership(record.pk, golden_id, resolution.link_source, link, unwritten, sent=True)
    told = replace(change, config=found.active.version)
    golden.assign(entity, [membership], change=told, held=found.held, revive=revived)
    asked = [AskedPair(record.pk, question.candidate.record_id, question.kind) for question in resolution.questions]
    tasks = tuple(review_queue.ask(entity, asked, change=change)) if asked else _NOTHING
    evidence = via or (max(found.evidence, key=lambda each: each.weight, default=None) if tasks else None)
    return MatchedRecord(
        golden_id=golden_id,
        was_new=resolution.golden_id is None,
        linked=resolution.golden_id is not None,
        evidence=evidence,
        counterpart=_counterpart(found, evidence) if evidence else None,
        tasks=tasks,
        config=found.active,
    )


def _left_alone(found: _Found) -> UUID | None:
    """Give the golden record that the record was the last of when it was withdrawn, unless another answers for that: it comes back."""
    home = found.held.goldens.get(found.record.golden_id)
    return home["id"] if home and home["state"] == GoldenState.RETIRED and home["successor_id"] is None else None


def _counterpart(found: _Found, evidence: PairEvidence) -> SourceRecord | None:
    ids = {evidence.left_record_id, evidence.right_record_id} - {found.record.pk}
    others: list[dict[str, Any]] = [
        {"id": each.member.record_id, **each.member.values} for each in found.held.members if each.member.record_id in ids
    ]
    return found.entity.record(**others[0]) if others else None
