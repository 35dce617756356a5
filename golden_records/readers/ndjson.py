"""Reading NDJSON: one JSON object per line."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import orjson

from golden_records.readers.encodings import lines
from golden_records.readers.rows import LARGEST_FIELD, OpenFile, ReadRow, checked_columns, row_problem, too_large, unreadable

_LOOKED_AT: Final = 1_000


def open_ndjson(path: Path, encoding: str) -> OpenFile:
    """Recognise a file of JSON lines by its first rows; raises `UnreadableFile` where it has none."""
    first = list(islice(_rows(path, encoding), _LOOKED_AT))
    if not first:
        raise unreadable(path, "the file is empty.", "Export it again, with rows.")
    if all(row.problems for row in first):
        raise unreadable(path, "its lines are no JSON objects.", 'Write one object per line: {"Id": "42", "Name": "…"}')
    columns = dict.fromkeys(name for row in first if not row.problems for name in row.values)
    return OpenFile(path, f"NDJSON, {encoding}", checked_columns(path, list(columns)), header=False, rows=partial(_rows, path, encoding))


def _rows(path: Path, encoding: str) -> Iterator[ReadRow]:
    number = 0
    for line in lines(path, encoding):
        if line.isspace():
            continue
        number += 1
        yield _row(path, number, line)


def _row(path: Path, number: int, line: str) -> ReadRow:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        problem = row_problem(line, f"The line is no JSON: {error}.", "Mend the line in the file and import it again.")
        return ReadRow(number, {"line": problem.value}, (problem,))
    if not isinstance(values, dict):
        problem = row_problem(line, "The line is no JSON object.", "Write one object per line.")
        return ReadRow(number, {"line": problem.value}, (problem,))
    if len(line) > LARGEST_FIELD and any(len(str(value)) > LARGEST_FIELD for value in values.values()):
        raise too_large(path, number, "a field", LARGEST_FIELD)
    return ReadRow(number, values)
