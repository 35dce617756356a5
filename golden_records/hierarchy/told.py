"""Which parent is told of golden records: what survived of the sources' words, or a steward's, and whom that means now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from golden_records import selectors
from golden_records.entities import EntityType
from golden_records.hierarchy.links import parent_attribute, standing
from golden_records.models import GoldenState, ParentOrigin, ParentState
from golden_records.selectors import Xref


@dataclass(frozen=True, slots=True)
class ToldParent:
    """The parent that is told of one golden record. Where `state` is STANDS, it is active, and stands if it closes no loop.

    `version` is that of the golden record; None where that is not active, and has no parent.
    """

    golden_id: UUID
    version: int | None
    state: ParentState
    parent_id: UUID | None = None
    origin: ParentOrigin | None = None
    record_id: int | None = None
    override_id: UUID | None = None


def told_parents(entity: EntityType, golden_ids: Iterable[UUID]) -> list[ToldParent]:
    """Say which parent is told of each of these golden records, in the order of ids. A few statements, however many they are."""
    spec = parent_attribute(entity)
    if spec is None:
        return []
    columns = ("id", "state", "version", "lineage", spec.name)
    rows = list(entity.goldens.filter(id__any=golden_ids).order_by("id").values_list(*columns))
    named = {golden_id: _named(entity, lineage.get(spec.name), value) for golden_id, _state, _version, lineage, value in rows}
    found = selectors.resolve([each for each in named.values() if isinstance(each, tuple)])
    meant = {golden_id: found.get(each) if isinstance(each, tuple) else each for golden_id, each in named.items()}
    stands = standing(entity, {each for each in meant.values() if each is not None})
    return [
        _told(golden_id, version, lineage.get(spec.name) or {}, _meaning(named[golden_id], meant[golden_id], stands))
        if state == GoldenState.ACTIVE
        else ToldParent(golden_id, None, ParentState.NONE)
        for golden_id, state, version, lineage, _value in rows
    ]


def _named(entity: EntityType, winner: Mapping[str, Any] | None, value: str | None) -> Xref | UUID | None:
    """Give what names the parent: a source's own id, or a canonical id, which is how a steward names it."""
    if winner is None or value is None:
        return None
    return UUID(value) if winner["record"] is None else (winner["source"], entity.name, value)


def _meaning(named: Xref | UUID | None, meant: UUID | None, stands: Mapping[UUID, UUID | None]) -> tuple[ParentState, UUID | None]:
    if named is None:
        return ParentState.NONE, None
    if meant is None:
        return ParentState.UNKNOWN, None
    parent = stands[meant]
    return (ParentState.GONE, None) if parent is None else (ParentState.STANDS, parent)


def _told(golden_id: UUID, version: int, winner: Mapping[str, Any], meaning: tuple[ParentState, UUID | None]) -> ToldParent:
    state, parent = meaning
    pin = winner.get("pin")
    if not winner:
        return ToldParent(golden_id, version, state)
    return ToldParent(
        golden_id,
        version,
        state,
        parent,
        origin=ParentOrigin.STEWARD if pin else ParentOrigin.SOURCE,
        record_id=winner["record"],
        override_id=UUID(pin) if pin else None,
    )
