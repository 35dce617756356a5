"""What every reader gives: rows with their numbers, and the limits that keep any file from filling the memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from golden_records.errors import UnreadableFile
from golden_records.standardising.problems import Problem, Severity, shown

LARGEST_FIELD: Final = 1024 * 1024
LARGEST_ROW: Final = 4 * LARGEST_FIELD
MOST_COLUMNS: Final = 1_000
WHOLE_ROW: Final = "row"
"""What a problem names that is not about one field."""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row of a file, numbered from 1 without the header; with `problems`, it can't be taken as it is."""

    number: int
    values: Mapping[str, object]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller knows of a file; None leaves it to be found out."""

    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that was recognised. `rows` reads it from its beginning, in bounded memory.

    `columns` are those of the header; where a file has none (NDJSON), those of its first rows, and `header` is False.
    `description` says in words what it was taken for; `row_count` is known for some formats.
    """

    path: Path
    description: str
    columns: tuple[str, ...]
    header: bool
    rows: Callable[[], Iterator[ReadRow]]
    row_count: int | None = None


def unreadable(path: Path, reason: str, remedy: str, **where: object) -> UnreadableFile:
    """Make the error for a file that can't be imported as a whole, with its name."""
    return UnreadableFile(f"{path.name}: {reason}", remedy=remedy, file=path.name, **where)


def checked_columns(path: Path, columns: Sequence[str]) -> tuple[str, ...]:
    """Give the names of the columns as they are used; raises `UnreadableFile` for too many, or two of one name."""
    if len(columns) > MOST_COLUMNS:
        raise unreadable(path, f"it has {len(columns):,} columns, {MOST_COLUMNS:,} are allowed.", "Export the needed columns only.")
    # A line that ends with a delimiter has a last column without a name.
    named = [name.strip() or f"column {number}" for number, name in enumerate(columns, start=1)]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise unreadable(path, f"the header has these columns twice: {', '.join(twice)}.", "Give each column a name of its own.")
    return tuple(named)


def row_problem(value: object, reason: str, remedy: str) -> Problem:
    """Say what is wrong with a row as a whole."""
    return Problem(WHOLE_ROW, shown(value), reason, remedy, Severity.ERROR)


def too_large(path: Path, row: int, what: str, limit: int) -> UnreadableFile:
    """Make the error for a row or a field beyond the limits; what follows it can't be told apart any more."""
    reason = f"row {row:,}: {what} of more than {limit // LARGEST_FIELD} MiB."
    remedy = "Look for a quotation mark that is never closed, or shorten the value in the source."
    return unreadable(path, reason, remedy, row=row)
