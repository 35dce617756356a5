"""Putting rows that can't be taken into quarantine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from golden_records import bulk
from golden_records.change import Change
from golden_records.entities import ENTITIES, EntityType
from golden_records.history import ChangeKind, write_history_of
from golden_records.models import ImportJob, QuarantinedRow, QuarantineState, SourceSystem
from golden_records.payloads import LONGEST_EXTERNAL_ID, fingerprint, storable, storable_text
from golden_records.tombstones import Name, suppressed


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be taken, as it was sent: in the source's own columns, or `is_mapped` to the data dictionary.

    `entity` may name what belongs to an entity type, as project facts do. `number` is its place in a file.
    """

    source: SourceSystem
    entity: str
    payload: Mapping[str, object]
    problems: Sequence[Mapping[str, str]]
    external_id: str = ""
    is_mapped: bool = False
    number: int | None = None
    source_updated_at: datetime | None = None


def keep_rows(rows: Sequence[BadRow], *, change: Change, job: ImportJob | None = None) -> None:
    """Put rows into quarantine; what was there before (the same row of a file that is read again) is left as it is now.

    The caller owns the transaction. Two statements, however many rows.
    """
    written = bulk.insert(QuarantinedRow, [_columns(row, change, job) for row in rows], returning=("id",), or_ignore=True)
    write_history_of(QuarantinedRow, [row_id for (row_id,) in written], change=change, kind=ChangeKind.CREATED)


def erased_among(rows: Mapping[int, BadRow]) -> set[int]:
    """Give the keys of those rows whose record was erased and is not to come back. One statement per kind of row; none for no rows."""
    by_kind: dict[str, dict[int, Name]] = {}
    for key, row in rows.items():
        by_kind.setdefault(row.entity, {})[key] = (row.source.code, row.external_id)
    erased: set[int] = set()
    for kind, names in by_kind.items():
        gone = suppressed(_entity_of(kind), names.values())
        erased |= {key for key, name in names.items() if name in gone}
    return erased


def _entity_of(kind: str) -> EntityType:
    """Give the entity type that a row belongs to: the figures of a project belong to projects."""
    return next(entity for name, entity in ENTITIES.items() if kind.startswith(name))


def fingerprint_of(row: BadRow) -> str:
    """Tell one kept row from another: two rows of a file that are the same are two."""
    place = {"row": row.number, "external_id": row.external_id, "is_mapped": row.is_mapped}
    payload = storable(row.payload)
    return fingerprint(payload=payload if isinstance(payload, dict) else {}, meaning=place, source_updated_at=row.source_updated_at)


def _columns(row: BadRow, change: Change, job: ImportJob | None) -> dict[str, Any]:
    return {
        "source_id": row.source.pk,
        "entity": row.entity,
        "job_id": job.pk if job is not None else None,
        "row_number": row.number,
        "external_id": storable_text(row.external_id)[:LONGEST_EXTERNAL_ID],
        "payload": storable(row.payload),
        "payload_is_mapped": row.is_mapped,
        "problems": storable(list(row.problems)),
        "fingerprint": fingerprint_of(row),
        "source_updated_at": row.source_updated_at,
        "state": QuarantineState.OPEN,
        "quarantined_at": change.at,
    }
