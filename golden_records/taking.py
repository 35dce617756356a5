"""Taking rows in, whatever they came in: stored, or put into quarantine, and counted, in one transaction a chunk."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import DataError, InterfaceError, OperationalError, connection, transaction

from golden_records import imports
from golden_records.change import Change
from golden_records.errors import Busy, MdmError, RejectedRecord
from golden_records.garbage import no_search_for_cycles
from golden_records.keeping import BadRow, erased_among, keep_rows
from golden_records.models import ImportJob
from golden_records.readers.rows import row_problem
from golden_records.row_kinds import Outcome, row_kind
from golden_records.sources import rejected
from golden_records.storing import StoreOutcome

QUARANTINED: Final = "quarantined"
REFUSED: Final = "refused"
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Row:
    """A row on its way in: `as_sent`, and what it means to its kind (`row_kinds.RowKind`), or the error that keeps it out.

    A `RejectedRecord` waits in quarantine; of a row with any other error nothing is kept.
    """

    as_sent: BadRow | None
    meaning: Any


Taken = Outcome | MdmError


def take(job: ImportJob, rows: Sequence[Row], *, change: Change, of_file: bool = True) -> list[Taken]:
    """Store a chunk of rows and count it on its job, in one transaction; a few times over where others hold its rows.

    The answers are in the order of the rows. Of several rows on one record each is stored as if the ones before it had been. What
    waits in quarantine belongs to the job where it is that `of_file`. Raises `TakenOver` where the job is somebody else's by now.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with no_search_for_cycles(), transaction.atomic():
                outcomes = _without_erased(rows, _store(rows, change))
                _keep(rows, outcomes, change, job if of_file else None)
                counts = _counts(outcomes)
                imports.record_progress(job, len(rows), counts)
        except imports.TakenOver:
            raise
        except (Busy, InterfaceError, OperationalError):
            if attempt == _ATTEMPTS:
                raise
            connection.close_if_unusable_or_obsolete()
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads clients, protects nothing
        else:
            imports.advance(job, len(rows), counts)
            return outcomes
    message = "Others are writing the same records."
    raise Busy(message, remedy="Send them again.")


def _store(rows: Sequence[Row], change: Change) -> list[Taken]:
    outcomes: dict[int, Taken] = {}
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if isinstance(row.meaning, MdmError):
            outcomes[place] = row.meaning
        elif row.as_sent is not None:
            by_kind[row.as_sent.entity].append(place)
    # In one order, whatever the order of the rows: of two who take the same in, neither waits for the other in a circle.
    for kind, places in sorted(by_kind.items()):
        outcomes |= zip(places, _outcomes(kind, [rows[place].meaning for place in places], change), strict=True)
    return [outcomes[place] for place in range(len(rows))]


def _outcomes(kind: str, meanings: Sequence[Any], change: Change) -> list[Outcome]:
    try:
        with transaction.atomic():
            return row_kind(kind).store(meanings, change)
    except DataError:
        # A value that standardising let through and the database does not take: found row by row, the rest goes on.
        return [_outcome_alone(kind, meaning, change) for meaning in meanings]


def _outcome_alone(kind: str, meaning: Any, change: Change) -> Outcome:
    try:
        with transaction.atomic():
            return row_kind(kind).store([meaning], change)[0]
    except DataError as error:
        reason = f"The database refused the row: {error}".partition("\n")[0]
        return rejected("", [row_problem("", reason, "Mend the value in the source, and report this: it should have been told earlier.")])


def _without_erased(rows: Sequence[Row], outcomes: Sequence[Taken]) -> list[Taken]:
    """Say of rows that would be kept in quarantine, and whose record was erased and is not to come back, that they are suppressed."""
    bad = {
        place: _bad_row(row.as_sent, outcome)
        for place, (row, outcome) in enumerate(zip(rows, outcomes, strict=True))
        if row.as_sent is not None and isinstance(outcome, RejectedRecord)
    }
    found = list(outcomes)
    for place in erased_among(bad):
        found[place] = StoreOutcome.SUPPRESSED
    return found


def _keep(rows: Sequence[Row], outcomes: Sequence[Taken], change: Change, job: ImportJob | None) -> None:
    bad = [
        _bad_row(row.as_sent, outcome)
        for row, outcome in zip(rows, outcomes, strict=True)
        if row.as_sent is not None and isinstance(outcome, RejectedRecord)
    ]
    keep_rows(bad, change=change, job=job)


def _bad_row(as_sent: BadRow, error: RejectedRecord) -> BadRow:
    problems: object = error.data["problems"]
    external_id = as_sent.external_id or str(error.data["external_id"])
    return replace(as_sent, problems=problems if isinstance(problems, list) else [], external_id=external_id)


def _counts(outcomes: Sequence[Taken]) -> Mapping[str, int]:
    return Counter(outcome_name(outcome) for outcome in outcomes)


def outcome_name(outcome: Taken) -> str:
    """Name what became of a row, as its job counts it."""
    if isinstance(outcome, RejectedRecord):
        return QUARANTINED
    return REFUSED if isinstance(outcome, MdmError) else str(outcome)
