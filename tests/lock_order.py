"""A watch on the order in which every transaction takes its locks, by whatever road: what `matching.locks` asserts of those that ask it.

Looks at the statements that go to the database: advisory locks come first, then golden records, then source records, then the
hierarchy. Golden records that are held may be locked again; others may not be locked any more once a source record is held, nor after
others were. Source records that are held may be locked again, and more of them with NOWAIT, which waits for nobody.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import IntEnum
from typing import Any, Final

import pytest
from django.db import connections, transaction
from django.db.transaction import Atomic

from golden_records import golden, locking
from golden_records.entities import ENTITIES
from golden_records.models import HierarchyProgress
from matching import locks

_GOLDENS: Final = {str(entity.golden._meta.db_table) for entity in ENTITIES.values()}
_RECORDS: Final = {str(entity.record._meta.db_table) for entity in ENTITIES.values()}
_HIERARCHY: Final = str(HierarchyProgress._meta.db_table)
_LOCKED: Final = re.compile(r'^SELECT .*? FROM "(?P<locked>\w+)".* FOR UPDATE(?P<rest>[^)]*)$', re.DOTALL)
_WRITTEN: Final = re.compile(r'\bUPDATE "(?P<written>\w+)" SET')
_SAVEPOINT: Final = re.compile(r'^(?P<verb>SAVEPOINT|ROLLBACK TO SAVEPOINT) "(?P<name>\w+)"')


class _Level(IntEnum):
    ADVISORY = 0
    GOLDEN = 1
    RECORD = 2
    HIERARCHY = 3


class Watch:
    """What one transaction has locked so far."""

    def __init__(self, offences: list[str]) -> None:
        self.offences = offences
        self.level = _Level.ADVISORY
        self.goldens: set[Any] = set()
        self.locks_goldens = False
        self.savepoints: dict[str, tuple[_Level, set[Any]]] = {}

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001 - Django's signature
        """Look at a statement before it is executed."""
        if _in_a_transaction(context["connection"]):
            self._look(str(sql))
        return execute(sql, params, many, context)

    def _look(self, sql: str) -> None:
        savepoint, locked = _SAVEPOINT.match(sql), _LOCKED.match(sql)
        if savepoint and savepoint["verb"] == "SAVEPOINT":
            self.savepoints[savepoint["name"]] = (self.level, set(self.goldens))
        elif savepoint:
            # What was locked since is let go.
            self.level, self.goldens = self.savepoints.get(savepoint["name"], (self.level, self.goldens))
        elif "pg_advisory_xact_lock" in sql:
            self._climb(_Level.ADVISORY, sql)
        elif locked and locked["locked"] in _GOLDENS and not self.locks_goldens:
            self.offences.append(f"golden records are locked beside `lock_goldens`: {sql[:300]}")
        elif locked and locked["locked"] == _HIERARCHY:
            self._climb(_Level.HIERARCHY, sql)
        elif locked and locked["locked"] in _RECORDS:
            if self.level < _Level.RECORD or "NOWAIT" not in locked["rest"]:
                self._climb(_Level.RECORD, sql)
        else:
            written = {found["written"] for found in _WRITTEN.finditer(sql)}
            if written & _RECORDS:
                self._climb(_Level.RECORD, sql)

    def held(self, golden_ids: set[Any], told: str) -> None:
        """Take note of golden records that were locked."""
        more = golden_ids - self.goldens
        if more and self.goldens:
            self.offences.append(f"{len(more)} more golden records are locked after others: {told}")
        if more:
            self._climb(_Level.GOLDEN, told)
        self.goldens |= golden_ids

    def _climb(self, level: _Level, told: str) -> None:
        if level < self.level:
            self.offences.append(f"{level.name} is locked after {self.level.name}: {told[:300]}")
        self.level = max(self.level, level)


def _in_a_transaction(connection: Any) -> bool:
    """Whether there is one beside that which pytest-django rolls back after a test."""
    return not all(block._from_testcase for block in connection.atomic_blocks)  # noqa: SLF001 - no other way to tell


def an_example() -> "AbstractContextManager[None]":
    """A transaction around one of many examples of a test: as little one of the product's as that which pytest-django rolls back."""
    around: Any = transaction.atomic()
    around._from_testcase = True  # noqa: SLF001 - as pytest-django does
    return around  # type: ignore[no-any-return]  # Django's own class


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Watch every transaction of every thread of this process; gives the offences."""
    offences: list[str] = []
    enter, lock_goldens = Atomic.__enter__, locking.lock_goldens

    def entering(atomic: Atomic) -> None:
        connection = connections[atomic.using or "default"]
        if not _in_a_transaction(connection):
            others = [wrapper for wrapper in connection.execute_wrappers if not isinstance(wrapper, Watch)]
            connection.execute_wrappers[:] = [*others, Watch(offences)]
        enter(atomic)

    def watched_lock(*arguments: Any, **named: Any) -> Any:
        watch = next((each for each in connections["default"].execute_wrappers if isinstance(each, Watch)), Watch(offences))
        watch.locks_goldens = True
        try:
            found = lock_goldens(*arguments, **named)
        finally:
            watch.locks_goldens = False
        if _in_a_transaction(connections["default"]):
            watch.held(set(found), f"{named}")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Atomic, "__enter__", entering)
        for module in (locking, golden, locks):
            patched.setattr(module, "lock_goldens", watched_lock)
        yield offences
    for connection in connections.all(initialized_only=True):
        connection.execute_wrappers[:] = [wrapper for wrapper in connection.execute_wrappers if not isinstance(wrapper, Watch)]
