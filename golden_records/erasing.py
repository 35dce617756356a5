"""Emptying golden records, source records and what was told of them, so that no value is left and all that must hold still does.

Rows stay, as they do in history, and say what happened and when; what they said of a person is gone. Of a golden record that goes on
and had one of the records once, what came from that record is gone too.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from golden_records import bulk, outbox
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.history import ChangeKind, history_of
from golden_records.locking import CONTENT
from golden_records.models import (
    ChangeEvent,
    EmptiedEvent,
    Erasure,
    EventType,
    GoldenState,
    MatchState,
    MergeReceipt,
    MoveReceipt,
    RecordState,
    WhenSentAgain,
)
from golden_records.outbox import Event
from golden_records.privacy import Erasing, KnownRecord, Subject, holders
from golden_records.tombstones import tombstone_of

EMPTIED_EVENT: Final[Mapping[str, None]] = {"before": None, "after": None, "external_id": None, "reason": None, "salt": None}
SAYS_SOMETHING: Final = reduce(or_, (Q(**{f"{name}__isnull": False}) for name in EMPTIED_EVENT))
"""Of an event: not only its salt is asked, since one that lost its reason and its salt may still have values."""

EMPTIED_RECORD: Final[Mapping[str, Any]] = {
    "payload": {},
    "problems": [],
    "sent_empty": None,
    "fingerprint": "",
    "source_updated_at": None,
    "link": {},
}
RECEIPTS: Final[Mapping[Any, tuple[str, str]]] = {MergeReceipt: ("survivor_id", "absorbed_id"), MoveReceipt: ("from_id", "to_id")}
"""What people merged, split and moved, and which columns name the two golden records."""

EMPTIED_GOLDEN: Final[Mapping[str, Any]] = {"lineage": {}, "completeness": 0.0, "member_count": 0, "pins": None, "due_on": None}


def carry_out(subject: Subject, *, when_sent_again: WhenSentAgain, change: Change) -> Erasure:
    """Have every holder erase what it holds of a subject, tell of it in the feed, and enter it in the register of erasures.

    The caller owns the transaction, and holds the locks of the subject's golden records, former ones among them, and source records.
    """
    erasure = Erasure.objects.create(
        entity=subject.entity.name,
        golden_id=subject.golden_id,
        other_ids=[str(each) for each in subject.golden_ids if each != subject.golden_id],
        when_sent_again=when_sent_again,
        actor=change.actor,
        user_id=change.user_id,
        reason=change.reason,
        correlation_id=change.correlation_id,
        at=change.at,
    )
    erasing = Erasing(change, when_sent_again, erasure.pk)
    erasure.counts = {holder.name: holder.erase(subject, erasing) for holder in holders()}
    erasure.save(update_fields=["counts"])
    return erasure


def empty_events(subject: Subject, erasing: Erasing) -> int:
    """Empty what was told of the subject's golden records so far: the chain holds by the digests, and the order and the kinds stay."""
    del erasing
    told = ChangeEvent.objects.filter(SAYS_SOMETHING, golden_id__in=subject.golden_ids)
    return told.update(**EMPTIED_EVENT)


def empty_goldens(subject: Subject, erasing: Erasing) -> int:
    """Empty the golden records and their histories, tell of the erasure, and forget what others had from the records."""
    entity, change = subject.entity, erasing.change
    nothing: dict[str, Any] = {**dict.fromkeys(entity.attribute_names), **EMPTIED_GOLDEN}
    emptied: int = _history(entity.golden).filter(id__in=subject.golden_ids).update(**nothing, history_change_reason=None)
    versions = entity.goldens.filter(pk__in=subject.golden_ids).order_by("pk").values_list("pk", "version")
    gone: dict[str, Any] = {"state": GoldenState.ERASED, "updated_at": change.at, **EMPTIED_GOLDEN}
    rows = [{"id": golden_id, "version": version + 1, **gone} for golden_id, version in versions]
    events = [Event(entity.name, EventType.ERASED, row["id"], row["version"]) for row in rows]
    bulk.update(
        entity.golden,
        rows,
        columns=(*entity.attribute_names, *CONTENT, "version", "updated_at"),
        copy_to=history_of(entity.golden, change=change, kind=ChangeKind.CHANGED),
        beside=outbox.beside(events, change=change),
    )
    return emptied + len(rows) + _forget_in_others(subject, erasing)


def empty_records(subject: Subject, erasing: Erasing) -> int:
    """Empty the source records and their histories; of each its tombstone is left."""
    entity, change = subject.entity, erasing.change
    nothing: dict[str, Any] = {**dict.fromkeys(entity.attribute_names), **EMPTIED_RECORD}
    emptied = 0
    for record in subject.records:
        told = {"external_id": _tombstone(entity, record, erasing.when_sent_again), "history_change_reason": None}
        emptied += _history(entity.record).filter(id=record.id).update(**nothing, **told)
    gone: dict[str, Any] = {"state": RecordState.ERASED, "match_state": MatchState.MATCHED, "updated_at": change.at, **EMPTIED_RECORD}
    rows = [
        {"id": each.id, "version": each.version + 1, "external_id": _tombstone(entity, each, erasing.when_sent_again), **gone}
        for each in subject.records
    ]
    columns = (*entity.attribute_names, *gone, "external_id", "version", "link_source", "linked_at")
    bulk.update(entity.record, rows, columns=columns, copy_to=history_of(entity.record, change=change, kind=ChangeKind.CHANGED))
    return emptied + len(rows)


def make_room(subject: Subject, when_sent_again: WhenSentAgain) -> None:
    """Give the tombstones of records that were erased before and came again other names: theirs are needed. Theirs are never looked for."""
    entity = subject.entity
    names = {_tombstone(entity, record, when_sent_again) for record in subject.records}
    for record_id, name in entity.records.filter(external_id__any=names).order_by("id").values_list("id", "external_id"):
        other = f"{name}:{record_id}"
        entity.records.filter(pk=record_id).update(external_id=other)
        _history(entity.record).filter(id=record_id).update(external_id=other)


def empty_receipts(subject: Subject, erasing: Erasing) -> int:
    """Empty the reasons of the merges, splits and moves in which the subject's golden records took part, which are people's words."""
    del erasing
    return sum(_empty_reasons(model, receipts_of(model, subject.golden_ids).filter(entity=subject.entity.name)) for model in RECEIPTS)


def receipts_of(model: Any, golden_ids: Collection[UUID]) -> Any:
    """Find the receipts of one kind in which one of these golden records took part."""
    one, other = RECEIPTS[model]
    return model.objects.filter(Q(**{f"{one}__any": golden_ids}) | Q(**{f"{other}__any": golden_ids}))


def forget_words(entity: EntityType, golden_ids: Collection[UUID], correlation_ids: Collection[str], erasing: Erasing) -> int:
    """Empty the reasons of these changes, where golden records that go on were part of them: a person's words on somebody erased."""
    if not correlation_ids:
        return 0
    of_changes: dict[str, Any] = {"correlation_id__in": correlation_ids}
    told = ChangeEvent.objects.filter(golden_id__in=golden_ids, salt__isnull=False, **of_changes).exclude(type=EventType.ERASED)
    emptied = _note_emptied(told, erasing)
    ChangeEvent.objects.filter(pk__in=emptied).update(reason=None, salt=None)
    records = entity.records.filter(golden_id__in=golden_ids).values("id")
    histories = (_history(entity.golden).filter(id__in=golden_ids), _history(entity.record).filter(id__in=records))
    entries: int = sum(history.filter(**of_changes).update(history_change_reason=None) for history in histories)
    told_by = {model: _history(model).filter(**of_changes).values("id") for model in RECEIPTS}
    return len(emptied) + entries + sum(_empty_reasons(model, model.objects.filter(pk__in=ids)) for model, ids in told_by.items())


def _forget_in_others(subject: Subject, erasing: Erasing) -> int:
    """Take out of golden records that go on what came from the records while they were there, out of their histories and what was told."""
    entity, ids = subject.entity, set(subject.record_ids)
    versions: dict[UUID, set[int]] = {}
    entries = _history(entity.golden).filter(id__in=subject.former_ids).order_by("history_id")
    for key, golden_id, version, lineage in entries.values_list("history_id", "id", "version", "lineage"):
        kept = _not_from(lineage, ids)
        if len(kept) < len(lineage):
            versions.setdefault(golden_id, set()).update((version, version + 1))
            _history(entity.golden).filter(pk=key).update(**dict.fromkeys(lineage.keys() - kept.keys()), lineage=kept)
    # One that is retired keeps the values that it had.
    for golden_id, lineage in entity.goldens.filter(pk__in=subject.former_ids).values_list("pk", "lineage"):
        kept = _not_from(lineage, ids)
        if len(kept) < len(lineage):
            entity.goldens.filter(pk=golden_id).update(**dict.fromkeys(lineage.keys() - kept.keys()), lineage=kept)
    return len(versions) + _empty_told(subject, versions, erasing)


def _empty_told(subject: Subject, versions: Mapping[UUID, set[int]], erasing: Erasing) -> int:
    """Empty what was told of others with values of the records, or that the records came and went; and tell anew how those are now."""
    told = ChangeEvent.objects.filter(SAYS_SOMETHING, golden_id__in=subject.former_ids).exclude(type=EventType.ERASED)
    with_values = told.filter(Q(before__isnull=False) | Q(after__isnull=False))
    emptied: set[int] = set()
    for golden_id, numbers in versions.items():
        emptied |= _note_emptied(with_values.filter(golden_id=golden_id, golden_version__in=numbers), erasing)
    for record in subject.records:
        emptied |= _note_emptied(told.filter(source=record.source, external_id=record.external_id), erasing)
    ChangeEvent.objects.filter(pk__in=emptied).update(**EMPTIED_EVENT)
    _tell_anew(subject.entity, versions, erasing.change)
    return len(emptied)


def _tell_anew(entity: EntityType, golden_ids: Iterable[UUID], change: Change) -> None:
    """Tell golden records whole: who reads the feed from its beginning must not miss what stood in the events that are empty now."""
    names = entity.attribute_names
    standing = entity.goldens.filter(pk__in=list(golden_ids), state=GoldenState.ACTIVE).order_by("pk")
    events = [
        Event(entity.name, EventType.UPDATED, golden_id, version, attributes=names, after=values)
        for golden_id, version, *values in standing.values_list("pk", "version", *names)
    ]
    outbox.publish(events, change=change)


def _note_emptied(events: Any, erasing: Erasing) -> set[int]:
    """Note that events of golden records that go on are emptied: who verifies the chain asks. Gives their ids."""
    ids = set(events.values_list("pk", flat=True))
    EmptiedEvent.objects.bulk_create(
        [EmptiedEvent(event_id=pk, erasure_id=erasing.erasure_id) for pk in sorted(ids)], ignore_conflicts=True
    )
    return ids


def _empty_reasons(model: Any, receipts: Any) -> int:
    ids = list(receipts.values_list("pk", flat=True))
    _history(model).filter(id__in=ids).update(reason="", history_change_reason=None)
    emptied: int = model.objects.filter(pk__in=ids).update(reason="")
    return emptied


def _not_from(lineage: Mapping[str, Mapping[str, Any]], record_ids: set[int]) -> dict[str, Mapping[str, Any]]:
    return {name: winner for name, winner in lineage.items() if winner["record"] not in record_ids}


def _tombstone(entity: EntityType, record: KnownRecord, when_sent_again: WhenSentAgain) -> str:
    return tombstone_of(entity, (record.source, record.external_id), when_sent_again)


def _history(model: Any) -> Any:
    return model.history.model.objects
