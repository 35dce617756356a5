"""Rows that could not be taken: kept as they were sent, mended, replayed or dismissed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from django.db import transaction

from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.errors import MdmError, RejectedRecord
from golden_records.history import ChangeKind, write_history
from golden_records.keeping import BadRow, erased_among, fingerprint_of, keep_rows
from golden_records.mapping import EXTERNAL_ID, MappedRow
from golden_records.models import QuarantinedRow, QuarantineState
from golden_records.payloads import external_id_problems
from golden_records.readers.rows import WHOLE_ROW
from golden_records.row_kinds import row_kind
from golden_records.source_systems import attributes_for, load_mapping
from golden_records.sources import SentRow, SourceRecordDraft
from golden_records.standardising.columns import is_blank
from golden_records.storing import StoreOutcome
from golden_records.tombstones import erased_record


class UnknownQuarantinedRow(MdmError):
    """No quarantined row has this number."""

    code = "unknown_quarantined_row"
    title = "Unknown quarantined row"


class AlreadyResolved(MdmError):
    """The row was replayed or dismissed already."""

    code = "already_resolved"
    title = "Already resolved"


class UnknownColumn(MdmError):
    """A correction names a column that the row can't have."""

    code = "unknown_column"
    title = "Unknown column"


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a row: stored (with `outcome`), or still in quarantine with what is wrong with it now."""

    row: QuarantinedRow
    outcome: StoreOutcome | None


def keep(draft: SourceRecordDraft, rejected: RejectedRecord, *, change: Change) -> QuarantinedRow:
    """Keep a record that was rejected, until somebody mends it; the same record again is kept once.

    Raises `Erased` for one that was erased and is not to come back.
    """
    problems = rejected.data.get("problems")
    row = BadRow(
        source=draft.source,
        entity=draft.entity.name,
        payload=draft.payload if draft.payload is not None else draft.attributes or {},
        problems=problems if isinstance(problems, list) else [],
        external_id=draft.external_id,
        is_mapped=draft.payload is None,
        source_updated_at=draft.source_updated_at,
    )
    if erased_among({0: row}):
        raise erased_record(draft.entity)
    with transaction.atomic():
        keep_rows([row], change=change)
        return QuarantinedRow.objects.get(source=row.source, entity=row.entity, fingerprint=fingerprint_of(row))


def kept_as(rows: Sequence[BadRow]) -> list[int | None]:
    """Give the number under which each row waits in quarantine; None for one that does not. One query."""
    prints = [fingerprint_of(row) for row in rows]
    kept = QuarantinedRow.objects.filter(
        source__in={row.source for row in rows}, entity__in={row.entity for row in rows}, fingerprint__in=prints
    )
    known = {(source, entity, told): pk for pk, source, entity, told in kept.values_list("pk", "source_id", "entity", "fingerprint")}
    return [known.get((row.source.pk, row.entity, told)) for row, told in zip(rows, prints, strict=True)]


@transaction.atomic
def mend_and_replay(row_id: int, corrections: Mapping[str, str], *, change: Change) -> Replay:
    """Correct values of a row, in the names in which it was sent, and take it in.

    What is still wrong afterwards is in `row.problems`, and the corrections are kept. A record that is newer than the
    row, by the source's clock or because it came after the row was quarantined, stays as it is (STALE); the row is done
    with either way. A record that was taken waits to be matched. A row whose cells do not fit the header is not taken
    before something of it was corrected. Raises `UnknownQuarantinedRow`, `AlreadyResolved`, `UnknownColumn`, and `Erased` where it turns
    out to be a record that was erased and is not to come back.
    """
    row = _locked(row_id)
    before = (row.external_id, row.payload, row.problems)
    _mend(row, corrections)
    if not corrections and any(problem["field"] == WHOLE_ROW for problem in row.problems):
        # Its cells may stand in the wrong columns; nothing tells so but the problem itself.
        return Replay(row, None)
    try:
        outcome = _store(row, change)
    except RejectedRecord as error:
        row.problems = error.data["problems"]
        if before != (row.external_id, row.payload, row.problems):
            _save(row, change)
        return Replay(row, None)
    _resolve(row, QuarantineState.REPLAYED, change)
    return Replay(row, outcome)


def replay(row_ids: Iterable[int], *, change: Change) -> list[Replay]:
    """Try rows again as they are: after a mapping was mended, or what they refer to has come. Each in its own transaction."""
    return [mend_and_replay(row_id, {}, change=change) for row_id in row_ids]


@transaction.atomic
def dismiss(row_id: int, *, change: Change) -> QuarantinedRow:
    """Set a row aside for good; the reason of the change says why. Raises `UnknownQuarantinedRow`, `AlreadyResolved`."""
    row = _locked(row_id)
    _resolve(row, QuarantineState.DISMISSED, change)
    return row


def _locked(row_id: int) -> QuarantinedRow:
    row = QuarantinedRow.objects.select_for_update(of=("self",)).select_related("source").filter(pk=row_id).first()
    if row is None:
        message = f"There is no quarantined row {row_id}."
        raise UnknownQuarantinedRow(message, row=row_id)
    if row.state != QuarantineState.OPEN:
        message = f"Quarantined row {row_id} is {row.state} already."
        raise AlreadyResolved(message, row=row_id, state=row.state)
    return row


def _mend(row: QuarantinedRow, corrections: Mapping[str, str]) -> None:
    names = [*row.payload, EXTERNAL_ID, *(spec.name for spec in attributes_for(row.entity))] if row.payload_is_mapped else _columns(row)
    unknown = sorted(name for name in corrections if name not in names)
    if unknown:
        close = get_close_matches(unknown[0], names, n=3) or names[:20]
        message = f"The row has no '{unknown[0]}'."
        raise UnknownColumn(message, remedy=f"Use one of: {', '.join(close)}.", columns=unknown)
    if row.payload_is_mapped and EXTERNAL_ID in corrections:
        row.external_id = corrections[EXTERNAL_ID]
    mended = {name: value for name, value in corrections.items() if not row.payload_is_mapped or name != EXTERNAL_ID}
    row.payload = {**row.payload, **mended}


def _columns(row: QuarantinedRow) -> list[str]:
    return list(dict.fromkeys([*row.payload, *load_mapping(row.source, row.entity).required_columns]))


def _store(row: QuarantinedRow, change: Change) -> StoreOutcome:
    kind = row_kind(row.entity)
    sent = SentRow(row.source, row.payload, _mapped(row), held_since=row.quarantined_at)
    outcome = kind.store([kind.understand(sent)], change)[0]
    if isinstance(outcome, RejectedRecord):
        raise outcome
    if outcome is StoreOutcome.SUPPRESSED:
        raise erased_record(entity_type(row.entity))
    return outcome


def _mapped(row: QuarantinedRow) -> MappedRow:
    if row.payload_is_mapped:
        emptied = tuple(name for name, value in row.payload.items() if is_blank(value))
        return MappedRow(row.external_id, row.source_updated_at, row.payload, (), emptied)
    read = load_mapping(row.source, row.entity).apply(row.payload)
    updated_at = row.source_updated_at or read.updated_at
    # What came by the API is named by its address, and need not name itself inside.
    if row.job_id is None and not external_id_problems(row.external_id):
        problems = tuple(problem for problem in read.problems if problem.field != EXTERNAL_ID)
        return MappedRow(row.external_id, updated_at, read.attributes, problems, read.sent_empty)
    return MappedRow(read.external_id, updated_at, read.attributes, read.problems, read.sent_empty)


def _resolve(row: QuarantinedRow, state: QuarantineState, change: Change) -> None:
    row.state, row.resolved_at, row.resolved_by_id = state, change.at, change.user_id
    _save(row, change)


def _save(row: QuarantinedRow, change: Change) -> None:
    written = ("external_id", "payload", "problems", "state", "resolved_at", "resolved_by")
    QuarantinedRow.objects.bulk_update([row], written)
    write_history(QuarantinedRow, [row], change=change, kind=ChangeKind.CHANGED)
