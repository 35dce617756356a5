"""Background work on golden records. Messages carry nothing: what is to be done is found in the database."""

from celery import shared_task

from golden_records import sealing


@shared_task(name="golden_records.tasks.seal_events")
def seal_events() -> None:
    """Give what was committed its place in the change feed."""
    sealing.seal()
