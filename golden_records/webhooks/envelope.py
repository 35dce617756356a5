"""The message that is sent: a CloudEvents 1.0 envelope in structured mode, thin unless the subscription may see values."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.conf import settings
from django.utils import timezone

from golden_records.models import ChangeEvent, Seal, WebhookSubscription

CONTENT_TYPE: Final = "application/cloudevents+json"
TEST: Final = "mdm.test"
_ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Made twice of one event it is the same, id included: a receiver that knows the id has seen it."""

    id: str
    type: str
    subject: str
    body: bytes


def message_of(event: ChangeEvent, subscription: WebhookSubscription) -> Message:
    """Make the message of a sealed event."""
    data: dict[str, Any] = {
        "seq": event.seal.seq,
        "entity": event.entity,
        "event": event.type,
        "canonical_id": str(event.golden_id),
        "version": event.golden_version,
        "attributes": event.attributes or [],
        "source": event.source,
        "external_id": event.external_id,
        "successor_ids": event.successor_ids or [],
    }
    if subscription.with_values:
        data |= {"before": _values(event, event.before), "after": _values(event, event.after)}
    return _message(id_of(event.seal), type_of(event), str(event.golden_id), time=event.at.isoformat(), data=data)


def id_of(seal: Seal) -> str:
    """Give the id of the messages of the event that has this place.

    It is made of the place and its link in the chain, so that after a return to a backup, when places are given anew, another event has
    another id.
    """
    return f"evt_{seal.seq}_{bytes(seal.hash)[:_ID_BYTES].hex()}"


def type_of(event: ChangeEvent) -> str:
    """Name the type of an event's messages, such as mdm.customer.updated."""
    return f"mdm.{event.entity}.{event.type}"


def new_test_id() -> str:
    """Make the id of a test message."""
    return f"test_{uuid.uuid4().hex}"


def message_of_test(subscription: WebhookSubscription, message_id: str) -> Message:
    """Make a message that says nothing, to see whether it arrives."""
    return _message(message_id, TEST, str(subscription.pk), time=timezone.now().isoformat(), data={"webhook": subscription.name})


def _message(message_id: str, kind: str, subject: str, *, time: str, data: dict[str, Any]) -> Message:
    envelope = {
        "specversion": "1.0",
        "id": message_id,
        "source": settings.PUBLIC_URL,
        "type": kind,
        "subject": subject,
        "time": time.replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Message(id=message_id, type=kind, subject=subject, body=orjson.dumps(envelope))


def _values(event: ChangeEvent, values: list[Any] | None) -> dict[str, Any] | None:
    return dict(zip(event.attributes or [], values, strict=True)) if values else None
