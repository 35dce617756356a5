"""How webhook subscriptions are described in the schema, and how they are given."""

from typing import Any, Final

from rest_framework import serializers

from api.dictionary import AnyField, serializer
from golden_records.entities import ENTITIES
from golden_records.models import DeadLetterState, DeliveryKind, EventType, WebhookDeadLetter, WebhookDelivery, WebhookSubscription
from golden_records.webhooks import standing
from golden_records.webhooks.subscriptions import terms_of

_ALL: Final = "Empty for all."


def _terms(*, required: bool) -> dict[str, AnyField]:
    optional: dict[str, Any] = {"required": False}
    return {
        "name": serializers.CharField(max_length=100, required=required, help_text="Whose endpoint it is."),
        "url": serializers.CharField(
            max_length=2000,
            required=required,
            help_text="An https address on the public Internet, or in a network that the operator allows.",
        ),
        "system": serializers.CharField(
            allow_null=True,
            help_text="Code of the source system that the endpoint belongs to: it hears no echo of its own writes.",
            **optional,
        ),
        "event_types": serializers.ListField(child=serializers.ChoiceField(choices=EventType.choices), help_text=_ALL, **optional),
        "entities": serializers.ListField(child=serializers.CharField(), help_text=f"{', '.join(ENTITIES)}. {_ALL}", **optional),
        "sources": serializers.ListField(
            child=serializers.CharField(),
            help_text=f"Codes of source systems: only what concerns golden records that hold a record of one of them. {_ALL}",
            **optional,
        ),
        "with_values": serializers.BooleanField(
            help_text="Whether messages carry values; otherwise ids and names of attributes. Takes a key with the scope `read`.", **optional
        ),
        "active": serializers.BooleanField(help_text="False to pause: it goes on where it stopped.", **optional),
    }


SENT: Final = serializer("WebhookSent", "What a webhook is to hear, and where.", **_terms(required=True))
CHANGED: Final = serializer("WebhookChanged", "What is to be changed.", **_terms(required=False))

GIVEN: Final = serializer(
    "Webhook",
    "A subscription, and how it is doing.",
    id=serializers.UUIDField(),
    name=serializers.CharField(),
    url=serializers.CharField(),
    system=serializers.CharField(allow_null=True),
    event_types=serializers.ListField(child=serializers.ChoiceField(choices=EventType.choices)),
    entities=serializers.ListField(child=serializers.CharField()),
    sources=serializers.ListField(child=serializers.CharField()),
    with_values=serializers.BooleanField(),
    active=serializers.BooleanField(),
    paused_because=serializers.CharField(allow_blank=True, help_text="Where it was not a person who paused it."),
    circuit=serializers.ChoiceField(choices=standing.Circuit.choices, help_text="`open`: it fails so often that it is called rarely."),
    position=serializers.IntegerField(min_value=0, help_text="Everything up to this place of the change feed is dealt with."),
    tries=serializers.IntegerField(min_value=0, help_text="Tries of the next message so far."),
    next_try_at=serializers.DateTimeField(help_text="No message is tried before."),
    delivered_at=serializers.DateTimeField(allow_null=True, help_text="When a message last came through."),
    secret_changed_at=serializers.DateTimeField(),
    created_by=serializers.CharField(),
    created_at=serializers.DateTimeField(),
)
PAGE: Final = serializer(
    "WebhookPage", "Webhooks.", results=GIVEN(many=True), next=serializers.CharField(allow_null=True, help_text="Null on the last page.")
)

_OUTCOME: Final[dict[str, AnyField]] = {
    "message_id": serializers.CharField(help_text="The `webhook-id`."),
    "message_type": serializers.CharField(),
    "status": serializers.IntegerField(allow_null=True, help_text="Of the endpoint's answer; null where there was none."),
    "problem": serializers.CharField(allow_blank=True, help_text="Why there was no answer: a stable code."),
    "answer": serializers.CharField(allow_blank=True, help_text="How the answer begins."),
}
DELIVERY: Final = serializer(
    "WebhookDelivery",
    "One try to deliver one message.",
    kind=serializers.ChoiceField(choices=DeliveryKind.choices),
    attempt=serializers.IntegerField(min_value=1),
    at=serializers.DateTimeField(),
    milliseconds=serializers.IntegerField(min_value=0),
    **_OUTCOME,
)
DELIVERIES: Final = serializer("WebhookDeliveries", "The tries, the latest first.", results=DELIVERY(many=True))
DEAD_LETTER: Final = serializer(
    "WebhookDeadLetter",
    "A message that the endpoint would not take.",
    id=serializers.IntegerField(),
    seq=serializers.IntegerField(min_value=1, help_text="Its event's place in the change feed."),
    subject=serializers.CharField(help_text="The canonical id that it is about."),
    state=serializers.ChoiceField(choices=DeadLetterState.choices),
    attempts=serializers.IntegerField(min_value=1),
    set_aside_at=serializers.DateTimeField(),
    tried_at=serializers.DateTimeField(),
    **_OUTCOME,
)
DEAD_LETTERS: Final = serializer(
    "WebhookDeadLetters", "Dead letters, the oldest first.", results=DEAD_LETTER(many=True), next=serializers.CharField(allow_null=True)
)
TEST: Final = serializer(
    "WebhookTest", "A test message that is on its way.", message_id=serializers.CharField(help_text="To be found in the deliveries.")
)
ROTATED: Final = serializer(
    "WebhookRotation", "How long the secret before signs too.", hours=serializers.IntegerField(min_value=0, max_value=168, required=False)
)
REPLAYS: Final = serializer("WebhookReplays", "What is sent again.", requested=serializers.IntegerField(min_value=0))


def given(row: WebhookSubscription) -> dict[str, object]:
    """Give a subscription with its standing."""
    terms, progress = terms_of(row), row.progress
    return {
        "id": row.pk,
        "name": terms.name,
        "url": terms.url,
        "system": terms.system,
        "event_types": terms.event_types,
        "entities": terms.entities,
        "sources": terms.sources,
        "with_values": terms.with_values,
        "active": terms.active,
        "paused_because": row.paused_because,
        "circuit": standing.circuit_of(progress),
        "position": progress.position,
        "tries": progress.tries,
        "next_try_at": progress.next_try_at,
        "delivered_at": progress.delivered_at,
        "secret_changed_at": row.secret_changed_at,
        "created_by": row.created_by,
        "created_at": row.created_at,
    }


def given_delivery(row: WebhookDelivery) -> dict[str, object]:
    """Give one try."""
    return {name: getattr(row, name) for name in ("kind", "attempt", "at", "milliseconds", *_OUTCOME)}


def given_dead_letter(row: WebhookDeadLetter) -> dict[str, object]:
    """Give one dead letter."""
    return {name: getattr(row, name) for name in ("id", "seq", "subject", "state", "attempts", "set_aside_at", "tried_at", *_OUTCOME)}
