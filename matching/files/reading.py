"""Files as tables: whatever can be imported, read whole, with what could not be taken counted and named."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from golden_records.readers.files import open_file
from golden_records.readers.rows import OpenFile, ReadOptions, ReadRow, unreadable
from matching.core.column_names import role_of_name

Advance = Callable[[int], None]
"""Told how many rows are read so far."""

_CHUNK: Final = 20_000
_SHOWN: Final = 5
_DATA: Final = re.compile(r"[\d\s.,:/+()-]*\d[\d\s.,:/+()-]*|[^@\s]+@[^@\s]+\.\w+")
"""What no column is called: numbers, days, phone numbers, addresses of mail."""


@dataclass(frozen=True, slots=True)
class FileTable:
    """A file that was read: its rows in their order, what each is called in the file, and what was left out.

    `numbers` are the rows' numbers in the file, from 1, without the header. `skipped` rows could not be taken; `problems`
    tells the first of them. `headless`: the first row is data, and columns are called by their places.
    """

    path: Path
    description: str
    table: pa.Table
    numbers: NDArray[np.int64]
    skipped: int = 0
    problems: tuple[str, ...] = ()
    headless: bool = False

    @property
    def name(self) -> str:
        """What people call the file."""
        return self.path.name


def read_file(path: Path, options: ReadOptions, advance: Advance = lambda _: None) -> FileTable:
    """Read CSV in any common encoding and delimiter, NDJSON or Parquet; raises `UnreadableFile`."""
    opened = open_file(path, options)
    if opened.description == "Parquet":
        return _read_parquet(opened, advance)
    headless = _is_headless(opened)
    columns = [f"column {place}" for place in range(1, len(opened.columns) + 1)] if headless else list(opened.columns)
    # A header of an unnamed column was given its place as a name, which is no value.
    first = [None if name == f"column {place}" else name for place, name in enumerate(opened.columns, start=1)]
    head = [ReadRow(0, dict(zip(opened.columns, first, strict=True)))] if headless else []
    parts: list[pa.Table] = []
    numbers: list[int] = []
    bad: list[ReadRow] = []
    rows = _told(_all(head, opened.rows()), advance)
    while chunk := list(islice(rows, _CHUNK)):
        bad += [row for row in chunk if row.problems]
        good = [row for row in chunk if not row.problems]
        numbers += [row.number + headless for row in good]
        parts.append(_table(good, opened.columns, columns))
    if not numbers:
        raise unreadable(path, f"none of its {len(bad):,} rows can be taken: {bad[0].problems[0].reason}", bad[0].problems[0].remedy)
    table = pa.concat_tables(parts).combine_chunks()
    problems = tuple(f"row {row.number:,}: {row.problems[0].reason}" for row in bad[:_SHOWN])
    return FileTable(path, opened.description, table, np.array(numbers, np.int64), len(bad), problems, headless)


def _all(head: Sequence[ReadRow], rows: Iterator[ReadRow]) -> Iterator[ReadRow]:
    yield from head
    yield from rows


def _told(rows: Iterator[ReadRow], advance: Advance) -> Iterator[ReadRow]:
    for number, row in enumerate(rows, start=1):
        if number % _CHUNK == 0:
            advance(number)
        yield row


def _table(rows: Sequence[ReadRow], keys: Sequence[str], columns: Sequence[str]) -> pa.Table:
    values = {
        column: pa.array([_text(row.values.get(key)) for row in rows], pa.string()) for key, column in zip(keys, columns, strict=True)
    }
    return pa.table(values)


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.strip() or None
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else str(value)


def _is_headless(opened: OpenFile) -> bool:
    """Say whether the first row of a text file is data: no cell is a name that is known, and one looks like a value.

    Years as columns beside a known name stay a header.
    """
    if opened.description.startswith("NDJSON"):
        return False
    known = any(role_of_name(name) is not None for name in opened.columns)
    return not known and any(_DATA.fullmatch(name.strip()) for name in opened.columns)


def _read_parquet(opened: OpenFile, advance: Advance) -> FileTable:
    try:
        table = pq.read_table(opened.path).rename_columns(list(opened.columns))
    except (pa.ArrowException, OSError) as error:
        raise unreadable(opened.path, f"it is no readable Parquet file: {error}.", "Export it again.") from None
    columns = {name: _simple(table[name].combine_chunks()) for name in table.column_names}
    advance(table.num_rows)
    return FileTable(opened.path, opened.description, pa.table(columns), np.arange(1, table.num_rows + 1))


def _simple(column: pa.Array) -> pa.Array:
    """Give a column whose values can be told as text: lists and structures as JSON."""
    if pa.types.is_nested(column.type):
        return pa.array([None if value is None else orjson.dumps(value, default=str).decode() for value in column.to_pylist()], pa.string())
    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode().cast(pa.string())
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return pa.array([None if v is None else v.decode("utf-8", errors="replace") for v in column.to_pylist()], pa.string())
    return column
