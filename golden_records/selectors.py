"""Reading golden records: by canonical id, by the sources' own ids, with members and lineage."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from golden_records.entities import EntityType, entity_type
from golden_records.errors import Erased, UnknownGoldenRecord
from golden_records.members import members_of
from golden_records.models import GoldenRecord, GoldenState, RecordState, SourceRecord
from golden_records.survivorship.members import Value
from golden_records.survivorship.survive import Contender, Survived, Winner, contenders
from golden_records.tombstones import names_of

_LONGEST_CHAIN: Final = 100

Xref = tuple[str, str, str]
"""A source's code, an entity type's name, and the source's own id of a record."""


@dataclass(frozen=True, slots=True)
class GoldenView:
    """A golden record and how it was found: `followed` where the id that was asked for is retired."""

    golden: GoldenRecord
    asked_id: UUID
    followed: bool


@dataclass(frozen=True, slots=True)
class AttributeLineage:
    """Where the value of one attribute comes from, by which rule or override (`pin`), and what the other records say."""

    value: Value | None
    record_id: int | None
    source: str | None
    rule: str | None
    rules: str | None
    pin: str | None
    others: tuple[Contender, ...]


def golden(entity: EntityType, canonical_id: UUID) -> GoldenView:
    """Find the golden record of a canonical id; a retired one answers with its successor. One statement, most often.

    Raises `UnknownGoldenRecord`, and `Erased`.
    """
    found = follow(entity, canonical_id)
    if found.state == GoldenState.ERASED:
        raise erased(entity, canonical_id)
    return GoldenView(golden=found, asked_id=canonical_id, followed=found.pk != canonical_id)


def erased(entity: EntityType, canonical_id: UUID) -> Erased:
    """Make the error of a canonical id that was erased."""
    message = f"Golden {entity.name} {canonical_id} was erased, for good."
    return Erased(message, remedy="Erase it too: nothing of it is kept.", golden=str(canonical_id))


def follow(entity: EntityType, canonical_id: UUID) -> GoldenRecord:
    """Go from a golden record to its successor, and on, until one that is not retired (or has no successor)."""
    found = _with_successor(entity, canonical_id)
    for _ in range(_LONGEST_CHAIN):
        if found.state != GoldenState.RETIRED or found.successor_id is None:
            return cast("GoldenRecord", found)
        # The first step was read with the record itself; most chains have no second.
        found = found.successor if found.successor.state != GoldenState.RETIRED else _with_successor(entity, found.successor_id)
    message = f"The successors of golden {entity.name} {canonical_id} go round in a circle."
    raise UnknownGoldenRecord(message, golden=str(canonical_id))


def members(golden_record: GoldenRecord) -> list[SourceRecord]:
    """List the source records of a golden record with their sources, in the order of their ids. One statement."""
    records: Any = golden_record
    return list(records.records.select_related("source").order_by("id"))


def lineage(entity: EntityType, golden_record: GoldenRecord) -> Mapping[str, AttributeLineage]:
    """Say of each attribute where its value comes from and what the other records say. One statement.

    The stored lineage is told, not a new computation: it is what was decided, by the rules of that time.
    """
    winners = {name: Winner(entry["record"], entry["source"], entry["rule"]) for name, entry in golden_record.lineage.items()}
    values = {name: getattr(golden_record, name) for name in entity.attribute_names}
    active = [each.member for each in members_of(entity, [golden_record.pk]) if each.is_active]
    others = contenders(Survived(values=values, winners=winners), active)
    return {name: _attribute_lineage(values[name], golden_record.lineage.get(name, {}), others[name]) for name in values}


def resolve(xrefs: Sequence[Xref]) -> dict[Xref, UUID | None]:
    """Find the canonical ids of sources' own ids. One statement per entity type.

    The answer leaves out what no source has sent, and gives None for a record that waits to be matched. A withdrawn record
    goes on answering: what refers to it means the same customer as before.
    """
    found: dict[Xref, UUID | None] = {}
    for name in {entity for _, entity, _ in xrefs}:
        wanted = {(source, external_id) for source, entity, external_id in xrefs if entity == name}
        for row in _sent(entity_type(name), wanted):
            if (row["source__code"], row["external_id"]) in wanted:
                found[row["source__code"], name, row["external_id"]] = row["golden_id"]
    return found


def look_up(xrefs: Sequence[Xref]) -> tuple[dict[Xref, UUID | None], set[Xref]]:
    """Find the canonical ids of sources' own ids, as `resolve` does, and those whose record was erased. One statement per entity type."""
    found: dict[Xref, UUID | None] = {}
    erased = set[Xref]()
    for name in {entity for _, entity, _ in xrefs}:
        wanted = {(source, external_id) for source, entity, external_id in xrefs if entity == name}
        tombstones = names_of(entity_type(name), wanted)
        for row in _sent(entity_type(name), wanted, also=tombstones):
            code, external_id = row["source__code"], row["external_id"]
            if row["state"] == RecordState.ERASED and external_id in tombstones:
                erased.add((code, name, tombstones[external_id][1]))
            elif row["state"] != RecordState.ERASED and (code, external_id) in wanted:
                found[code, name, external_id] = row["golden_id"]
    return found, erased - found.keys()


def resolve_reference(entity: EntityType, golden_record: GoldenRecord, attribute: str) -> UUID | None:
    """Find the golden record that an attribute refers to (a project's customer, a customer's parent).

    The value is the own id of the source whose record won, so it is looked up there. None where it has no value, or
    the record is not known or not matched yet.
    """
    return references_of(entity, [golden_record])[golden_record.pk][attribute]


def references_of(entity: EntityType, golden_records: Iterable[GoldenRecord]) -> dict[UUID, dict[str, UUID | None]]:
    """Find what each attribute that refers to golden records refers to. One statement per entity type referred to.

    A steward names a parent by its canonical id, which needs no looking up.
    """
    targets = {spec.name: spec.refers_to for spec in entity.attributes if spec.refers_to is not None}
    wanted: dict[UUID, dict[str, Xref | UUID]] = {}
    for row in golden_records:
        wanted[row.pk] = {
            name: UUID(getattr(row, name)) if winner["record"] is None else (winner["source"], target, getattr(row, name))
            for name, target in targets.items()
            if (winner := row.lineage.get(name)) is not None and getattr(row, name) is not None
        }
    found = resolve([named for some in wanted.values() for named in some.values() if isinstance(named, tuple)])
    return {golden_id: {name: _referred(named.get(name), found) for name in targets} for golden_id, named in wanted.items()}


def _referred(named: Xref | UUID | None, found: Mapping[Xref, UUID | None]) -> UUID | None:
    return found.get(named) if isinstance(named, tuple) else named


def _with_successor(entity: EntityType, canonical_id: UUID) -> Any:
    goldens: Any = entity.golden._default_manager
    try:
        return goldens.select_related("successor").get(pk=canonical_id)
    except entity.golden.DoesNotExist:
        message = f"There is no golden {entity.name} {canonical_id}."
        raise UnknownGoldenRecord(message, golden=str(canonical_id)) from None


def _attribute_lineage(value: Value | None, entry: Mapping[str, Any], others: tuple[Contender, ...]) -> AttributeLineage:
    return AttributeLineage(
        value=value,
        record_id=entry.get("record"),
        source=entry.get("source"),
        rule=entry.get("rule"),
        rules=entry.get("rules"),
        pin=entry.get("pin"),
        others=others,
    )


def _sent(entity: EntityType, wanted: set[tuple[str, str]], *, also: Iterable[str] = ()) -> list[dict[str, Any]]:
    records: Any = entity.record._default_manager
    sources, external_ids = {source for source, _ in wanted}, {external_id for _, external_id in wanted}
    rows = records.filter(source__code__in=sources, external_id__any=[*external_ids, *also])
    return list(rows.values("source__code", "external_id", "golden_id", "state"))
