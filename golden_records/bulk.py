"""Writing many rows with one statement, the same on PostgreSQL and on SQLite (3.35 or later).

The rows go to the database as one JSON document, which it takes apart itself: for wide rows with many empty columns
that costs half of what Django's `bulk_create` costs, and a tenth of its `bulk_update`; an insert can leave alone what
exists and tell what it wrote; and one record takes the same road as ten thousand. A row is a mapping from column
attribute names (`golden_id`, not `golden`) to values; what it leaves out is NULL, so all defaults must be given.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson
from django.db import connection, models

Row = Mapping[str, object]
Field: TypeAlias = "models.Field[Any, Any]"


def insert(model: type[models.Model], rows: Sequence[Row], *, returning: Sequence[str], or_ignore: bool = False) -> list[tuple[Any, ...]]:
    """Insert the rows and give back the columns `returning` of those that were written, in no particular order.

    With `or_ignore`, a row that breaks a uniqueness is left out instead of failing, so that of two who insert the same
    at once one learns that the other was first.
    """
    if not rows:
        return []
    fields = _fields(model, {name for row in rows for name, value in row.items() if value is not None})
    given_back = [model._meta.get_field(name) for name in returning]
    columns = ", ".join(_column(field) for field in fields)
    # The condition keeps SQLite from taking ON CONFLICT for the beginning of a join.
    sql = (
        f"INSERT INTO {_table(model)} ({columns}) SELECT {columns} FROM {_rows_of_document(model, fields)} WHERE true "  # noqa: S608  # names of our own columns
        f"{'ON CONFLICT DO NOTHING ' if or_ignore else ''}RETURNING {', '.join(_column(field) for field in given_back)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [_document(fields, rows)])
        return [tuple(map(_from_database, given_back, row)) for row in cursor.fetchall()]


def update(model: type[models.Model], rows: Sequence[Row], *, columns: Sequence[str]) -> None:
    """Set `columns` of the rows that are named by primary key; the caller holds their locks, if it needs any."""
    if not rows:
        return
    fields, key = _fields(model, set(columns)), model._meta.pk
    settings = ", ".join(f"{_column(field)} = given.{_column(field)}" for field in fields)
    sql = (
        f"UPDATE {_table(model)} SET {settings} FROM {_rows_of_document(model, [key, *fields])} "  # noqa: S608  # as above
        f"WHERE {_table(model)}.{_column(key)} = given.{_column(key)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [_document([key, *fields], rows)])


def copy(source: type[models.Model], target: type[models.Model], ids: Iterable[Any], extra: Row) -> None:
    """Copy the rows of `source` with these primary keys to `target`, in the order of the keys, with `extra` beside."""
    keys = sorted(set(ids))
    if not keys:
        return
    key, own = source._meta.pk, _fields(target, set(extra))
    columns = ", ".join(_column(field) for field in source._meta.concrete_fields)
    sql = (
        f"INSERT INTO {_table(target)} ({columns}, {', '.join(_column(field) for field in own)}) "  # noqa: S608  # as above
        f"SELECT {columns}, {', '.join(['%s'] * len(own))} FROM {_table(source)} "
        f"WHERE {_column(key)} IN ({_keys_of_document(key)}) ORDER BY {_column(key)}"
    )
    constants: list[Any] = [field.get_db_prep_save(extra[field.attname], connection) for field in own]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*constants, orjson.dumps(keys if _on_postgresql() else [_as_stored(key, value) for value in keys]).decode()])


def _fields(model: type[models.Model], names: set[str]) -> list[Field]:
    return [field for field in model._meta.concrete_fields if field.attname in names]


def _column(field: Any) -> str:
    return connection.ops.quote_name(field.column)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _rows_of_document(model: type[models.Model], fields: Iterable[Field]) -> str:
    if _on_postgresql():
        return f"json_populate_recordset(NULL::{_table(model)}, %s::json) AS given"
    parts = ", ".join(f"json_extract(value, '$.{field.column}') AS {_column(field)}" for field in fields)
    return f"(SELECT {parts} FROM json_each(%s)) AS given"  # noqa: S608  # as above


def _keys_of_document(key: Field) -> str:
    if _on_postgresql():
        return f"SELECT each::{key.rel_db_type(connection)} FROM json_array_elements_text(%s::json) AS each"  # noqa: S608  # as above
    return "SELECT value FROM json_each(%s)"


def _document(fields: Sequence[Field], rows: Sequence[Row]) -> str:
    # A column that is left out of a row is NULL, and costs nothing.
    names = [(str(field.column), field, field.attname) for field in fields]
    if _on_postgresql():
        document = [{column: row[name] for column, _, name in names if row.get(name) is not None} for row in rows]
    else:
        document = [{column: _as_stored(field, row[name]) for column, field, name in names if row.get(name) is not None} for row in rows]
    return orjson.dumps(document, default=str).decode()


def _as_stored(field: Any, value: object) -> object:
    # PostgreSQL reads dates, numbers and ids from their texts; SQLite stores what it is given, so it must be given what
    # Django would store.
    return field.get_db_prep_save(value, connection)


def _from_database(field: Any, value: Any) -> Any:
    return field.to_python(value)
