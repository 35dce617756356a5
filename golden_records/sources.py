"""From what a source sent to what it means: mapped to the data dictionary, standardised, fingerprinted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from golden_records.attributes import AttributeSpec
from golden_records.entities import EntityType
from golden_records.errors import RejectedRecord
from golden_records.mapping import EXTERNAL_ID, ColumnMapping, MappedRow
from golden_records.models import SourceSystem
from golden_records.payloads import external_id_problems, fingerprint, unstorable
from golden_records.source_systems import load_mapping, save_mapping, save_source
from golden_records.standardising.columns import is_blank
from golden_records.standardising.problems import Problem, Severity
from golden_records.standardising.record import StandardisedRecord, standardise
from golden_records.storing import Stored, StoreOutcome, UnderstoodRecord, store, store_known, store_new
from golden_records.withdrawing import held_record, keep_tombstone, withdraw

__all__ = [
    "SentRow",
    "SourceRecordDraft",
    "StoreOutcome",
    "Stored",
    "UnderstoodRecord",
    "held_record",
    "keep_tombstone",
    "load_mapping",
    "save_mapping",
    "save_source",
    "store",
    "store_known",
    "store_new",
    "understand",
    "understand_row",
    "withdraw",
]


@dataclass(frozen=True, slots=True)
class SourceRecordDraft:
    """A record as a source sends it: `attributes` in the names of the data dictionary, or `payload` in its own columns.

    `source_updated_at` is when the source changed it last, by its own clock.
    """

    entity: EntityType
    source: SourceSystem
    external_id: str
    attributes: Mapping[str, object] | None = None
    payload: Mapping[str, object] | None = None
    source_updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentRow:
    """What was sent (`payload`) and what it says in the names of the data dictionary (`mapped`).

    `held_since` is set for what waited in quarantine.
    """

    source: SourceSystem
    payload: Mapping[str, object]
    mapped: MappedRow
    held_since: datetime | None = None


def understand(draft: SourceRecordDraft, *, mapping: ColumnMapping | None = None) -> UnderstoodRecord:
    """Say what a record means. `mapping` is read from the database where a payload needs it and it is not given.

    Raises `RejectedRecord` with all its problems where it can't be taken, `NoMapping` for a payload that can't be read.
    """
    return understand_row(draft.entity, _sent(draft, mapping))


def understand_row(entity: EntityType, sent: SentRow) -> UnderstoodRecord:
    """Say what a row that was mapped already means; as `understand`."""
    standardised = standardise_row(entity.attributes, sent)
    mapped = sent.mapped
    return UnderstoodRecord(
        source=sent.source,
        external_id=mapped.external_id,
        values=standardised.values,
        problems=[problem.as_json() for problem in _warnings(mapped, standardised)],
        payload=sent.payload,
        fingerprint=fingerprint(payload=sent.payload, meaning=mapped.attributes, source_updated_at=mapped.updated_at),
        source_updated_at=mapped.updated_at,
        held_since=sent.held_since,
        sent_empty=mapped.sent_empty,
    )


def standardise_row(attributes: Sequence[AttributeSpec], sent: SentRow) -> StandardisedRecord:
    """Give the values of a row as they are stored; raises `RejectedRecord` with everything that is wrong with it."""
    mapped = sent.mapped
    problems = [problem for problem in mapped.problems if problem.severity is Severity.ERROR]
    if not any(problem.field == EXTERNAL_ID for problem in problems):
        problems += external_id_problems(mapped.external_id)
    problems += unstorable(sent.payload)
    standardised = standardise(attributes, mapped.attributes, country_hint=sent.source.country or None)
    named = {problem.field for problem in problems}
    problems += [problem for problem in standardised.errors if problem.field not in named]
    if problems:
        raise rejected(mapped.external_id, problems)
    return standardised


def rejected(external_id: str, problems: Sequence[Problem]) -> RejectedRecord:
    """Make the error for a record that can't be taken, with everything that is wrong with it."""
    message = f"The record has {len(problems)} problem(s)."
    remedy = "Mend the record and send it again."
    return RejectedRecord(message, remedy=remedy, external_id=external_id, problems=[problem.as_json() for problem in problems])


def _sent(draft: SourceRecordDraft, mapping: ColumnMapping | None) -> SentRow:
    if draft.payload is None:
        attributes = draft.attributes or {}
        emptied = tuple(name for name, value in attributes.items() if is_blank(value))
        mapped = MappedRow(draft.external_id, _aware(draft.source_updated_at), attributes, (), emptied)
        return SentRow(draft.source, attributes, mapped)
    columns = mapping or load_mapping(draft.source, draft.entity.name)
    read = columns.apply(draft.payload)
    # Who names the record need not name it again inside.
    problems = tuple(problem for problem in read.problems if problem.field != EXTERNAL_ID)
    updated_at = _aware(draft.source_updated_at) or read.updated_at
    return SentRow(draft.source, draft.payload, MappedRow(draft.external_id, updated_at, read.attributes, problems, read.sent_empty))


def _warnings(mapped: MappedRow, standardised: StandardisedRecord) -> list[Problem]:
    return [problem for problem in (*mapped.problems, *standardised.warnings) if problem.severity is Severity.WARNING]


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
