"""Importing a file: read in chunks, understood, stored; rows that can't be taken go to quarantine, and the rest goes on."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.db import DataError, OperationalError, transaction

from golden_records import imports
from golden_records.change import Change
from golden_records.errors import Busy, MdmError, RejectedRecord
from golden_records.keeping import BadRow, keep_rows
from golden_records.mapping import ColumnMapping
from golden_records.models import ImportJob, SourceSystem
from golden_records.readers.files import contents_of, open_file
from golden_records.readers.rows import OpenFile, ReadOptions, ReadRow, row_problem, unreadable
from golden_records.row_kinds import Outcome, RowKind, row_kind
from golden_records.source_systems import load_mapping
from golden_records.sources import SentRow, rejected

_ATTEMPTS: Final = 5
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
    waits to be matched. Raises `UnreadableFile`, `NoMapping`, `UnknownEntity`, and `Busy` while another process
    imports the same file.
    """
    options = options or ImportOptions()
    work = _Import(source, entity, row_kind(entity), load_mapping(source, entity), change)
    file = open_file(path, options.read)
    _check_columns(file, work.mapping)
    contents = contents_of(path)
    about = file.row_count or contents.lines
    job = imports.begin(source=source, entity=entity, path=path, digest=contents.digest, restart=options.restart, change=change)
    try:
        for rows in _chunks(islice(file.rows(), job.rows_done, None), options.chunk_rows):
            _import_chunk(work, job, rows)
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


def _import_chunk(work: _Import, job: ImportJob, rows: Sequence[ReadRow]) -> None:
    """Store a chunk and count it, in one transaction; a few times over where others hold its rows."""
    understood, bad = _understand(work, rows)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic():
                counts = _store(work, job, understood, bad)
                imports.record_progress(job, len(rows), counts)
        except imports.TakenOver:
            raise
        except (Busy, OperationalError):
            if attempt == _ATTEMPTS:
                raise
        else:
            imports.advance(job, len(rows), counts)
            return


def _understand(work: _Import, rows: Sequence[ReadRow]) -> tuple[list[tuple[ReadRow, Any]], list[BadRow]]:
    understood: list[tuple[ReadRow, Any]] = []
    bad: list[BadRow] = []
    for row in rows:
        try:
            if row.problems:
                raise rejected("", row.problems)
            sent = SentRow(work.source, row.values, work.mapping.apply(row.values))
            understood.append((row, work.kind.understand(sent)))
        except RejectedRecord as error:
            bad.append(_bad_row(work, row, error))
    return understood, bad


def _store(work: _Import, job: ImportJob, understood: Sequence[tuple[ReadRow, Any]], bad: Sequence[BadRow]) -> Counter[str]:
    outcomes = _outcomes(work, [record for _, record in understood])
    refused = [
        _bad_row(work, row, outcome) for (row, _), outcome in zip(understood, outcomes, strict=True) if isinstance(outcome, RejectedRecord)
    ]
    keep_rows([*bad, *refused], change=work.change, job=job)
    counts = Counter(str(outcome) for outcome in outcomes if not isinstance(outcome, RejectedRecord))
    counts["quarantined"] = len(bad) + len(refused)
    return counts


def _outcomes(work: _Import, records: Sequence[Any]) -> list[Outcome]:
    try:
        with transaction.atomic():
            return work.kind.store(records, work.change)
    except DataError:
        # A value that standardising let through and the database does not take: found row by row, the rest goes on.
        return [_outcome_alone(work, record) for record in records]


def _outcome_alone(work: _Import, record: Any) -> Outcome:
    try:
        with transaction.atomic():
            return work.kind.store([record], work.change)[0]
    except DataError as error:
        reason = f"The database refused the row: {error}".partition("\n")[0]
        return rejected("", [row_problem("", reason, "Mend the value in the source, and report this: it should have been told earlier.")])


def _bad_row(work: _Import, row: ReadRow, error: RejectedRecord) -> BadRow:
    problems, external_id = error.data["problems"], error.data["external_id"]
    return BadRow(
        source=work.source,
        entity=work.entity,
        payload=row.values,
        problems=problems if isinstance(problems, list) else [],
        external_id=str(external_id),
        number=row.number,
    )
