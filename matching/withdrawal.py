"""The use case of a source that no longer has a record: withdrawn in one transaction, with all that follows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from golden_records import golden, outbox, sources
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import UnknownSourceRecord
from golden_records.models import EventType, SourceRecord
from golden_records.outbox import Event
from matching import review_queue
from matching.keys import drop_keys, own_keys
from matching.locks import MatchGuard, Restart, in_transaction


def withdraw_source_record(
    entity: EntityType, *, source: str, external_id: str, withdrawn_at: datetime | None, change: Change
) -> SourceRecord:
    """Take a record out of its golden record, which is rebuilt without it, or retired when it was the last; gives the record as it is.

    It stays as a tombstone and keeps its canonical id; judgements on it still bind, and questions about it are obsolete or asked
    through others. A record that is withdrawn already stays as it is, and so does one that its source changed after
    `withdrawn_at`, by the source's own time. One that was never sent leaves a tombstone all the same: what the source said of it
    before may be on its way. Raises `UnknownSource`, and `Busy` when it can't be had in time.
    """

    def work(guard: MatchGuard) -> SourceRecord:
        guard.enter(entity, identity=(source, external_id))
        try:
            seen = sources.held_record(entity, source=source, external_id=external_id)
        except UnknownSourceRecord:
            return _tombstone(entity, source=source, external_id=external_id, withdrawn_at=withdrawn_at, change=change)
        # Whoever looks for candidates under its keys must see it as it was, or as it is afterwards.
        guard.keys(entity, own_keys(entity, seen.pk))
        goldens = guard.goldens(entity, record_ids=[seen.pk])
        now = guard.records(entity, {seen.pk, *review_queue.neighbours(entity, goldens)})[seen.pk]
        if (now.version, now.golden_id) != (seen.version, seen.golden_id) or now.golden_id not in {None, *goldens}:
            raise Restart
        if sources.withdraw(entity, seen, withdrawn_at=withdrawn_at, change=change):
            drop_keys(entity, seen.pk)
            rebuilt = golden.rebuild(entity, goldens, change=change)
            _tell(entity, seen, source, {key: row["version"] + (key in rebuilt) for key, row in goldens.items()}, change)
            review_queue.realign(entity, goldens, change=change)
        return seen

    return in_transaction(work)


def _tombstone(entity: EntityType, **told: Any) -> SourceRecord:
    record = sources.keep_tombstone(entity, **told)
    if record is None:
        # A bulk load, which takes no lock on the record, wrote it since it was looked for.
        raise Restart
    return record


def _tell(entity: EntityType, record: SourceRecord, source: str, versions: Mapping[UUID, int], change: Change) -> None:
    told: dict[str, Any] = {"source": source, "external_id": record.external_id, "caused_by": source}
    events = [Event(entity.name, EventType.WITHDRAWN, golden_id, version, **told) for golden_id, version in versions.items()]
    outbox.publish(events, change=change)
