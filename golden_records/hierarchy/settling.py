"""Settling the hierarchy: the parent that is told of a golden record becomes its parent, unless that would close a loop.

Whoever settles holds the golden records whose parents may change, and takes the one lock of the hierarchy after them: of two who would
close a loop together, the second sees what the first wrote. What stands already goes on standing; of what is new, stewards' words come
first, then the older golden record.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from golden_records import bulk, outbox
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import MdmError
from golden_records.hierarchy.links import Ways, parent_attribute, ways_up
from golden_records.hierarchy.told import ToldParent, told_parents
from golden_records.history import ChangeKind, history_of
from golden_records.models import EventType, HierarchyProgress, Parentage, ParentOrigin, ParentState
from golden_records.outbox import Event

TOLD_AS: Final = "references.parent"
"""The name under which the feed tells of the parent; the attribute is a source's own id, and this is a canonical id."""

_CONTENT: Final = ("parent_id", "state", "origin", "record_id", "override_id", "loop")

Row = dict[str, Any]


class HierarchyLoop(MdmError):
    """The parent would make a golden record its own ancestor; `loop` names all that are on the way."""

    code = "hierarchy_loop"
    title = "The parent would close a loop"


def lock_hierarchy(entity: EntityType) -> int:
    """Be the only one to change the hierarchy of an entity type, up to the end of the transaction; gives how far it is settled.

    The last of the locks: golden and source records are locked before.
    """
    rows = HierarchyProgress.objects.select_for_update().filter(pk=entity.name).values_list("seq", flat=True)
    seq = rows.first()
    if seq is None:
        # Of two who come first at once, the second waits here until it can see the row.
        HierarchyProgress.objects.bulk_create([HierarchyProgress(entity=entity.name)], ignore_conflicts=True)
        seq = rows.get()
    return seq


def settle(entity: EntityType, golden_ids: Iterable[UUID], *, change: Change) -> dict[UUID, ParentState]:
    """Let the parents that are told of these golden records stand, where they can; says what became of each that ever named one.

    The caller holds the golden records and owns the transaction. A constant number of statements.
    """
    lock_hierarchy(entity)
    told = told_parents(entity, golden_ids)
    before: dict[UUID, Row] = {
        row["golden_id"]: dict(row) for row in Parentage.objects.filter(golden_id__any=[each.golden_id for each in told]).values()
    }
    after = _decided(entity, told, before)
    versions = {each.golden_id: each.version for each in told if each.version is not None}
    _write(entity, before, after, versions, change)
    return {golden_id: ParentState(row["state"]) for golden_id, row in after.items()}


def refuse_loop(entity: EntityType, golden_id: UUID, *, change: Change) -> None:
    """Settle one golden record because of a steward's word; raises `HierarchyLoop` where its parent would close a loop."""
    if settle(entity, [golden_id], change=change).get(golden_id) != ParentState.LOOP:
        return
    loop: Any = Parentage.objects.values_list("loop", flat=True).get(pk=golden_id)
    message = f"It would be its own ancestor: {' → '.join(loop)}."
    raise HierarchyLoop(message, remedy="Name another parent, or give one of these another parent first.", loop=loop)


def names_parent(entity: EntityType, unit: str) -> bool:
    """Whether this attribute names the parent in the hierarchy of the entity type."""
    spec = parent_attribute(entity)
    return spec is not None and spec.name == unit


def _decided(entity: EntityType, told: Sequence[ToldParent], before: Mapping[UUID, Row]) -> dict[UUID, Row]:
    """Say of each what becomes of it; those that named no parent, and name none, are left out."""
    ways = ways_up(entity, {each.parent_id for each in told if each.parent_id is not None})
    decided: dict[UUID, Row] = {}
    fresh: list[ToldParent] = []
    for each in told:
        held = before.get(each.golden_id)
        if held is not None and each.parent_id is not None and held["parent_id"] == each.parent_id:
            decided[each.golden_id] = _row(entity, each)
            continue
        ways.parents.pop(each.golden_id, None)
        if each.parent_id is not None:
            fresh.append(each)
        elif held is not None or each.state != ParentState.NONE:
            decided[each.golden_id] = _row(entity, each)
    for each in sorted(fresh, key=lambda each: (each.origin != ParentOrigin.STEWARD, each.golden_id)):
        decided[each.golden_id] = _placed(entity, each, ways)
    return decided


def _placed(entity: EntityType, told: ToldParent, ways: Ways) -> Row:
    parent: Any = told.parent_id
    path = ways.path(parent, end=told.golden_id)
    if path[-1] == told.golden_id:
        loop = [str(each) for each in (told.golden_id, *path)]
        return _row(entity, told) | {"parent_id": None, "state": ParentState.LOOP.value, "loop": loop}
    ways.parents[told.golden_id] = parent
    return _row(entity, told)


def _row(entity: EntityType, told: ToldParent) -> Row:
    return {
        "golden_id": told.golden_id,
        "entity": entity.name,
        "parent_id": told.parent_id,
        "state": told.state.value,
        "origin": told.origin.value if told.origin else None,
        "record_id": told.record_id,
        "override_id": told.override_id,
        "loop": None,
    }


def _write(entity: EntityType, before: Mapping[UUID, Row], after: Mapping[UUID, Row], versions: Mapping[UUID, int], change: Change) -> None:
    created = [row | {"updated_at": change.at} for golden_id, row in sorted(after.items()) if golden_id not in before]
    changed = [
        row | {"updated_at": change.at}
        for golden_id, row in sorted(after.items())
        if golden_id in before and any(before[golden_id][name] != row[name] for name in _CONTENT)
    ]
    bulk.insert(Parentage, created, copy_to=history_of(Parentage, change=change, kind=ChangeKind.CREATED))
    kept = history_of(Parentage, change=change, kind=ChangeKind.CHANGED)
    bulk.update(Parentage, changed, columns=(*_CONTENT, "updated_at"), copy_to=kept)
    moved = {row["golden_id"]: (_parent(before.get(row["golden_id"])), row["parent_id"]) for row in (*created, *changed)}
    outbox.publish(
        [
            Event(entity.name, EventType.REPARENTED, golden_id, versions[golden_id], [TOLD_AS], before=[_text(old)], after=[_text(new)])
            for golden_id, (old, new) in sorted(moved.items())
            # That one is retired or erased was told: that it has no parent then need not be.
            if old != new and golden_id in versions
        ],
        change=change,
    )


def _parent(row: Mapping[str, Any] | None) -> UUID | None:
    return row["parent_id"] if row is not None else None


def _text(golden_id: UUID | None) -> str | None:
    return None if golden_id is None else str(golden_id)
