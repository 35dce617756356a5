"""Readings: which personal data of whom was given to which program, for the audit log."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from rest_framework.request import Request

from api.views import change_of, client_of
from golden_records import auditing
from golden_records.auditing import Reading
from golden_records.entities import EntityType

REASON: Final = "read through the API"


def gave_golden_records(request: Request, entity: EntityType, given: Iterable[tuple[UUID, Mapping[str, Any]]]) -> None:
    """Keep that golden records were given, each with its values; those that tell nothing of a person are left out."""
    personal = _personal(entity)
    told = {golden_id: {name for name in personal if values.get(name) is not None} for golden_id, values in given}
    _keep(request, entity.name, {golden_id: names for golden_id, names in told.items() if names})


def gave_source_record(request: Request, entity: EntityType, source: str, row: Mapping[str, Any]) -> None:
    """Keep that a source record was given; `row` has its columns and `external_id`.

    A program of the record's own source learns nothing that it did not say itself: that is no reading.
    """
    own = client_of(request).source
    names = {name for name in _personal(entity) if row[name] is not None}
    if names and (own is None or own.code != source):
        _keep(request, entity.name, {row["golden_id"]: names}, subject=f"{source}/{row['external_id']}")


def gave_values(request: Request, entity: EntityType, told: Iterable[tuple[UUID, Iterable[str]]]) -> None:
    """Keep that values of golden records were given: which attributes of which."""
    personal = _personal(entity)
    found: dict[UUID, set[str]] = {}
    for golden_id, names in told:
        if given := personal.intersection(names):
            found.setdefault(golden_id, set()).update(given)
    _keep(request, entity.name, found)


def _keep(request: Request, kind: str, found: Mapping[Any, set[str]], *, subject: str | None = None) -> None:
    if found:
        names = sorted(set().union(*found.values()))
        golden_ids = [golden_id for golden_id in found if golden_id is not None]
        auditing.reading(Reading(kind, golden_ids, names, subject=subject), change=change_of(request, reason=REASON))


def _personal(entity: EntityType) -> frozenset[str]:
    return frozenset(spec.name for spec in entity.attributes if spec.personal)
