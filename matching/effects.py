"""What follows from what was found out about one record: where it goes, who goes with it, and what is asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from golden_records import bulk, golden
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden import Held, Membership
from golden_records.history import ChangeKind
from golden_records.models import GoldenState, LinkSource, SourceRecord
from golden_records.models.golden import new_canonical_id
from matching import review_queue
from matching.active_config import ActiveConfig
from matching.decisions import DecidedBy, PairEvidence, set_aside, write_decisions
from matching.known import Known, told_of
from matching.locks import MatchGuard
from matching.models import JudgementValue, ReviewTask
from matching.reconsidering import Standing, with_withdrawn
from matching.resolution import Resolution
from matching.review_queue import AskedPair

_NOTHING: Final[tuple[ReviewTask, ...]] = ()
_NO_LONGER: Final = "what held it in its golden record no longer does"


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


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about a record, and what is held to put it into effect.

    `no_longer` has the other records of pairs that were found before, and share no key with the record any more.
    """

    entity: EntityType
    record: SourceRecord
    resolution: Resolution
    evidence: Sequence[PairEvidence]
    held: Held
    active: ActiveConfig
    known: Known
    standing: Standing
    no_longer: Collection[int] = ()


def take_effect(found: Found, *, guard: MatchGuard, change: Change, unwritten: ChangeKind | None) -> MatchedRecord:
    """Put a record where it belongs, with everything that follows; see `matching.realtime.match_record`."""
    entity, record, resolution = found.entity, found.record, found.resolution
    via = _evidence_with(found, resolution.via.record_id) if resolution.via else None
    revived = None if resolution.golden_id else _left_alone(found)
    golden_id = resolution.golden_id or revived or new_canonical_id()
    told = replace(change, config=found.active.version, reason=_reason(found, change))
    own = Membership(record.pk, golden_id, *_link(found, golden_id, via), unwritten, sent=True)
    others = _others(found, golden_id)
    if others:
        guard.records(entity, [record.pk, *(each.record_id for each in others)])
    memberships = [own, *others]
    with bulk.without_waiting():
        _keep_evidence(found, change)
        golden.assign(entity, memberships, change=told, held=found.held, revive=revived)
    asked = [AskedPair(record.pk, question.candidate.record_id, question.kind) for question in resolution.questions]
    tasks = tuple(review_queue.ask(entity, asked, change=change)) if asked else _NOTHING
    if found.standing.leaving or _asked_otherwise(found):
        review_queue.realign(entity, {each.golden_id for each in memberships} | {record.golden_id} - {None}, change=told)
    review_queue.doubt(entity, [(each.left_record_id, each.right_record_id) for each in found.standing.doubts], change=told)
    evidence = via or (max(found.evidence, key=lambda each: each.weight, default=None) if tasks else None)
    was_new = golden_id not in found.held.goldens
    return MatchedRecord(
        golden_id=golden_id,
        was_new=was_new,
        linked=resolution.golden_id is not None and not was_new,
        evidence=evidence,
        counterpart=_counterpart(found, evidence) if evidence else None,
        tasks=tasks,
        config=found.active,
    )


def _keep_evidence(found: Found, change: Change) -> None:
    by = DecidedBy(found.active.id, None, change.at)
    write_decisions(found.entity, [*found.standing.doubts, *found.evidence], by)
    set_aside(found.entity, found.record.pk, found.no_longer, by=by)


def _evidence_with(found: Found, other: int) -> PairEvidence | None:
    return next((each for each in found.evidence if other in (each.left_record_id, each.right_record_id)), None)


def _link(found: Found, golden_id: UUID, via: PairEvidence | None) -> tuple[LinkSource, dict[str, Any]]:
    """Give who put the record there, and the evidence. What a person put somewhere stays a person's, as long as it is there."""
    record, led = found.record, found.resolution.via
    leaves_with_others = golden_id not in found.held.goldens and len(_part_of(found)) > 1
    if record.link_source == LinkSource.MANUAL and (golden_id == record.golden_id or leaves_with_others):
        return LinkSource.MANUAL, record.link
    if led is not None and led.judgement == JudgementValue.SAME and found.resolution.link_source == LinkSource.MANUAL:
        said = next(each for each in found.known.said if {each.left, each.right} == {record.pk, led.record_id})
        return LinkSource.MANUAL, {"judgement": said.judgement_id}
    link = via.link(other_record_id=led.record_id, config=found.active.version) if via and led else {}
    return found.resolution.link_source, link


def _part_of(found: Found) -> frozenset[int]:
    """Give the records that go where the record goes, if it goes: with withdrawn ones that people tied to it."""
    part = next((part for part in found.standing.leaving if found.record.pk in part), None)
    home = [each for each in found.held.members if each.link.golden_id and each.link.golden_id == found.record.golden_id]
    return part or with_withdrawn({found.record.pk}, home, found.known)


def _others(found: Found, golden_id: UUID) -> list[Membership]:
    """Say where other records of the golden record go, and through what those are linked now whose link no longer holds."""
    home_of = {record_id: home for part in found.standing.leaving for home in [new_canonical_id()] for record_id in part}
    if golden_id != found.record.golden_id:
        home_of |= dict.fromkeys(_part_of(found), golden_id)
    memberships = []
    for each in found.held.members:
        record_id, link = each.member.record_id, each.link
        is_looked_at = record_id in home_of or record_id in found.standing.links
        if record_id == found.record.pk or link.golden_id is None or link.golden_id != found.record.golden_id or not is_looked_at:
            continue
        evidence = found.standing.links.get(record_id)
        other = _other(evidence, record_id) if evidence else None
        stored = evidence.link(other_record_id=other, config=found.active.version) if evidence and other else {}
        kept = stored if record_id in found.standing.links else link.link
        by = LinkSource(link.link_source or LinkSource.AUTO)
        memberships.append(Membership(record_id, home_of.get(record_id, link.golden_id), by, kept, keeps_waiting=True))
    return memberships


def _other(evidence: PairEvidence, record_id: int) -> int:
    return evidence.right_record_id if evidence.left_record_id == record_id else evidence.left_record_id


def _asked_otherwise(found: Found) -> bool:
    """Whether open questions on the record rest on evidence that says something else now."""
    now = {_other(each, found.record.pk): told_of(each) for each in found.evidence}
    return any(now.get(other) != found.known.former.get(other) for other in found.known.asked)


def _reason(found: Found, change: Change) -> str:
    return f"{change.reason}: {_NO_LONGER}" if found.standing.leaving else change.reason


def _left_alone(found: Found) -> UUID | None:
    """Give the golden record that the record was the last of when it was withdrawn, unless another answers for that: it comes back."""
    home = found.held.goldens.get(found.record.golden_id)
    return home["id"] if home and home["state"] == GoldenState.RETIRED and home["successor_id"] is None else None


def _counterpart(found: Found, evidence: PairEvidence) -> SourceRecord | None:
    ids = {evidence.left_record_id, evidence.right_record_id} - {found.record.pk}
    others: list[dict[str, Any]] = [
        {"id": each.member.record_id, **each.member.values} for each in found.held.members if each.member.record_id in ids
    ]
    return found.entity.record(**others[0]) if others else None
