"""Background work of the API."""

import structlog
from celery import shared_task

from api import idempotency

_logger = structlog.get_logger(__name__)


@shared_task(name="api.tasks.prune_idempotency_keys")
def prune_idempotency_keys() -> None:
    """Forget the answers that were kept long enough."""
    _logger.info("idempotency_keys_pruned", count=idempotency.prune())
