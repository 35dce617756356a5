"""What is needed to hold one thing up at a chosen point, start another beside it, and let both go on."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Final

import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from golden_records.errors import MdmError
from matching.locks import MatchGuard

PATIENCE_SECONDS: Final = 120
STOPS: Final = ("gate", "keys", "goldens", "before commit", "after commit")
"""Where the first thing is held up: after it has these locks, or around its commit."""
_METHODS: Final = (("enter", "gate"), ("enter_alone", "gate"), ("keys", "keys"), ("goldens", "goldens"))


class Stop:
    """A point at which the thread that is named `first` waits, once, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
        self.point = point
        self.reached, self.go_on = threading.Event(), threading.Event()
        for method, name in _METHODS:
            self._wait_around(monkeypatch, MatchGuard, method, after=name)
        self._wait_around(monkeypatch, BaseDatabaseWrapper, "commit", before="before commit", after="after commit")

    def _wait_around(self, monkeypatch: pytest.MonkeyPatch, owner: Any, method: str, *, before: str = "", after: str) -> None:
        original = getattr(owner, method)

        def waiting(*arguments: Any, **named: Any) -> Any:
            self._wait(before)
            given = original(*arguments, **named)
            self._wait(after)
            return given

        monkeypatch.setattr(owner, method, waiting)

    def _wait(self, point: str) -> None:
        if point == self.point and threading.current_thread().name.startswith("first") and not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(PATIENCE_SECONDS)


@contextmanager
def at_once(stop: Stop, first: Callable[[], Any], second: Callable[[], Any]) -> "Iterator[tuple[Future[Any], Future[Any]]]":
    """Do the first thing up to the stop (to its end where it never comes there), then the second up to its end or to a lock.

    There the block begins; when it ends, the first goes on, and both are carried out.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="first") as one, ThreadPoolExecutor(1, thread_name_prefix="second") as other:
        try:
            done_first = one.submit(_done, first)
            while not stop.reached.wait(0.002) and not done_first.done():
                pass
            done_second = other.submit(_done, second)
            while not done_second.done() and not _somebody_waits():
                threading.Event().wait(0.002)
            yield done_first, done_second
        finally:
            stop.go_on.set()


def deadlocks() -> int:
    """Give how many deadlocks PostgreSQL has resolved so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[1])


def _done(action: Callable[[], Any]) -> Any:
    """What the service refuses is right too: somebody was first."""
    try:
        with suppress(MdmError):
            return action()
    finally:
        connections.close_all()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
