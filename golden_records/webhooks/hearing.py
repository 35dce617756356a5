"""Which events a subscription hears of."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from golden_records.entities import ENTITIES
from golden_records.models import ChangeEvent, EventType, RecordState, WebhookSubscription


def heard(events: Sequence[ChangeEvent], subscription: WebhookSubscription) -> Sequence[ChangeEvent]:
    """Give those events that the subscription asks for, in their order, without the echo of its own system's writes.

    With sources, an event is heard where it tells of a record of one of them, where one of them caused it, or where the golden
    record or its successor holds a record of one of them; an erasure is heard always: nobody knows any more whose records those were.
    At most one statement for each entity type.
    """
    wanted = [event for event in events if _is_asked_for(event, subscription) and not is_echo(event, subscription)]
    if not subscription.sources:
        return wanted
    concerned = _holding_records_of(wanted, subscription.sources)
    return [event for event in wanted if _is_of(event, subscription.sources) or concerned & _goldens(event)]


def is_echo(event: ChangeEvent, subscription: WebhookSubscription) -> bool:
    """Whether an event only tells the subscription's own system what it has just sent.

    It does not where the golden record differs from what the system sent: in an attribute that the event tells of, or, where the
    event names none, in any.
    """
    if subscription.system is None or event.caused_by != subscription.system.code:
        return False
    differing = set(event.differing or ())
    return not (differing & set(event.attributes) if event.attributes else differing)


def _is_asked_for(event: ChangeEvent, subscription: WebhookSubscription) -> bool:
    by_type = not subscription.event_types or event.type in subscription.event_types
    return by_type and (not subscription.entities or event.entity in subscription.entities)


def _is_of(event: ChangeEvent, sources: Sequence[str]) -> bool:
    return event.type == EventType.ERASED or not {event.source, event.caused_by}.isdisjoint(sources)


def _goldens(event: ChangeEvent) -> set[UUID]:
    return {event.golden_id, *(UUID(successor) for successor in event.successor_ids or ())}


def _holding_records_of(events: Iterable[ChangeEvent], sources: Sequence[str]) -> set[UUID]:
    asked: Mapping[str, set[UUID]] = {name: set() for name in ENTITIES}
    for event in events:
        asked[event.entity] |= _goldens(event)
    found: set[UUID] = set()
    for name, golden_ids in asked.items():
        if golden_ids:
            records = ENTITIES[name].records.filter(golden_id__in=golden_ids, source__code__in=sources, state=RecordState.ACTIVE)
            found |= set(records.values_list("golden_id", flat=True))
    return found
