"""The database itself refuses to rewrite what was told and done: triggers on the entries of both chains and on their seals.

A seal is never changed nor removed. Of an entry, the columns that an erasure may empty can be emptied, and nothing else. Who owns the
tables can drop triggers: that what stands was not rewritten is proved by the chain, and by its head where that is kept elsewhere.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, models

from golden_records.chain import CHAINS

_PREFIX: Final = "mdm_keep_"
_REFUSED: Final = "this table is append-only"
_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION {_PREFIX}refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ': {_REFUSED}', ERRCODE = 'insufficient_privilege'; END $$
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """The tables of a chain, and the columns of its entries that may be emptied."""

    entries: type[models.Model]
    seals: type[models.Model]
    erasable: frozenset[str]


ALL: Final = tuple(Kept(chain.entries, chain.seals, frozenset({*chain.erasable, "salt"})) for chain in CHAINS)


def protect(editor: Any, tables: Sequence[Kept] = ALL) -> None:
    """Create the triggers, through a cursor or a migration's schema editor, which gives the tables as they were then."""
    if connection.vendor == "postgresql":
        editor.execute(_FUNCTION)
    unprotect(editor, tables)
    for name, table, rest in _triggers(tables):
        editor.execute(f"CREATE TRIGGER {name} BEFORE {rest} {_refusal(table)}")


def unprotect(editor: Any, tables: Sequence[Kept] = ALL) -> None:
    """Drop the triggers."""
    for name, table, _ in _triggers(tables):
        editor.execute(f"DROP TRIGGER IF EXISTS {name}{f' ON {table}' if connection.vendor == 'postgresql' else ''}")


@contextmanager
def unprotected() -> Iterator[None]:
    """Let the tables be rewritten within the block: for whoever empties a whole database, and for tests that tamper."""
    with connection.cursor() as cursor:
        unprotect(cursor)
        try:
            yield
        finally:
            protect(cursor)


def missing() -> list[str]:
    """Give the tables that lack a trigger."""
    sql = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        there = {name for (name,) in cursor.fetchall()}
    return sorted({table for name, table, _ in _triggers(ALL) if name not in there})


def _triggers(tables: Sequence[Kept]) -> Iterator[tuple[str, str, str]]:
    """Give the name of each trigger, its table, and when it refuses."""
    for kept in tables:
        entries, seals = kept.entries._meta.db_table, kept.seals._meta.db_table
        for table in (entries, seals):
            yield f"{_PREFIX}{table}_d", table, f"DELETE ON {table} FOR EACH ROW"
            if connection.vendor == "postgresql":
                yield f"{_PREFIX}{table}_t", table, f"TRUNCATE ON {table} FOR EACH STATEMENT"
        yield f"{_PREFIX}{seals}_u", seals, f"UPDATE ON {seals} FOR EACH ROW"
        yield f"{_PREFIX}{entries}_u", entries, f"UPDATE ON {entries} FOR EACH ROW WHEN ({_rewrites(kept)})"


def _rewrites(kept: Kept) -> str:
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    columns = [(field.column, field.attname in kept.erasable) for field in kept.entries._meta.concrete_fields]
    changed = [f"NEW.{column} {differs} OLD.{column}{f' AND NEW.{column} IS NOT NULL' if may else ''}" for column, may in columns]
    return " OR ".join(f"({each})" for each in changed)


def _refusal(table: str) -> str:
    if connection.vendor == "postgresql":
        return f"EXECUTE FUNCTION {_PREFIX}refuse()"
    return f"BEGIN SELECT RAISE(ABORT, '{table}: {_REFUSED}'); END"
