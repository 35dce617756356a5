"""Comparing tables with their histories: each row must be what the last entry of its history says."""

import secrets
from collections.abc import Iterator
from typing import Any, Final

from django.db import connection, models

from golden_records.offences import Offence

_DIFFERS: Final = "The row is not what the last entry of its history says."
_GONE: Final = "The row is gone, and its history does not say so."


def unlike_history(model: type[models.Model], *, entity: str) -> Iterator[Offence]:
    """Give the rows that differ from the last entry of their history or have none, and those that are gone without an entry."""
    remedy = "Somebody wrote to the database beside the service: compare the row with its history and put right what is wrong."
    name = model._meta.model_name or ""
    for key, is_there in _by_hashes(model) if connection.vendor == "postgresql" else _by_columns(model):
        told = (
            "The row is not what the last entry of its history says." if is_there else "The row is gone, and its history does not say so."
        )
        yield Offence(entity, {name: key}, told, remedy)


def _by_hashes(model: type[models.Model]) -> Iterator[tuple[str, bool]]:
    """Compare one number for each row instead of all that it says: wide rows would be sorted and joined in files.

    64 bits, with a seed that nobody knows before.
    """
    quote, fields = connection.ops.quote_name, _kept_fields(model)
    key, table, history = quote(str(model._meta.pk.column)), quote(model._meta.db_table), quote(_history_of(model))
    said = f"hash_record_extended(ROW({', '.join(quote(str(field.column)) for field in fields)}), {secrets.randbits(63)})"
    last = f"SELECT {key}, (max(ARRAY[history_id, said]))[2] AS said FROM entries GROUP BY {key}"  # noqa: S608 - names of our own tables
    return _rows(
        f"WITH entries AS (SELECT {key}, history_id, CASE WHEN history_type <> '-' THEN {said} END AS said FROM {history}) "  # noqa: S608 - as above
        f"SELECT coalesce(now.{key}, last.{key}), now.{key} IS NOT NULL FROM (SELECT {key}, {said} AS said FROM {table}) now "
        f"FULL JOIN ({last}) last ON last.{key} = now.{key} WHERE now.said IS DISTINCT FROM last.said"
    )


def _by_columns(model: type[models.Model]) -> Iterator[tuple[str, bool]]:
    quote, fields = connection.ops.quote_name, _kept_fields(model)
    key, table, history = quote(str(model._meta.pk.column)), quote(model._meta.db_table), quote(_history_of(model))
    newest = f"SELECT max(history_id) AS id FROM {history} GROUP BY {key}"  # noqa: S608 - names of our own tables
    last = f"SELECT entry.* FROM {history} entry JOIN ({newest}) newest ON newest.id = entry.history_id"  # noqa: S608 - as above
    # SQLite before 3.39 knows the comparison by this name only.
    changed = " OR ".join(f"last.{quote(str(field.column))} IS NOT now.{quote(str(field.column))}" for field in fields)
    yield from _rows(
        f"SELECT now.{key}, 1 FROM {table} now LEFT JOIN ({last}) last ON last.{key} = now.{key} "  # noqa: S608 - as above
        f"WHERE last.{key} IS NULL OR last.history_type = '-' OR {changed}"
    )
    yield from _rows(
        f"SELECT last.{key}, 0 FROM ({last}) last LEFT JOIN {table} now ON now.{key} = last.{key} "  # noqa: S608 - as above
        f"WHERE now.{key} IS NULL AND last.history_type <> '-'"
    )


def _kept_fields(model: Any) -> list[Any]:
    """The columns that history keeps; a model may leave out what follows from other tables."""
    kept = {field.attname for field in model.history.model._meta.concrete_fields}
    return [field for field in model._meta.concrete_fields if field.attname in kept]


def _history_of(model: Any) -> str:
    return str(model.history.model._meta.db_table)


def _rows(sql: str) -> Iterator[tuple[str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while found := cursor.fetchmany(1_000):
            yield from ((str(key), bool(is_there)) for key, is_there in found)
