"""Importing a file: read in chunks, understood, stored; rows that can't be taken go to quarantine, and the rest goes on."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from django.utils import timezone

from golden_records import imports
from golden_records.change import Change
from golden_records.errors import MdmError, RejectedRecord
from golden_records.garbage import no_search_for_cycles
from golden_records.keeping import BadRow
from golden_records.mapping import ColumnMapping
from golden_records.models import ImportJob, SourceSystem
from golden_records.readers.files import contents_of, open_file
from golden_records.readers.rows import OpenFile, ReadOptions, ReadRow, unreadable
from golden_records.row_kinds import RowKind, row_kind
from golden_records.source_systems import check_active, load_mapping
from golden_records.sources import SentRow, rejected
from golden_records.taking import Row, take

_NOT_A_NUMBER_OF_ROWS: Final = "A chunk has at least one row."

Progress = Callable[[ImportJob, int], None]
"""Called after each chunk is committed, with the job as it is then and the number of rows of the file, about."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the caller knows of the file, how many rows are one transaction, and whether to begin again."""

    read: ReadOptions = field(default_factory=ReadOptions)
    chunk_rows: int = 500
    restart: bool = False


@dataclass(frozen=True, slots=True)
class _Import:
    """One file on its way in."""

    source: SourceSystem
    entity: str
    kind: RowKind
    mapping: ColumnMapping
    change: Change


def import_file(
    source: SourceSystem,
    entity: str,
    path: Path,
    *,
    change: Change,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportJob:
    """Take a file in: records of an entity type, or "project_fact".

    Each chunk is one transaction together with the job's counts, so that a process that is killed loses no more than
    its last chunk, and the same file goes on exactly behind it. The same file again changes nothing. A row that can't
    be taken goes to quarantine; only what makes the rest of the file unreadable stops the import. What was imported
    waits to be matched. Raises `UnreadableFile`, `NoMapping`, `UnknownEntity`, `InactiveSource`, and `Busy` while another process
    imports the same file.
    """
    options = options or ImportOptions()
    check_active(source)
    work = _Import(source, entity, row_kind(entity), load_mapping(source, entity), change)
    file = open_file(path, options.read)
    _check_columns(file, work.mapping)
    contents = contents_of(path)
    about = file.row_count or contents.lines
    job = imports.begin(source=source, entity=entity, path=path, digest=contents.digest, restart=options.restart, change=change)
    try:
        for rows in _one_ahead(_understood(work, _chunks(islice(file.rows(), job.rows_done, None), options.chunk_rows))):
            # Each chunk has its own moment: a matching run tells by it what was changed since it read.
            take(job, rows, change=replace(work.change, at=timezone.now()))
            if progress is not None:
                progress(job, about)
    except imports.TakenOver:
        raise
    except Exception as error:
        # Whatever stopped it, the job says so, and goes on from here when the file is imported again.
        imports.fail(job, error.message if isinstance(error, MdmError) else type(error).__name__)
        raise
    imports.complete(job)
    return job


def _check_columns(file: OpenFile, mapping: ColumnMapping) -> None:
    missing = mapping.missing_columns(file.columns)
    if not file.header:
        # Objects may leave out what is empty; without the source's own id there is nothing to import.
        missing = tuple(column for column in missing if column.column in mapping.external_id.columns)
    if not missing:
        return
    told = "; ".join(
        f"'{column.column}' (for {column.needed_by}"
        + (f"; is it {' or '.join(map(repr, column.suggestions))}?)" if column.suggestions else ")")
        for column in missing
    )
    remedy = f"The file has: {', '.join(file.columns[:50])}. Export the missing ones, or correct the mapping."
    raise unreadable(file.path, f"columns are missing: {told}.", remedy, columns=[column.column for column in missing])


def _chunks(rows: Iterator[ReadRow], size: int) -> Iterator[list[ReadRow]]:
    if size < 1:
        raise ValueError(_NOT_A_NUMBER_OF_ROWS)
    while chunk := list(islice(rows, size)):
        yield chunk


def _understood(work: _Import, chunks: Iterator[Sequence[ReadRow]]) -> Iterator[list[Row]]:
    for rows in chunks:
        with no_search_for_cycles():
            understood = [_row(work, row) for row in rows]
        yield understood


def _one_ahead(chunks: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """Make each chunk in a thread while the one before is dealt with: the database works on that, which leaves a core idle."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = thread.submit(next, chunks, None)
            yield chunk


def _row(work: _Import, row: ReadRow) -> Row:
    as_sent = BadRow(source=work.source, entity=work.entity, payload=row.values, problems=(), number=row.number)
    try:
        if row.problems:
            raise rejected("", row.problems)
        return Row(as_sent, work.kind.understand(SentRow(work.source, row.values, work.mapping.apply(row.values))))
    except RejectedRecord as error:
        return Row(as_sent, error)
