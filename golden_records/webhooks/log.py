"""The log of deliveries: each try, for a month."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from golden_records.models import DeliveryKind, WebhookDelivery
from golden_records.webhooks.envelope import Message
from golden_records.webhooks.posting import Answer

KEPT_FOR: Final = timedelta(days=30)


def note(subscription_id: UUID, kind: DeliveryKind, message: Message, answer: Answer, *, attempt: int) -> None:
    """Keep what came of one try. The message itself is not kept: it may hold values, and can be made again from its event."""
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                subscription_id=subscription_id,
                kind=kind,
                message_id=message.id,
                message_type=message.type,
                attempt=attempt,
                at=timezone.now(),
                status=answer.status,
                problem=answer.problem,
                milliseconds=answer.milliseconds,
                answer=answer.text,
            )
        ]
    )


def forget_old() -> int:
    """Remove what is older than `KEPT_FOR`, and tell how many tries that were."""
    removed, _ = WebhookDelivery.objects.filter(at__lt=Now() - KEPT_FOR).delete()
    return removed
