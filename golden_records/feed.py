"""Following the change feed: a reader seals what it finds unsealed, and may wait for news without holding the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from django.conf import settings

from golden_records import outbox, sealing
from golden_records.models import Seal
from golden_records.outbox import FeedPage, Filters

LONGEST_WAIT: Final = 30.0
_PAUSE: Final = 0.2
_MARK_DIGITS: Final = 16


class WaitingRoom:
    """Seats for readers that wait in this process. A server thread waits with each, so there must always be some that do not."""

    def __init__(self, seats: int) -> None:
        self._seats = BoundedSemaphore(seats) if seats > 0 else None

    @contextmanager
    def seat(self) -> Iterator[bool]:
        """Take a seat for a while; False where none is free."""
        seated = self._seats is not None and self._seats.acquire(blocking=False)
        try:
            yield seated
        finally:
            if seated and self._seats is not None:
                self._seats.release()


waiting_room: Final = WaitingRoom(settings.LONG_POLLS)


def read(seq: int, *, limit: int, filters: Filters = outbox.EVERYTHING) -> FeedPage:
    """Give what comes after a place, having sealed first what was committed and not sealed (one batch, unless another is at it)."""
    sealing.seal_batch()
    return outbox.sealed_after(seq, limit=limit, filters=filters)


def await_news(seq: int, *, limit: int, filters: Filters, seconds: float) -> FeedPage:
    """Give what comes after a place, waiting for something that passes the filters, at most so many seconds.

    Nothing is held while waiting: the database is asked anew a few times a second, each time in a transaction of its own. Where all
    seats of this process are taken it does not wait.
    """
    page = read(seq, limit=limit, filters=filters)
    until = time.monotonic() + min(seconds, LONGEST_WAIT)
    if page.events or time.monotonic() >= until:
        return page
    with waiting_room.seat() as seated:
        while seated and not page.events and (left := until - time.monotonic()) > 0:
            if page.is_last:
                time.sleep(min(_PAUSE, left))
            page = read(page.seq, limit=limit, filters=filters)
    return page


def mark_of(seq: int) -> str | None:
    """Give a short text that only this feed has at this place: a part of the chain's hash there; None where nothing is.

    A feed that was restored from a backup and went on otherwise has another, so that a reader that has seen more than the backup is
    told, and does not go on as if nothing had happened.
    """
    found = Seal.objects.filter(seq=seq).values_list("hash", flat=True).first()
    return None if found is None else bytes(found).hex()[:_MARK_DIGITS]
