"""Ringing for the sealer when something was committed: a courtesy, never a need. Beat rings every second, and so do readers."""

import time
from typing import Final

import structlog
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from golden_records.tasks import seal_events

_logger = structlog.get_logger(__name__)

# One ring of a process serves all that it commits in this time: a message for each would cost more than what it speeds up.
_QUIET_SECONDS: Final = 0.25
# A broker that does not answer costs a request its time-out; it is asked again only after this time.
_AWAY_SECONDS: Final = 10.0


class Doorbell:
    """Rings for the sealer, but no oftener than is of use."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def ring(self) -> None:
        """Send for the sealer; does nothing where this process has done so just now, or where the broker is away."""
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + _QUIET_SECONDS
        try:
            seal_events.delay()
        except (OperationalError, OSError) as error:
            self._quiet_until = time.monotonic() + _AWAY_SECONDS
            _logger.warning("broker_away", error=type(error).__name__, task=seal_events.name)


_doorbell: Final = Doorbell()


def ring_at_commit() -> None:
    """Ring once the caller's transaction is committed, however often this is called in it."""
    # What a transaction is to do at its end is a list: a function that is on it already need not be on it twice.
    if not any(registered[1] == _doorbell.ring for registered in connection.run_on_commit):
        transaction.on_commit(_doorbell.ring, robust=True)
