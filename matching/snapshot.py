"""Reading the database as it is at one moment, over two connections at once where it can share a snapshot."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from django.db import connection, transaction

T = TypeVar("T")

_READERS: Final = 2
"""More gain nothing: what one waits for in the database, the other has to do itself."""
_FOR_WHOLE_TABLES: Final = {
    # After a large load tables are taken for small until they are analysed: joined row by row, what takes a second would take an hour.
    "enable_nestloop": "off",
    # What is sorted and joined is one narrow row for each of a million; the default would write it all to files. Two read at once.
    "work_mem": "128MB",
    # Compiling costs more than it saves, and the other reader has the second processor.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What is asked of a snapshot, and how long that takes beside the other questions, about."""

    ask: Callable[[], T]
    effort: int = 1


def on_one_snapshot(questions: Sequence[Question[T]]) -> Iterator[T]:
    """Ask the database as it is now, whatever others write; gives the answers in the order of the questions, each when it is there.

    Nobody is kept from writing meanwhile. On PostgreSQL two are asked at once, over connections of their own, so that the caller may
    write too; on SQLite the caller must take all answers first. Inside a transaction of the caller they see what that sees.
    """
    if connection.in_atomic_block:
        with _settings(back=True):
            yield from (question.ask() for question in questions)
    elif connection.vendor == "postgresql":
        yield from _by_readers(questions)
    else:
        # Not `atomic`: that takes the write lock of SQLite at once.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield from (question.ask() for question in questions)
            finally:
                cursor.execute("ROLLBACK")


def _by_readers(questions: Sequence[Question[T]]) -> Iterator[T]:
    # The longest first: begun last, it would be worked on alone while the other reader has nothing left to do.
    longest_first = sorted(range(len(questions)), key=lambda place: -questions[place].effort)
    with _exported() as snapshot, ThreadPoolExecutor(_READERS) as readers:
        answers = {place: readers.submit(_asked, questions[place].ask, snapshot) for place in longest_first}
        try:
            yield from (answers[place].result() for place in range(len(questions)))
        finally:
            readers.shutdown(cancel_futures=True)


@contextmanager
def _exported() -> Iterator[str]:
    """Hold a snapshot for as long as the block lasts, and give the name by which others take it."""
    own = connection.copy()
    try:
        own.set_autocommit(autocommit=False)
        with own.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # It says nothing for as long as others read.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            yield cursor.fetchone()[0]
    finally:
        own.close()


def _asked(question: Callable[[], T], snapshot: str) -> T:
    """Answer a question over the connection of this thread, which ends with it."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
            with _settings(back=False):
                return question()
    finally:
        connection.close()


@contextmanager
def _settings(*, back: bool) -> Iterator[None]:
    """Let PostgreSQL read whole tables in this transaction; `back`: and as before when the block ends."""
    if connection.vendor != "postgresql":
        yield
        return
    before = _now_set(_FOR_WHOLE_TABLES)
    _set(_FOR_WHOLE_TABLES)
    yield
    if back:
        _set(before)


def _now_set(names: Iterable[str]) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", [list(names)])
        return dict(cursor.fetchall())


def _set(values: Mapping[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) AS given(name, value)",
            [*map(list, zip(*values.items(), strict=True))],
        )
