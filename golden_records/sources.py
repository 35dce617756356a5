"""From what a source sent to what it means: mapped to the data dictionary, standardised, fingerprinted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from golden_records.entities import EntityType
from golden_records.errors import RejectedRecord
from golden_records.models import SourceSystem
from golden_records.payloads import external_id_problems, fingerprint, unstorable
from golden_records.standardising.problems import Problem
from golden_records.standardising.record import standardise
from golden_records.storing import Stored, StoreOutcome, UnderstoodRecord, store

__all__ = [
    "SourceRecordDraft",
    "StoreOutcome",
    "Stored",
    "UnderstoodRecord",
    "store",
    "understand",
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


def understand(draft: SourceRecordDraft) -> UnderstoodRecord:
    """Say what a record means. Raises `RejectedRecord` with all its problems where it can't be taken."""
    attributes = draft.attributes or {}
    payload = draft.payload if draft.payload is not None else attributes
    problems = external_id_problems(draft.external_id) + unstorable(payload)
    if problems:
        raise rejected(draft.external_id, problems)
    standardised = standardise(draft.entity.attributes, attributes, country_hint=draft.source.country or None)
    if standardised.errors:
        raise rejected(draft.external_id, standardised.problems)
    source_updated_at = _aware(draft.source_updated_at)
    return UnderstoodRecord(
        source=draft.source,
        external_id=draft.external_id,
        values=standardised.values,
        problems=[problem.as_json() for problem in standardised.warnings],
        payload=payload,
        fingerprint=fingerprint(payload=payload, meaning=attributes, source_updated_at=source_updated_at),
        source_updated_at=source_updated_at,
    )


def rejected(external_id: str, problems: Sequence[Problem]) -> RejectedRecord:
    """Make the error for a record that can't be taken, with everything that is wrong with it."""
    message = f"The record has {len(problems)} problem(s)."
    remedy = "Mend the record and send it again."
    return RejectedRecord(message, remedy=remedy, external_id=external_id, problems=[problem.as_json() for problem in problems])


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
