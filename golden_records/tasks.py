"""Background work on golden records. Messages carry nothing: what is to be done is found in the database."""

from typing import Final

from celery import current_app, shared_task

from golden_records import sealing

# By its name: who delivers reads the feed, whose writers ring for the task below.
_WEBHOOKS: Final = "golden_records.webhooks.tasks.ring_webhooks"


@shared_task(name="golden_records.tasks.seal_events")
def seal_events() -> None:
    """Give what was committed its place in the change feed, and send for those who tell others of it."""
    if sealing.seal():
        current_app.signature(_WEBHOOKS).delay()
