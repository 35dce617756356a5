"""Who may write what at the same time: one owner of the order in which locks are taken.

PostgreSQL, READ COMMITTED: advisory locks bound to the transaction, in three levels, each level sorted and in a statement of
its own, then rows of golden records in the order of their ids, then rows of source records in the order of theirs, then all that
hangs on them (questions, judgements, evidence), and last the one row of the hierarchy (`golden_records.hierarchy.settling`). Two
transactions that might match share a blocking key, hence a lock, so the later one sees what the earlier one did; and since all take
locks in one order, none waits in a circle. A source record that is new is inserted whenever it comes: nobody waits for it but who
sends the same one, which is an import, and an import waits for source records alone. SQLite has one writer at a time (BEGIN
IMMEDIATE), which is the strongest of these locks already.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Final, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction

from golden_records.entities import EntityType
from golden_records.errors import Busy
from golden_records.locking import LockedRows, RecordRow, lock_goldens, lock_records
from golden_records.models import SourceRecord
from golden_records.planned import array, planned_cursor
from golden_records.storing import store_known
from matching.metrics import REFUSED, RETRIES
from matching.models import MatchConfigVersion

MOST_LOCKS: Final = 512
"""The advisory locks that one transaction may take: with them all connections together stay below PostgreSQL's lock table."""

_ATTEMPTS: Final = 6
# No attempt begins after this: a caller has given up by then, and those behind it still wait.
_PATIENCE_SECONDS: Final = 10.0
_LOCK_TIMEOUT: Final = "5s"
_STATEMENT_TIMEOUT: Final = "15s"
# Rolled back for certain, whenever it comes.
_LOST_RACES: Final = {"40001": "serialization", "40P01": "deadlock", "55P03": "lock_timeout"}
# The server ends a connection (57P0x), has no room for one, or is gone; without a code, the client noticed by itself.
_CONNECTION: Final = "connection"
_LOST_CONNECTIONS: Final = frozenset({"57P01", "57P02", "57P03", "53300", "08000", "08001", "08003", "08006", None})
_LEVEL_SHIFT: Final = 61
_HASH_BITS: Final = (1 << _LEVEL_SHIFT) - 1

_LIMITS: Final = {"lock_timeout": _LOCK_TIMEOUT, "statement_timeout": _STATEMENT_TIMEOUT}
# A record's statements look few rows up by index, whoever the record is: one plan serves them all. PostgreSQL would find a new one
# for each, as it takes arrays of unknown length for longer than they are, and that is a quarter of its work. A plan that is kept may be
# made while a table is nearly empty, so that it must not read tables from end to end; nor is there anything to compile.
_PLANS: Final = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}


# One journey to the database for what the transaction of a record begins with. The locks come in the order in which they are
# written, and nothing that they protect is read here: the config in force changes under no lock.
def _entrance(settings: Mapping[str, str]) -> str:
    return (
        f"SELECT (SELECT id FROM {MatchConfigVersion._meta.db_table} WHERE entity = %s AND is_active), "  # noqa: S608 - a table's name
        + "".join(f"set_config('{name}', '{value}', true), " for name, value in settings.items())
        + "pg_advisory_xact_lock_shared(%s)"
    )


_ENTRANCE: Final = _entrance(_LIMITS)
_ENTRANCE_OF_ONE: Final = _entrance(_LIMITS | _PLANS)
_AND_IDENTITY: Final = ", pg_advisory_xact_lock(%s)"

Result = TypeVar("Result")


class LockLevel(IntEnum):
    """The levels of locks, in the order in which a transaction takes them."""

    GATE = 0
    IDENTITY = 1
    KEY = 2
    GOLDEN = 3
    RECORD = 4


class WrongLockOrder(AssertionError):
    """A transaction asked for a lock below one that it holds: two of that kind could wait for each other for ever."""


class TooManyLocks(AssertionError):
    """A transaction asked for more locks than its share of the lock table: full, that table fails everybody's transactions."""


class Restart(Exception):
    """What was read before the locks were had is no longer so: the transaction starts over."""


class MatchGuard:
    """The locks of one transaction; refuses to take them out of order."""

    def __init__(self) -> None:
        self._level = LockLevel.GATE
        self._advisory = connection.vendor == "postgresql"
        self._taken = 0
        self.config_id: int | None = None
        """The match config in force when the transaction began, where that is known."""

    def enter(self, entity: EntityType, *, identity: tuple[str, str] | None = None, one_record: bool = False) -> None:
        """Come in beside other single records, but not beside a chunk of a matching run.

        With `identity`, a source's code and its own id of a record, be the only one to write this source record as well. What is about
        `one_record`, as that is, goes by plans that are made once; what looks at many is planned as it is.
        """
        self._climb(LockLevel.GATE)
        numbers = [lock_number(LockLevel.GATE, entity.name)]
        if identity is not None:
            self._climb(LockLevel.IDENTITY)
            numbers.append(lock_number(LockLevel.IDENTITY, entity.name, *identity))
        if self._advisory:
            with planned_cursor() as cursor:
                sql = _ENTRANCE_OF_ONE if one_record else _ENTRANCE if identity is None else _ENTRANCE_OF_ONE + _AND_IDENTITY
                cursor.execute(sql, [entity.name, *numbers])
                self.config_id = cursor.fetchone()[0]

    def enter_alone(self, entity: EntityType) -> None:
        """Come in alone: a chunk of a matching run, which then needs no lock on keys."""
        self._climb(LockLevel.GATE)
        if self._advisory:
            with connection.cursor() as cursor:
                # Whoever comes after one that waits to be alone waits behind it: it must not wait for long.
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(LockLevel.GATE, entity.name)])

    def identity(self, entity: EntityType, source: str, external_id: str) -> None:
        """Be the only one to write this source record."""
        self._climb(LockLevel.IDENTITY)
        self._take([lock_number(LockLevel.IDENTITY, entity.name, source, external_id)])

    def identities(self, entity: EntityType, names: Iterable[tuple[str, str]]) -> None:
        """Be the only one to write these source records, each named by its source's code and its id there."""
        self._climb(LockLevel.IDENTITY)
        self._take(sorted({lock_number(LockLevel.IDENTITY, entity.name, *name) for name in names}))

    def keys(self, entity: EntityType, keys: Iterable[int]) -> None:
        """Be the only one to look for candidates under these blocking keys."""
        self._climb(LockLevel.KEY)
        self._take(sorted({lock_number(LockLevel.KEY, entity.name, str(key)) for key in keys}))

    def goldens(self, entity: EntityType, golden_ids: Iterable[UUID] = (), *, record_ids: Iterable[int] = ()) -> LockedRows:
        """Be the only one to change these golden records, those that these source records are in, and who belongs to them.

        Gives them as they are. A record may have moved while the locks were waited for: where it is must be read again.
        """
        self._climb(LockLevel.GOLDEN)
        return lock_goldens(entity, golden_ids=golden_ids, record_ids=record_ids)

    def records(self, entity: EntityType, record_ids: Iterable[int]) -> dict[int, RecordRow]:
        """Be the only one to write these source records; gives their versions and where they are.

        Imports write source records too, and take no other lock: what was read before may be old. Who holds some of them already
        does not wait for more, which would not be in the order of ids: where somebody else has them, the transaction starts over.
        """
        at_once = self._level == LockLevel.RECORD
        self._climb(LockLevel.RECORD)
        return lock_records(entity, record_ids, at_once=at_once)

    def record(self, entity: EntityType, record: SourceRecord) -> None:
        """Be the only one to write this source record, and write what `sources.store_new` found that it is to be.

        Raises `Restart` where an import was faster.
        """
        self._climb(LockLevel.RECORD)
        if not store_known(entity, record):
            raise Restart

    def _climb(self, level: LockLevel) -> None:
        if level < self._level:
            message = f"{level.name} asked for after {self._level.name}"
            raise WrongLockOrder(message)
        self._level = level

    def _take(self, numbers: Sequence[int]) -> None:
        self._taken += len(numbers)
        if self._taken > MOST_LOCKS:
            message = f"{self._taken} locks in one transaction; {MOST_LOCKS} is the most."
            raise TooManyLocks(message)
        # A statement of its own: one that also read would read with a snapshot from before the lock was had.
        if self._advisory and numbers:
            with planned_cursor(len(numbers)) as cursor:
                cursor.execute(
                    "SELECT count(pg_advisory_xact_lock(k)) FROM (SELECT k FROM unnest(%s::bigint[]) WITH ORDINALITY t(k, o) ORDER BY o) z",
                    [array(numbers)],
                )


def lock_number(level: LockLevel, *parts: str) -> int:
    """Give the 64-bit number of a lock; the level is in the top bits, so that levels never collide."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    number = (int(level) << _LEVEL_SHIFT) | (int.from_bytes(digest, "big") & _HASH_BITS)
    return number - (1 << 64) if number >= 1 << 63 else number


def in_transaction(work: Callable[[MatchGuard], Result]) -> Result:
    """Run `work` in a transaction, again where it lost a race or its connection.

    Raises `Busy` where its locks can't be had in time, and the database's own error where that is away. A connection that is lost
    in the commit is an error too: nobody knows whether it was carried out, and only the caller can look. Inside a transaction of the
    caller, which may hold no locks yet, it is a part of that one, and a lost connection loses both.
    """
    whole = not connection.in_atomic_block
    given_up_at = time.monotonic() + _PATIENCE_SECONDS
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads clients, protects nothing
        committing = False
        if whole:
            # Whether the connection still works shows at the first statement, and what finds it lost is done again: not asked before.
            connection.health_check_done = True  # type: ignore[attr-defined]  # django-stubs lack it
        try:
            with transaction.atomic():
                result = work(MatchGuard())
                committing = True
        except (Restart, Busy):
            reason: str | None = "restart"
        except (InterfaceError, OperationalError) as error:
            reason = _reason_to_retry(error, reconnect=whole and not committing)
            if reason is None or (reason == _CONNECTION and attempt == _ATTEMPTS - 1):
                raise
        else:
            return result
        RETRIES.labels(reason).inc()
        if time.monotonic() > given_up_at:
            break
    REFUSED.inc()
    message = "Others are writing the same records."
    raise Busy(message, remedy="Send the same request again in a second.", retry_after=1)


def _reason_to_retry(error: Exception, *, reconnect: bool) -> str | None:
    """Say why what failed may be done again; None where it may not."""
    if connection.vendor != "postgresql":
        return "lock_timeout" if "is locked" in str(error) else None
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    if sqlstate in _LOST_CONNECTIONS:
        return _CONNECTION if reconnect else None
    return _LOST_RACES.get(str(sqlstate))
