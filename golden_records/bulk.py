"""Writing many rows with one statement, the same on PostgreSQL and on SQLite (3.35 or later).

The rows go to the database as one JSON document, which it takes apart itself: for wide rows with many empty columns
that costs half of what Django's `bulk_create` costs, and a tenth of its `bulk_update`; an insert can leave alone what
exists and tell what it wrote; and one record takes the same road as ten thousand. A row is a mapping from column
attribute names (`golden_id`, not `golden`) to values; what it leaves out is NULL, so all defaults must be given.

What was written can be copied to another table (`Copy`), as it is in the table then, and rows of other tables can come with it
(`Beside`): on PostgreSQL in the same statement.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias

import orjson
from django.db import connection, models

from golden_records.planned import planned_cursor

Row = Mapping[str, object]
Field: TypeAlias = "models.Field[Any, Any]"
Model: TypeAlias = type[models.Model]

# Statements depend on the columns that have a value, and there are few such sets.
_REMEMBERED: Final = 1024
_FROM_BESIDE: Final = "SELECT key FROM beside"


@dataclass(frozen=True, slots=True)
class Copy:
    """Another table, which has the columns of the one that is written: it gets each row as well, with `extra` beside."""

    to: Model
    extra: Row


@dataclass(frozen=True, slots=True)
class Beside:
    """Rows of another table that are inserted with what is written, in their order; their keys go to `noted` as well.

    `noted` is a table whose primary key is that of the other table.
    """

    model: Model
    rows: Sequence[Row]
    noted: Model


@contextmanager
def without_waiting() -> Iterator[None]:
    """Hand statements to the database and go on while it works on them; elsewhere than on PostgreSQL, each is waited for.

    They are carried out in their order, and one that is asked for rows is waited for. The error of a statement comes at the latest at
    the end of the block, which belongs inside the transaction. COPY is not possible here.
    """
    if not _on_postgresql():
        yield
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def insert(
    model: Model,
    rows: Sequence[Row],
    *,
    returning: Sequence[str] = (),
    or_ignore: bool = False,
    copy_to: Copy | None = None,
    beside: Beside | None = None,
) -> list[tuple[Any, ...]]:
    """Insert the rows and give back the columns `returning` of those that were written, in no particular order.

    With `or_ignore`, a row that breaks a uniqueness is left out instead of failing, so that of two who insert the same
    at once one learns that the other was first.
    """
    if not rows:
        return []
    fields = _present(model, rows)
    sql = _insertion(model, tuple(field.attname for field in fields), or_ignore=or_ignore)
    given_back = [model._meta.pk, *(model._meta.get_field(name) for name in returning)]
    columns = ", ".join(map(_column, given_back))
    more = _Company(model, copy_to, beside)
    with planned_cursor(len(rows)) as cursor:
        if _on_postgresql() and more:
            cursor.execute(more.around(f"{sql} RETURNING *", columns), [_document(fields, rows), *more.parameters])
        else:
            cursor.execute(f"{sql} RETURNING {columns}", [_document(fields, rows)])
        # Who wants nothing to be told does not wait for it.
        written = cursor.fetchall() if returning or not _on_postgresql() else []
    if not _on_postgresql():
        more.follow([_from_database(given_back[0], key) for key, *_ in written])
    return [tuple(map(_from_database, given_back[1:], told)) for _, *told in written]


def insert_noted(beside: Beside) -> None:
    """Insert rows that have nothing to come with, and note their keys; one statement on PostgreSQL."""
    if not beside.rows:
        return
    fields = _present(beside.model, beside.rows)
    with planned_cursor(len(beside.rows)) as cursor:
        if _on_postgresql():
            sql = f"WITH beside AS ({_inserting(beside)}) {_noting(beside, _FROM_BESIDE)}"
            cursor.execute(sql, [_document(fields, beside.rows)])
        else:
            cursor.execute(_inserting(beside), [_document(fields, beside.rows)])
            keys = [key for (key,) in cursor.fetchall()]
            cursor.execute(_noting(beside, "SELECT value FROM json_each(%s)"), [orjson.dumps(keys).decode()])


def upsert(model: Model, rows: Sequence[Row], *, by: Sequence[str], columns: Sequence[str]) -> None:
    """Insert the rows; where one with the same `by` (a uniqueness of the table) is there, set `columns` of it instead.

    No two of the rows may have the same `by`.
    """
    if not rows:
        return
    fields = _present(model, rows)
    inserted = _insertion(model, tuple(field.attname for field in fields), or_ignore=False)
    known_by = ", ".join(map(_column, _fields(model, set(by))))
    settings = ", ".join(f"{_column(field)} = excluded.{_column(field)}" for field in _fields(model, set(columns)))
    with planned_cursor(len(rows)) as cursor:
        cursor.execute(f"{inserted} ON CONFLICT ({known_by}) DO UPDATE SET {settings}", [_document(fields, rows)])


def update(model: Model, rows: Sequence[Row], *, columns: Sequence[str], copy_to: Copy | None = None, beside: Beside | None = None) -> None:
    """Set `columns` of the rows that are named by primary key; the caller holds their locks, if it needs any."""
    if not rows:
        return
    key, fields = model._meta.pk, _fields(model, set(columns))
    sql = _revision(model, tuple(columns))
    more = _Company(model, copy_to, beside)
    with planned_cursor(len(rows)) as cursor:
        if _on_postgresql() and more:
            sql = more.around(f"{sql} RETURNING {_table(model)}.*", "NULL")
            cursor.execute(sql, [_document([key, *fields], rows), *more.parameters])
        else:
            cursor.execute(sql, [_document([key, *fields], rows)])
    if not _on_postgresql():
        more.follow([row[key.attname] for row in rows])


def update_next(model: Model, row: Row, *, columns: Sequence[str]) -> bool:
    """Set `columns`, its `version` among them, of a row whose version is the one before; says whether it is."""
    key = model._meta.pk
    sql = _revision(model, tuple(columns))
    with planned_cursor(1) as cursor:
        cursor.execute(f"{sql} AND {_table(model)}.version = given.version - 1", [_document([key, *_fields(model, set(columns))], [row])])
        return bool(cursor.rowcount)


def copy(source: Model, ids: Iterable[Any], copy_to: Copy) -> None:
    """Copy the rows of `source` with these primary keys, in the order of the keys."""
    keys = sorted(set(ids))
    if not keys:
        return
    key = source._meta.pk
    named = f"{_table(source)} WHERE {_column(key)} IN ({_keys_of_document(key)})"
    document = orjson.dumps(keys if _on_postgresql() else [_as_stored(key, value) for value in keys]).decode()
    with planned_cursor(len(keys)) as cursor:
        cursor.execute(_copying(source, copy_to, named), [*_constants(copy_to), document])


class _Company:
    """What is written together with rows of `model`: on PostgreSQL around their statement, elsewhere after it."""

    def __init__(self, model: Model, copy_to: Copy | None, beside: Beside | None) -> None:
        self._model = model
        self._copy_to = copy_to
        self._beside = beside if beside is not None and beside.rows else None

    def __bool__(self) -> bool:
        return self._copy_to is not None or self._beside is not None

    def around(self, sql: str, columns: str) -> str:
        parts = [f"written AS ({sql})"]
        if self._copy_to is not None:
            parts.append(f"copied AS ({_copying(self._model, self._copy_to, 'written')})")
        if self._beside is not None:
            parts += [f"beside AS ({_inserting(self._beside)})", f"noted AS ({_noting(self._beside, _FROM_BESIDE)})"]
        return f"WITH {', '.join(parts)} SELECT {columns} FROM written"  # noqa: S608  # names of our own columns

    @property
    def parameters(self) -> list[Any]:
        beside = self._beside
        documents = [_document(_present(beside.model, beside.rows), beside.rows)] if beside is not None else []
        return [*(_constants(self._copy_to) if self._copy_to is not None else ()), *documents]

    def follow(self, keys: Iterable[Any]) -> None:
        if self._copy_to is not None:
            copy(self._model, keys, self._copy_to)
        if self._beside is not None:
            insert_noted(self._beside)


@lru_cache(maxsize=_REMEMBERED)
def _insertion(model: Model, names: tuple[str, ...], *, or_ignore: bool) -> str:
    fields = _fields(model, set(names))
    columns = ", ".join(map(_column, fields))
    # The condition keeps SQLite from taking ON CONFLICT for the beginning of a join.
    return (
        f"INSERT INTO {_table(model)} ({columns}) SELECT {columns} FROM {_rows_of_document(model, fields)} WHERE true"  # noqa: S608  # names of our own columns
        f"{' ON CONFLICT DO NOTHING' if or_ignore else ''}"
    )


@lru_cache(maxsize=_REMEMBERED)
def _revision(model: Model, names: tuple[str, ...]) -> str:
    key, fields = model._meta.pk, _fields(model, set(names))
    settings = ", ".join(f"{_column(field)} = given.{_column(field)}" for field in fields)
    return (
        f"UPDATE {_table(model)} SET {settings} FROM {_rows_of_document(model, [key, *fields])} "  # noqa: S608  # as above
        f"WHERE {_table(model)}.{_column(key)} = given.{_column(key)}"
    )


def _copying(source: Model, copy_to: Copy, origin: str) -> str:
    return _copied(source, copy_to.to, tuple(copy_to.extra), origin)


@lru_cache(maxsize=_REMEMBERED)
def _copied(source: Model, target: Model, extra: tuple[str, ...], origin: str) -> str:
    own, kept = _fields(target, set(extra)), {field.attname for field in target._meta.concrete_fields}
    columns, added, places = (
        ", ".join(map(_column, _fields(source, kept))),
        ", ".join(map(_column, own)),
        ", ".join(map(_place, own)),
    )
    into = f"INSERT INTO {_table(target)} ({columns}, {added})"
    return f"{into} SELECT {columns}, {places} FROM {origin} ORDER BY {_column(source._meta.pk)}"  # noqa: S608  # as above


def _inserting(beside: Beside) -> str:
    names = tuple(field.attname for field in _present(beside.model, beside.rows))
    inserted = _insertion(beside.model, names, or_ignore=False)
    return f"{inserted} RETURNING {_column(beside.model._meta.pk)} AS key"


def _noting(beside: Beside, keys: str) -> str:
    return f"INSERT INTO {_table(beside.noted)} ({_column(beside.noted._meta.pk)}) {keys}"


def _constants(copy_to: Copy) -> list[Any]:
    return [field.get_db_prep_save(copy_to.extra[field.attname], connection) for field in _fields(copy_to.to, set(copy_to.extra))]


def _place(field: Any) -> str:
    # Told of which type it is, as nothing else says it of a column that is selected.
    return f"%s::{field.rel_db_type(connection)}" if _on_postgresql() else "%s"


def _present(model: Model, rows: Sequence[Row]) -> list[Field]:
    return _fields(model, {name for row in rows for name, value in row.items() if value is not None})


def _fields(model: Model, names: set[str]) -> list[Field]:
    return [field for field in model._meta.concrete_fields if field.attname in names]


@cache
def _column(field: Any) -> str:
    return connection.ops.quote_name(field.column)


@cache
def _table(model: Model) -> str:
    return connection.ops.quote_name(model._meta.db_table)


@cache
def _on_postgresql() -> bool:
    # A process works on one database; to ask the connection each time costs more than what is asked.
    return connection.vendor == "postgresql"


def _rows_of_document(model: Model, fields: Iterable[Field]) -> str:
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
        document = [{column: value for column, _, name in names if (value := row.get(name)) is not None} for row in rows]
    else:
        document = [{column: _as_stored(field, row[name]) for column, field, name in names if row.get(name) is not None} for row in rows]
    return orjson.dumps(document, default=str).decode()


def _as_stored(field: Any, value: object) -> object:
    # PostgreSQL reads dates, numbers and ids from their texts; SQLite stores what it is given, so it must be given what
    # Django would store.
    return field.get_db_prep_save(value, connection)


def _from_database(field: Any, value: Any) -> Any:
    return field.to_python(value)
