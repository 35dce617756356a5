"""Changing a mapping: what another one would make of the records that are stored, putting it in force, and reading them again by it.

A record is read when its source sends it. So a mapping that changes leaves what is stored as it is, until the source sends it again or a
person has it read again: from what was sent, which is kept. Records that were sent in the names of the data dictionary were never read by
a mapping, and are left alone. Runs are written here alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from golden_records import source_systems
from golden_records.change import Change
from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.errors import RejectedRecord, StaleWrite
from golden_records.mapping import ColumnMapping, MappingErrors, parse_mapping
from golden_records.models import MappingRun, MappingRunKind, RecordState, SourceMapping, SourceRecord, StepwiseState
from golden_records.payloads import fingerprint
from golden_records.sources import SourceRecordDraft, understand
from golden_records.standardising.column_rules import MappingFault
from golden_records.storing import UnderstoodRecord, store

AT_ONCE: Final = 500
EXAMPLES: Final = 20
_MAPPINGS_BEFORE: Final = 5
"""Earlier versions of a mapping under which a stored record may have been read."""


@dataclass(slots=True)
class Looked:
    """What came of some records under another mapping: those that differ, as they would be, and counts of the others."""

    differing: list[tuple[SourceRecord, UnderstoodRecord, tuple[str, ...]]] = field(default_factory=list)
    rejected: int = 0
    others: int = 0


def is_stored(mapping: SourceMapping) -> bool:
    """Whether what a mapping reads is kept as it was sent: records are, the figures of projects are not."""
    return mapping.entity in ENTITIES


def version_of(mapping: SourceMapping) -> int:
    """Give the number of the version that is in force: that of its last entry in history."""
    history: Any = mapping.history
    found: int = history.order_by("-history_id").values_list("history_id", flat=True).first() or 0
    return found


def publish(mapping_id: int, document: Mapping[str, object], *, based_on: int, change: Change) -> SourceMapping:
    """Put a mapping in force, with `change` saying who and why. `based_on` is the version that the author saw.

    Raises `MappingErrors` with every mistake, and `StaleWrite` where it was changed since.
    """
    with transaction.atomic():
        mapping = SourceMapping.objects.select_for_update().select_related("source").get(pk=mapping_id)
        faults = _faults(mapping, document)
        if not change.reason.strip():
            faults.append(MappingFault("reason", "Say why the mapping changes.", "Write a reason."))
        if faults:
            raise MappingErrors(faults)
        if version_of(mapping) != based_on:
            message = f"The mapping {mapping} was changed since."
            raise StaleWrite(message, remedy="Look at it, and make your change there.", mapping=mapping.pk)
        return source_systems.save_mapping(mapping.source, mapping.entity, document, change=change)


def begin(mapping: SourceMapping, document: Mapping[str, object], *, kind: MappingRunKind, change: Change) -> MappingRun:
    """Begin to look at what a mapping changes, or to read stored records again by it. Raises `MappingErrors` with every mistake."""
    if faults := _faults(mapping, document):
        raise MappingErrors(faults)
    told: dict[str, Any] = {"actor": change.actor, "user_id": change.user_id, "created_at": change.at}
    return MappingRun.objects.create(mapping=mapping, kind=kind, document=dict(document), **told)


def running() -> list[int]:
    """Give the runs that have more to look at."""
    return list(MappingRun.objects.filter(state=StepwiseState.RUNNING).order_by("id").values_list("id", flat=True))


def step(run_id: int) -> MappingRun:
    """Look at the next records of a run, in one transaction; killed in it, nothing is done. What was done by another is not done twice."""
    with transaction.atomic():
        run = MappingRun.objects.select_for_update(of=("self",)).select_related("mapping__source").get(pk=run_id)
        if run.state != StepwiseState.RUNNING:
            return run
        entity = entity_type(run.mapping.entity)
        records = _next(entity, run)
        found = look(run.mapping, run.document, records)
        if run.kind == MappingRunKind.REREAD and found.differing:
            reason = f"read again by the mapping of {run.actor}"
            change = Change(actor=f"engine:mapping {run.mapping.pk}", reason=reason, correlation_id=f"mapping-{run.pk}")
            store(entity, [understood for _, understood, _ in found.differing], change=change)
        _count(run, records, found)
    return run


def look(mapping: SourceMapping, document: Mapping[str, object], records: Sequence[SourceRecord]) -> Looked:
    """Say what a mapping would make of stored records of its source. Writes nothing."""
    entity, found = entity_type(mapping.entity), Looked()
    new, before = _parsed(mapping, document), _read_by(mapping)
    for record in records:
        if not any(_is_read_by(record, each) for each in before):
            found.others += 1
            continue
        try:
            understood = _understood(entity, mapping, record, new)
        except RejectedRecord:
            found.rejected += 1
            continue
        names = tuple(name for name in entity.attribute_names if understood.values.get(name) != getattr(record, name))
        if names:
            found.differing.append((record, understood, names))
    return found


def _next(entity: EntityType, run: MappingRun) -> list[Any]:
    rows = entity.records.filter(source_id=run.mapping.source_id, state=RecordState.ACTIVE, id__gt=run.cursor)
    return list(rows.order_by("id")[:AT_ONCE])


def _count(run: MappingRun, records: Sequence[SourceRecord], found: Looked) -> None:
    run.looked_at += len(records)
    run.differing += len(found.differing)
    run.rejected += found.rejected
    run.others += found.others
    run.attributes = dict(Counter(run.attributes) + Counter(name for _, _, names in found.differing for name in names))
    run.examples = [*run.examples, *(record.pk for record, _, _ in found.differing)][:EXAMPLES]
    if records:
        run.cursor = records[-1].pk
    if len(records) < AT_ONCE:
        run.state, run.finished_at = StepwiseState.COMPLETED, timezone.now()
    run.save()


def _understood(entity: EntityType, mapping: SourceMapping, record: SourceRecord, by: ColumnMapping) -> UnderstoodRecord:
    at = record.source_updated_at
    draft = SourceRecordDraft(entity, mapping.source, record.external_id, payload=record.payload, source_updated_at=at)
    # What the source sends meanwhile is newer, whatever its own clock says.
    return replace(understand(draft, mapping=by), held_since=record.updated_at)


def _is_read_by(record: SourceRecord, mapping: ColumnMapping) -> bool:
    """Whether a record was read by a mapping: what that makes of what was sent has the fingerprint that was kept."""
    meaning = mapping.apply(record.payload).attributes
    told = fingerprint(payload=record.payload, meaning=meaning, source_updated_at=record.source_updated_at)
    return told == record.fingerprint


def _read_by(mapping: SourceMapping) -> list[ColumnMapping]:
    """Give the versions of a mapping that stored records may have been read by, the newest first; those that differ."""
    history: Any = mapping.history
    documents: list[object] = []
    for document in [mapping.document, *history.order_by("-history_id").values_list("document", flat=True)[: 4 * _MAPPINGS_BEFORE]]:
        if document not in documents:
            documents.append(document)
    found = []
    for document in documents[: _MAPPINGS_BEFORE + 1]:
        try:
            found.append(parse_mapping(document, source_systems.attributes_for(mapping.entity)))
        except MappingErrors:
            # One of an earlier release, which had other attributes: nothing of today is read by it.
            continue
    return found


def _parsed(mapping: SourceMapping, document: Mapping[str, object]) -> ColumnMapping:
    return parse_mapping(document, source_systems.attributes_for(mapping.entity))


def _faults(mapping: SourceMapping, document: Mapping[str, object]) -> list[MappingFault]:
    try:
        _parsed(mapping, document)
    except MappingErrors as error:
        return list(error.faults)
    return []
