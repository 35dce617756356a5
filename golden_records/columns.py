"""Reading many rows as Arrow tables: PostgreSQL copies them out as text that Arrow reads, far quicker than objects."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import pyarrow as pa
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from pyarrow import csv

_ROWS: Final = 20_000
_BYTES: Final = 16_000_000


def tables(rows: "QuerySet[Any, Any]", schema: pa.Schema) -> Iterator[pa.Table]:
    """Give the rows of a `values_list` in their order, some ten thousand at a time, with the columns of `schema`.

    One statement. A column of text gives anything else as the database writes it (PostgreSQL) or as Python does (SQLite).
    """
    yield from _copied(rows, schema) if connection.vendor == "postgresql" else _fetched(rows, schema)


def _copied(rows: "QuerySet[Any, Any]", schema: pa.Schema) -> Iterator[pa.Table]:
    # With its values in it: Django's own cursor copies no statement with parameters where it counts statements.
    operations: Any = connection.ops
    try:
        sql = operations.compose_sql(*rows.query.sql_with_params())
    except EmptyResultSet:
        # Django has no statement for what no row can be.
        return
    lines, size = [], 0
    with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy:
        for line in copy:
            # A view of what the next line overwrites.
            lines.append(bytes(line))
            size += len(lines[-1])
            if size >= _BYTES:
                yield _read(b"".join(lines), schema)
                lines, size = [], 0
    if lines:
        yield _read(b"".join(lines), schema)


def _read(text: bytes, schema: pa.Schema) -> pa.Table:
    return csv.read_csv(
        pa.py_buffer(text),
        read_options=csv.ReadOptions(column_names=schema.names, block_size=len(text) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        # Missing is what has no quotes; an empty text has.
        convert_options=csv.ConvertOptions(
            column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


def _fetched(rows: "QuerySet[Any, Any]", schema: pa.Schema) -> Iterator[pa.Table]:
    found = rows.iterator(chunk_size=_ROWS)
    while chunk := list(islice(found, _ROWS)):
        yield pa.table([_array(list(values), field.type) for values, field in zip(zip(*chunk, strict=True), schema, strict=True)], schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == pa.string():
        values = [value if value is None or isinstance(value, str) else str(value) for value in values]
    if kind == pa.float64():
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, kind)
