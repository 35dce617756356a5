"""Change events: published in the transaction of the change, and read in the order of the feed once they are sealed.

Writers make `Event`s and hand them to `publish`, or let them be inserted by a statement that they need anyway (`beside`). Readers go on
from the last place that they have dealt with:

    page = outbox.sealed_after(seq, limit=500, filters=Filters(entity="customer"))
    for event in page.events: ...         # event.seal.seq is its place
    seq = page.seq                        # go on from here, also where nothing passed the filters

What is sealed never changes its place, nothing is put before it later, and no place is left out. A reader that keeps `seq` in the
transaction of what it does with the events sees each of them exactly once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from secrets import token_hex
from typing import Any, Final
from uuid import UUID

from django.db.models import Max, Q

from golden_records import bulk
from golden_records.change import Change
from golden_records.doorbell import ring_at_commit
from golden_records.models import ChangeEvent, EventType, Seal, UnsealedEvent

_SALT_BYTES: Final = 16
# A reader whose filters let hardly anything through goes on in steps of this many places, so that no page costs more than that.
WINDOW: Final = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """What is to be told of one golden record; the columns of `ChangeEvent`, whose docstring says what they mean."""

    entity: str
    type: EventType
    golden_id: UUID
    golden_version: int
    attributes: Sequence[str] = ()
    before: Sequence[Any] | None = None
    after: Sequence[Any] | None = None
    source: str | None = None
    external_id: str | None = None
    successor_ids: Sequence[UUID] = ()
    caused_by: str | None = None
    differing: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events a reader wants; None lets all through.

    `source` is that of the source record, or the one whose write it was; erasures pass with any.
    """

    entity: str | None = None
    types: frozenset[str] | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Sealed events in the order of the feed; `seq` is where to go on, `is_last` whether nothing more was sealed then."""

    events: Sequence[ChangeEvent]
    seq: int
    is_last: bool


EVERYTHING: Final = Filters()


def publish(events: Sequence[Event], *, change: Change) -> None:
    """Write events, unsealed, in the caller's transaction, which holds the locks of their golden records."""
    if events:
        bulk.insert_noted(beside(events, change=change))


def beside(events: Iterable[Event], *, change: Change) -> bulk.Beside:
    """Give events as rows that come with another statement of the same transaction: see `bulk.Beside`."""
    rows = [_row(event, change) for event in events]
    if rows:
        ring_at_commit()
    return bulk.Beside(ChangeEvent, rows, noted=UnsealedEvent)


def head() -> int:
    """Give the greatest place of the feed; 0 where nothing was ever sealed."""
    return Seal.objects.aggregate(last=Max("seq"))["last"] or 0


def sealed_after(seq: int, *, limit: int, filters: Filters = EVERYTHING) -> FeedPage:
    """Give up to `limit` sealed events after a place, with their seals. Two statements at most, one where nothing is new."""
    last = head()
    end = min(last, seq + WINDOW)
    if end <= seq:
        return FeedPage((), seq, is_last=True)
    events = ChangeEvent.objects.filter(seal__seq__gt=seq, seal__seq__lte=end).select_related("seal")
    found = list(_filtered(events, filters).order_by("seal__seq")[:limit])
    reached = found[-1].seal.seq if len(found) == limit else end
    return FeedPage(found, reached, is_last=reached == last)


def _filtered(events: Any, filters: Filters) -> Any:
    if filters.entity is not None:
        events = events.filter(entity=filters.entity)
    if filters.types is not None:
        events = events.filter(type__in=filters.types)
    if filters.source is not None:
        # An erasure is everybody's: nobody knows any more whose records those were.
        events = events.filter(Q(source=filters.source) | Q(caused_by=filters.source) | Q(type=EventType.ERASED))
    return events


def _row(event: Event, change: Change) -> dict[str, Any]:
    return {
        "entity": event.entity,
        "type": event.type.value,
        "golden_id": event.golden_id,
        "golden_version": event.golden_version,
        "attributes": list(event.attributes) or None,
        "before": _told(event.before),
        "after": _told(event.after),
        "source": event.source,
        "external_id": event.external_id,
        "successor_ids": [str(successor) for successor in event.successor_ids] or None,
        "caused_by": event.caused_by,
        "differing": list(event.differing) or None,
        "actor": change.actor,
        "reason": change.reason,
        "correlation_id": change.correlation_id,
        "config": change.config,
        "at": change.at,
        "salt": token_hex(_SALT_BYTES),
    }


def _told(values: Sequence[Any] | None) -> list[Any] | None:
    """Give values as JSON has them, and as the API tells them."""
    if values is None:
        return None
    return [value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value for value in values]
