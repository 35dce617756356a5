"""Comparing tables with their histories: each row must be what the last entry of its history says."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, models

from golden_records.offences import Offence


def unlike_history(model: type[models.Model], *, entity: str) -> Iterator[Offence]:
    """Give the rows that differ from the last entry of their history or have none, and those that are gone without an entry."""
    remedy = "Somebody wrote to the database beside the service: compare the row with its history and put right what is wrong."
    name = model._meta.model_name or ""
    for key in _rows(_differing(model)):
        yield Offence(entity, {name: key}, "The row is not what the last entry of its history says.", remedy)
    for key in _rows(_vanished(model)):
        yield Offence(entity, {name: key}, "The row is gone, and its history does not say so.", remedy)


def _differing(model: type[models.Model]) -> str:
    quote, fields = connection.ops.quote_name, model._meta.concrete_fields
    # SQLite before 3.39 knows the comparison by this name only.
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    changed = " OR ".join(f"last.{quote(str(field.column))} {differs} now.{quote(str(field.column))}" for field in fields)
    key = quote(str(model._meta.pk.column))
    return (
        f"SELECT now.{key} FROM {quote(model._meta.db_table)} now LEFT JOIN ({_last_entries(model)}) last ON last.{key} = now.{key} "  # noqa: S608 - names of our own tables
        f"WHERE last.{key} IS NULL OR last.history_type = '-' OR {changed}"
    )


def _vanished(model: type[models.Model]) -> str:
    quote = connection.ops.quote_name
    key = quote(str(model._meta.pk.column))
    return (
        f"SELECT last.{key} FROM ({_last_entries(model)}) last LEFT JOIN {quote(model._meta.db_table)} now ON now.{key} = last.{key} "  # noqa: S608 - as above
        f"WHERE now.{key} IS NULL AND last.history_type <> '-'"
    )


def _last_entries(model: type[models.Model]) -> str:
    with_history: Any = model
    quote = connection.ops.quote_name
    history, key = quote(with_history.history.model._meta.db_table), quote(str(model._meta.pk.column))
    return f"SELECT entry.* FROM {history} entry JOIN (SELECT max(history_id) AS id FROM {history} GROUP BY {key}) newest ON newest.id = entry.history_id"  # noqa: S608, E501 - as above


def _rows(sql: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while found := cursor.fetchmany(1_000):
            yield from (str(key) for (key,) in found)
