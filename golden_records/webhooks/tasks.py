"""Background work on webhooks. Messages carry ids only; what is to be delivered is found in the database."""

from typing import Final
from uuid import UUID

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from golden_records import outbox
from golden_records.webhooks import log, subscriptions, turns
from golden_records.webhooks.delivering import Left, courier, deliver, send_test

_logger = structlog.get_logger(__name__)

# These tasks have a queue of their own (CELERY_TASK_ROUTES): they wait for endpoints, and must keep nobody else's waiting.
_PREFIX: Final = "golden_records.webhooks.tasks"


@shared_task(name=f"{_PREFIX}.ring_webhooks")
def ring_webhooks() -> None:
    """Find the endpoints that something is to be sent to, and send for each of them."""
    for subscription_id in turns.due(outbox.head()):
        ring_webhook(subscription_id)


@shared_task(name=f"{_PREFIX}.deliver_webhook")
def deliver_webhook(subscription_id: str) -> None:
    """Deliver to one endpoint for a while, and ring again where there is more."""
    if deliver(UUID(subscription_id), by=courier()) is Left.MORE:
        ring_webhook(UUID(subscription_id))


@shared_task(name=f"{_PREFIX}.test_webhook")
def test_webhook(subscription_id: str, message_id: str) -> None:
    """Send a test message."""
    send_test(subscriptions.subscription(UUID(subscription_id)), message_id, by=courier())


@shared_task(name=f"{_PREFIX}.forget_deliveries")
def forget_deliveries() -> None:
    """Remove old tries from the log."""
    log.forget_old()


def ring_webhook(subscription_id: UUID) -> None:
    """Send for whoever delivers to an endpoint. Where the broker is away nothing is lost: beat finds what is due."""
    try:
        deliver_webhook.delay(str(subscription_id))
    except (OperationalError, OSError) as error:
        _logger.warning("broker_away", error=type(error).__name__, task=deliver_webhook.name)
