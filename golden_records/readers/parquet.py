"""Reading Parquet, a batch of rows at a time."""

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from golden_records.readers.rows import LARGEST_FIELD, OpenFile, ReadRow, checked_columns, too_large, unreadable

_BATCH_ROWS: Final = 500
_LARGEST_GROUP: Final = 4 * 1024**3
_MOST_INFLATED: Final = 1_000
_SMALL: Final = 64 * LARGEST_FIELD
_MOST_FOOTER_ITEMS: Final = 1_000_000


def open_parquet(path: Path) -> OpenFile:
    """Recognise a Parquet file; raises `UnreadableFile` where it is damaged, empty, or claims an impossible size."""
    with _opened(path) as file:
        metadata, names = file.metadata, file.schema_arrow.names
        _check_sizes(path, metadata)
    columns = checked_columns(path, names)
    if metadata.num_rows == 0:
        raise unreadable(path, "there are no rows in it.", "Export it again, with rows.")
    return OpenFile(path, "Parquet", columns, header=True, rows=partial(_rows, path, columns), row_count=metadata.num_rows)


def _opened(path: Path, **options: Any) -> Any:
    try:
        return pq.ParquetFile(path, thrift_container_size_limit=_MOST_FOOTER_ITEMS, thrift_string_size_limit=_SMALL, **options)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _check_sizes(path: Path, metadata: Any) -> None:
    """Refuse what would unpack to many times its size before anything of it is unpacked."""
    size = path.stat().st_size
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        unpacked = sum(max(0, group.column(column).total_uncompressed_size) for column in range(group.num_columns))
        if unpacked > _LARGEST_GROUP or (unpacked > _SMALL and unpacked > _MOST_INFLATED * size):
            reason = f"row group {number + 1} unpacks to {unpacked / 1024**3:,.1f} GiB, from a file of {size:,} bytes."
            raise unreadable(path, reason, "Write it with smaller row groups.")


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[ReadRow]:
    # A text that is repeated a million times stays one text, as it is in the file.
    texts = [field.name for field in _schema(path) if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
    number = 0
    with _opened(path, read_dictionary=texts) as file:
        try:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                values = [_values(path, number, column) for column in batch.columns]
                for cells in zip(*values, strict=True):
                    number += 1
                    yield ReadRow(number, dict(zip(columns, cells, strict=True)))
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error, row=number + 1) from None


def _schema(path: Path) -> Any:
    with _opened(path) as file:
        return file.schema_arrow


def _values(path: Path, number: int, column: Any) -> list[object]:
    if pa.types.is_dictionary(column.type):
        _check_lengths(path, number, column.dictionary)
        column = column.dictionary_decode()
    elif pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type):
        _check_lengths(path, number, column)
    elif pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    elif pa.types.is_time(column.type) or pa.types.is_duration(column.type):
        column = pc.cast(column, pa.string())
    return [_plain(value) for value in column.to_pylist()]


def _check_lengths(path: Path, number: int, texts: Any) -> None:
    longest = pc.max(pc.binary_length(texts)).as_py()
    if longest is not None and longest > LARGEST_FIELD:
        raise too_large(path, number + 1, "a field", LARGEST_FIELD)


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="surrogateescape")
    return value


def _damaged(path: Path, error: Exception, **where: object) -> Exception:
    return unreadable(path, f"it is no readable Parquet file: {error}".rstrip(".") + ".", "Export it again.", **where)
