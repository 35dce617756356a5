"""Telling a worker that there is work. The work is in the database, so a bell that is not heard loses nothing: the sweep finds it."""

import time
from functools import partial
from typing import Any, Final

import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

QUIET_SECONDS: Final = 5.0
"""How long nobody rings after a broker was not there: each try could cost the request as long as a connection may take."""

_logger = structlog.get_logger(__name__)


class _Bell:
    """Whether the broker of this process was there the last time."""

    quiet_until: float = 0.0


def ring(task: "Task[..., None]", *ids: str | int) -> None:
    """Tell a worker once the transaction is committed, if the broker is there; never raises for a broker that is not."""
    transaction.on_commit(partial(_ring, task, ids))


def _ring(task: Any, ids: tuple[str | int, ...]) -> None:
    if time.monotonic() < _Bell.quiet_until:
        return
    try:
        task.apply_async(ids)
    except (OperationalError, OSError) as error:
        _Bell.quiet_until = time.monotonic() + QUIET_SECONDS
        _logger.warning("broker_away", task=task.name, error=type(error).__name__)
