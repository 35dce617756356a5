"""Reading CSV and its relatives: any delimiter, quoted line ends, rows that are too short or too long."""

import csv
import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from golden_records.readers.encodings import lines
from golden_records.readers.rows import (
    LARGEST_FIELD,
    LARGEST_ROW,
    OpenFile,
    ReadRow,
    checked_columns,
    row_problem,
    too_large,
    unreadable,
)

DELIMITERS: Final = (",", ";", "\t", "|")
_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SNIFFED_ROWS: Final = 50
_DECLARED: Final = re.compile(r"sep=(.)\r?\n?")


def open_delimited(path: Path, encoding: str, delimiter: str | None) -> OpenFile:
    """Recognise a file of delimited text by its header; raises `UnreadableFile` where it has none, or nothing below it."""
    delimiter = delimiter or _declared(path, encoding) or _sniffed(path, encoding)
    rows = partial(_records, path, encoding, delimiter)
    try:
        header = next(rows())
    except StopIteration:
        raise unreadable(path, "the file is empty.", "Export it again, with a header and rows.") from None
    columns = checked_columns(path, header)
    if next(islice(rows(), 1, None), None) is None:
        raise unreadable(path, "there are no rows below the header.", "Export it again, with rows.")
    description = f"CSV, {encoding}, {_NAMES.get(delimiter, repr(delimiter))}"
    return OpenFile(path, description, columns, header=True, rows=partial(_rows, path, encoding, delimiter, columns))


def _rows(path: Path, encoding: str, delimiter: str, columns: Sequence[str]) -> Iterator[ReadRow]:
    for number, cells in enumerate(islice(_records(path, encoding, delimiter), 1, None), start=1):
        if len(cells) == len(columns):
            yield ReadRow(number, dict(zip(columns, cells, strict=True)))
        else:
            yield _ragged(number, columns, cells, delimiter)


def _ragged(number: int, columns: Sequence[str], cells: list[str], delimiter: str) -> ReadRow:
    surplus = {f"column {place}": cell for place, cell in enumerate(cells[len(columns) :], start=len(columns) + 1)}
    values = dict(zip(columns, cells, strict=False)) | surplus
    reason = f"The row has {len(cells)} cells, the header {len(columns)}."
    remedy = "Look for a delimiter, a quotation mark or a line end inside a value, and set the columns right."
    return ReadRow(number, values, (row_problem(delimiter.join(cells), reason, remedy),))


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Give the cells of each row that is not blank, the header first."""
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(_after_declaration(path, encoding), delimiter=delimiter)
    count = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise too_large(path, count, "a field", LARGEST_FIELD) from None
        if not any(cells):
            continue
        if sum(map(len, cells)) > LARGEST_ROW:
            raise too_large(path, count, "a row", LARGEST_ROW)
        yield cells
        count += 1


def _after_declaration(path: Path, encoding: str) -> Iterator[str]:
    for number, line in enumerate(lines(path, encoding)):
        if number > 0 or not _DECLARED.fullmatch(line):
            yield line


def _declared(path: Path, encoding: str) -> str | None:
    # Excel writes "sep=;" above the header, where the delimiter is not that of the reader's country.
    found = _DECLARED.fullmatch(next(lines(path, encoding), ""))
    return found[1] if found is not None else None


def _sniffed(path: Path, encoding: str) -> str:
    """Find the delimiter that cuts the first rows into the same number of cells, and into the most."""
    return max(DELIMITERS, key=lambda delimiter: _regularity(path, encoding, delimiter))


def _regularity(path: Path, encoding: str, delimiter: str) -> tuple[float, int]:
    widths = [len(cells) for cells in islice(_records(path, encoding, delimiter), _SNIFFED_ROWS)]
    if not widths or widths[0] == 1:
        return (0.0, 0)
    return (sum(width == widths[0] for width in widths) / len(widths), widths[0])
