"""Background work on golden records. Messages carry nothing: what is to be done is found in the database."""

from typing import Final

import structlog
from celery import current_app, shared_task

from golden_records import sealing
from golden_records.chain import AUDIT
from golden_records.heads import heads

_logger = structlog.get_logger(__name__)

# By their names: they read the feed, whose writers ring for the task below.
_READERS: Final = ("golden_records.webhooks.tasks.ring_webhooks", "matching.tasks.settle_hierarchy")


@shared_task(name="golden_records.tasks.seal_events")
def seal_events() -> None:
    """Give what was committed its place in the change feed and in the audit log, and send for those who read the feed."""
    sealing.seal(AUDIT)
    if sealing.seal():
        for name in _READERS:
            current_app.signature(name).delay()


@shared_task(name="golden_records.tasks.tell_heads")
def tell_heads() -> None:
    """Write the heads of the chains to the log, which is kept elsewhere: whoever cuts off the end of a chain can't cut it off there."""
    for chain, head in heads().items():
        _logger.info("chain_head", chain=chain, seq=head["seq"], hash=head["hash"])
