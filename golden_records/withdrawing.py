"""Source records that their sources no longer have: withdrawn, kept as tombstones, and what is told of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from golden_records import bulk
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import UnknownSourceRecord
from golden_records.history import ChangeKind, history_of
from golden_records.models import RecordState, SourceRecord
from golden_records.recency import is_late_withdrawal
from golden_records.source_systems import source_system
from golden_records.tombstones import refuse_erased

_WITHDRAWN: Final = ("state", "source_updated_at", "updated_at", "version", "linked_at")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """When a record was withdrawn, by our clock, who did it, and why."""

    at: datetime
    by: str
    reason: str


def held_record(entity: EntityType, *, source: str, external_id: str) -> SourceRecord:
    """Read a source record; raises `UnknownSourceRecord`. One statement."""
    records: Any = entity.record._default_manager
    found = records.filter(source__code=source, external_id=external_id).order_by().first()
    if found is None:
        message = f"'{source}' has sent no {entity.name} '{external_id}'."
        raise UnknownSourceRecord(message, remedy="Nothing is to be withdrawn.", source=source, external_id=external_id)
    record: SourceRecord = found
    return record


def keep_tombstone(
    entity: EntityType, *, source: str, external_id: str, withdrawn_at: datetime | None, change: Change
) -> SourceRecord | None:
    """Keep that a source withdrew a record that it never sent, so that what it sent before and comes late does not bring it back.

    The record says nothing, belongs to no golden record and is not matched. None where a record is there, which
    somebody wrote since the caller looked. Raises `UnknownSource`, and `Erased` for one that was erased: of that nothing is kept again.
    """
    refuse_erased(entity, source, external_id)
    moments = {"received_at": change.at, "updated_at": change.at, "source_updated_at": withdrawn_at}
    sent_nothing: dict[str, Any] = {"payload": {}, "fingerprint": "", "state": RecordState.WITHDRAWN}
    tombstone = entity.record(source=source_system(source), external_id=external_id, **moments, **sent_nothing)
    history = history_of(entity.record, change=change, kind=ChangeKind.CREATED)
    written = bulk.insert(entity.record, [vars(tombstone)], returning=("id",), or_ignore=True, copy_to=history)
    if not written:
        return None
    ((tombstone.pk,),) = written
    return tombstone


def withdraw(entity: EntityType, record: SourceRecord, *, withdrawn_at: datetime | None, change: Change) -> bool:
    """Mark a record, which the caller has locked, as withdrawn; says whether that takes it out of its golden record.

    It keeps all that it said and its golden record, though its link has ended; survivorship and matching leave it out.
    `withdrawn_at` is the source's own time: a withdrawal older than what is held changes nothing, and one of a withdrawn
    record only moves that time on. Whoever calls rebuilds the golden record.
    """
    if is_late_withdrawal(record, withdrawn_at=withdrawn_at):
        return False
    was_active = record.state == RecordState.ACTIVE
    moved_on = withdrawn_at is not None and withdrawn_at != record.source_updated_at
    if not was_active and not moved_on:
        return False
    if was_active:
        record.state, record.updated_at, record.version = RecordState.WITHDRAWN, change.at, record.version + 1
        record.linked_at = None
    record.source_updated_at = withdrawn_at or record.source_updated_at
    history = history_of(entity.record, change=change, kind=ChangeKind.CHANGED)
    bulk.update(entity.record, [vars(record)], columns=_WITHDRAWN, copy_to=history)
    return was_active


def withdrawal_of(entity: EntityType, record_id: int) -> Withdrawal | None:
    """Tell when and by whom a record was withdrawn; None for one that its source still has. One statement."""
    history: Any = entity.record
    entries = history.history.filter(id=record_id).order_by("-history_id")
    found = None
    for state, at, actor, reason in entries.values_list("state", "updated_at", "actor", "history_change_reason"):
        if state != RecordState.WITHDRAWN:
            break
        found = Withdrawal(at, actor, reason or "")
    return found
