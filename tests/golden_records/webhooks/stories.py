"""What the stories about webhooks are made of: events in the feed, endpoints that listen, and a courier without patience."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from golden_records import outbox, sealing
from golden_records.models import EventType, WebhookProgress
from golden_records.outbox import Event
from golden_records.webhooks import subscriptions
from golden_records.webhooks.addresses import AddressPolicy
from golden_records.webhooks.delivering import Courier, Left, deliver
from golden_records.webhooks.retrying import Patience
from golden_records.webhooks.subscriptions import Subscribed, Terms
from tests.factories import a_change
from tests.golden_records.webhooks.receiver import ALLOWED, Received, Receiver, Reply, hangs_up, replies

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


def _seq(message: Received) -> int:
    place: int = envelope(message)["data"]["seq"]
    return place


def refuses(seq: int, status: int = 422) -> Reply:
    """Refuse the event at one place of the feed, and take all others."""

    def reply(message: Received, handler: BaseHTTPRequestHandler) -> None:
        replies(status if _seq(message) == seq else 204)(message, handler)

    return reply


def troubled(slow_for: float, *, rarely: int = 1) -> Reply:
    """Answer 500, hang up, and sleep, in turn, among answers that are fine."""
    number = count()

    def reply(message: Received, handler: BaseHTTPRequestHandler) -> None:
        turn = next(number)
        if turn % (7 * rarely) == 3:
            return replies(500)(message, handler)
        if turn % (11 * rarely) == 5:
            return hangs_up(message, handler)
        if turn % (41 * rarely) == 20:
            time.sleep(slow_for)
        return replies(204)(message, handler)

    return reply


def seen_in_order(receiver: Receiver, events: int) -> bool:
    """Whether all were seen, and each for the first time only after those before it."""
    return list(dict.fromkeys(places(receiver))) == list(range(1, events + 1))


def an_hour_passes() -> None:
    """Every pause and every lease is over."""
    WebhookProgress.objects.update(next_try_at=timezone.now() - timedelta(seconds=1), lease_until=None)
