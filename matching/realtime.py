"""Matching one record in the transaction that stores it: candidates under locked keys, scores, resolution, effects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from golden_records import golden
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden import Membership
from golden_records.models import MatchState, SourceRecord
from golden_records.models.golden import new_canonical_id
from matching import judgements, review_queue
from matching.active_config import ActiveConfig, active_config
from matching.core.blocking import BlockingKeys, blocking_keys
from matching.core.decide import Outcome, decide
from matching.core.prepare import prepare
from matching.core.score import ScoredPairs, score_pairs
from matching.decisions import DecidedBy, PairEvidence, evidence_of, write_decisions
from matching.keys import candidates, replace_keys, stored_keys
from matching.locks import MatchGuard, Restart
from matching.models import JudgementValue, ReviewTask
from matching.resolution import Candidate, Resolution, resolve
from matching.review_queue import AskedPair
from matching.tables import active_records, attribute_table

_NOTHING: Final[tuple[ReviewTask, ...]] = ()


@dataclass(frozen=True, slots=True)
class MatchedRecord:
    """Where a record went, through which evidence, and which questions it raised."""

    golden_id: UUID
    was_new: bool
    linked: bool
    evidence: PairEvidence | None
    tasks: tuple[ReviewTask, ...]
    config: ActiveConfig


def match_record(entity: EntityType, record: SourceRecord, *, guard: MatchGuard, change: Change) -> MatchedRecord:
    """Find out whose the record is, and put it there, with everything that follows. The caller owns the transaction.

    Raises `Restart` when a candidate moved while its golden record was being locked.
    """
    active = active_config(entity)
    own = prepare(attribute_table(entity, active_records(entity).filter(pk=record.pk)), active.config)
    found, locked_keys = _candidate_ids(entity, record, blocking_keys(own, active.config), active, guard)
    members = _locked_members(entity, record, found, guard)
    theirs = prepare(members, active.config)
    scored = score_pairs(own, theirs, np.zeros(theirs.size, np.int32), np.arange(theirs.size, dtype=np.int32), active.model)
    outcomes = decide(scored, active.model)
    judged = _judgements(entity, record)
    compared = _Compared(members, scored, outcomes, record.source.code)
    resolution = resolve(_candidates(compared, found & locked_keys, judged), current=record.golden_id)
    evidence = [
        evidence_of(scored, row, outcomes, (record.pk, other), active.model)
        for row, other in enumerate(members["id"].to_pylist())
        if outcomes[row] != Outcome.NO_MATCH or (other in found and scored.vetoes[row])
    ]
    return _take_effect(entity, record, resolution, evidence, active=active, change=change)


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
    return match_record(entity, record, guard=guard, change=change) if record else None


def _candidate_ids(
    entity: EntityType, record: SourceRecord, keys: BlockingKeys, active: ActiveConfig, guard: MatchGuard
) -> tuple[set[int], set[int]]:
    """Give the records that share a key with this one, and those of them that share one which may match without a person."""
    pairs = {(int(rule), int(key)) for rule, key in zip(keys.rule, keys.key, strict=True)}
    old = stored_keys(entity, record.pk) if record.golden_id or record.version > 1 else {}
    guard.keys(entity, {key for _, key in pairs | old.keys()})
    replace_keys(entity, record.pk, old=old, new=pairs)
    rules = active.config.blocking
    sharing = candidates(entity, record.pk, sorted(pairs), limits=[rule.limit for rule in rules])
    locked = {other for other, by in sharing.items() if any(rules[number].locked for number in by)}
    return set(sharing), locked


def _locked_members(entity: EntityType, record: SourceRecord, found: set[int], guard: MatchGuard) -> pa.Table:
    """Give every member of every golden record that a candidate belongs to, with those golden records locked."""
    goldens = dict(active_records(entity).filter(id__in=found, golden_id__isnull=False).values_list("id", "golden_id"))
    ids = set(goldens.values()) | ({record.golden_id} if record.golden_id else set())
    guard.goldens(entity, ids)
    members = attribute_table(entity, active_records(entity).filter(golden_id__in=ids).exclude(pk=record.pk), extra=("golden_id",))
    now = dict(zip(members["id"].to_pylist(), members["golden_id"].to_pylist(), strict=True))
    if any(now.get(record_id) != str(golden_id) for record_id, golden_id in goldens.items()):
        raise Restart
    return members


def _judgements(entity: EntityType, record: SourceRecord) -> dict[int, JudgementValue]:
    if record.golden_id is None:
        return {}
    return {
        judgement.right_record_id if judgement.left_record_id == record.pk else judgement.left_record_id: JudgementValue(judgement.value)
        for judgement in judgements.standing(entity, [record.pk])
    }


@dataclass(frozen=True, slots=True)
class _Compared:
    """The members that a record was compared with, what came of it, and the source that sent the record."""

    members: pa.Table
    scored: ScoredPairs
    outcomes: NDArray[np.int8]
    source: str


def _candidates(compared: _Compared, locked: set[int], judged: Mapping[int, JudgementValue]) -> list[Candidate]:
    told = compared.members.select(["id", "golden_id", "source"]).to_pylist()
    return [
        Candidate(
            row=row,
            record_id=member["id"],
            golden_id=UUID(member["golden_id"]),
            outcome=int(compared.outcomes[row]),
            weight=float(compared.scored.weight[row]),
            vetoed=bool(compared.scored.vetoes[row]),
            locked=member["id"] in locked,
            same_source=member["source"] == compared.source,
            judgement=judged.get(member["id"]),
        )
        for row, member in enumerate(told)
    ]


def _take_effect(
    entity: EntityType,
    record: SourceRecord,
    resolution: Resolution,
    evidence: list[PairEvidence],
    *,
    active: ActiveConfig,
    change: Change,
) -> MatchedRecord:
    write_decisions(entity, evidence, DecidedBy(active.id, None, change.at))
    via = next((e for e in evidence if resolution.via and resolution.via.record_id in (e.left_record_id, e.right_record_id)), None)
    golden_id = resolution.golden_id or new_canonical_id()
    link = via.link(other_record_id=resolution.via.record_id, config=active.version) if via and resolution.via else {}
    golden.assign(entity, [Membership(record.pk, golden_id, resolution.link_source, link)], change=change)
    asked = [AskedPair(record.pk, question.candidate.record_id, question.kind) for question in resolution.questions]
    tasks = review_queue.ask(entity, asked, change=change) if asked else _NOTHING
    return MatchedRecord(
        golden_id=golden_id,
        was_new=resolution.golden_id is None,
        linked=resolution.golden_id is not None,
        evidence=via or _strongest(evidence, tasks),
        tasks=tuple(tasks),
        config=active,
    )


def _strongest(evidence: list[PairEvidence], tasks: "tuple[ReviewTask, ...] | list[ReviewTask]") -> PairEvidence | None:
    return max(evidence, key=lambda e: e.weight, default=None) if tasks else None
