"""What the stories about webhooks are made of: events in the feed, endpoints that listen, and a courier without patience."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from golden_records import outbox, sealing
from golden_records.models import EventType, WebhookProgress
from golden_records.outbox import Event
from golden_records.webhooks import subscriptions
from golden_records.webhooks.addresses import AddressPolicy
from golden_records.webhooks.delivering import Courier, Left, deliver
from golden_records.webhooks.retrying import Patience
from golden_records.webhooks.subscriptions import Subscribed, Terms
from tests.factories import a_change
from tests.golden_records.webhooks.receiver import ALLOWED, Received, Receiver

AT_ONCE = Patience(first=timedelta(0), longest=timedelta(0))
COURIER = Courier(policy=AddressPolicy(allowed=(ip_network(f"{ALLOWED}/32"),)), patience=AT_ONCE, seconds=60.0, seconds_per_message=5.0)
AN_UPDATE = Event(
    entity="customer",
    type=EventType.UPDATED,
    golden_id=UUID(int=7),
    golden_version=2,
    attributes=("city", "phone"),
    before=("Lyon", "+33 1 canary"),
    after=("Paris", "+33 2 canary"),
)


def happened(*events: Event) -> None:
    """Events come into the feed."""
    with transaction.atomic():
        outbox.publish(events, change=a_change())
    sealing.seal()


def many(count: int) -> Sequence[Event]:
    """As many updates, each of another golden record."""
    return [replace(AN_UPDATE, golden_id=uuid4()) for _ in range(count)]


def endpoint(receiver: Receiver, **terms: Any) -> Subscribed:
    """A receiver subscribes to what comes from now on."""
    return subscriptions.subscribe(Terms(**({"name": "endpoint", "url": receiver.url} | terms)), position=outbox.head(), change=a_change())


def delivered(subscribed: Subscribed, *, by: Courier = COURIER) -> Left:
    """Deliver in one turn."""
    return deliver(subscribed.subscription.pk, by=by)


def delivered_in_turns(subscribed: Subscribed, *, by: Courier = COURIER, turns: int = 10_000) -> None:
    """Deliver turn after turn until nothing is left."""
    for _ in range(turns):
        if deliver(subscribed.subscription.pk, by=by) is Left.NOTHING:
            return
    message = "there is always more"
    raise AssertionError(message)


def progress_of(subscribed: Subscribed) -> WebhookProgress:
    """How far the endpoint has heard."""
    return WebhookProgress.objects.get(pk=subscribed.subscription.pk)


def envelope(message: Received) -> dict[str, Any]:
    """Read a message."""
    found: dict[str, Any] = json.loads(message.body)
    return found


def places(receiver: Receiver) -> list[int]:
    """The places in the feed of the messages, in the order in which they came."""
    return [envelope(message)["data"]["seq"] for message in receiver.received]
