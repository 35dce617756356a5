"""What must always hold of the hierarchy, but for what it has not heard of yet."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef

from golden_records.entities import EntityType
from golden_records.hierarchy.following import is_unsettled, naming_a_parent
from golden_records.hierarchy.links import ways_up, with_hierarchy
from golden_records.hierarchy.told import ToldParent, told_parents
from golden_records.models import GoldenState, Parentage, ParentState
from golden_records.offences import Check, Offence

_AT_ONCE: Final = 1_000
_SETTLE: Final = "manage.py settle_hierarchy --all"


def _no_loop() -> Iterator[Offence]:
    for entity in with_hierarchy():
        edges = Parentage.objects.filter(entity=entity.name, parent_id__isnull=False)
        for part in _parts(edges):
            ways = ways_up(entity, part)
            for golden_id in part:
                *_above, top = ways.path(golden_id)
                # The way ends before the one that would come again.
                if top in ways.parents and not is_unsettled(entity, golden_id):
                    yield Offence(entity.name, {"golden": str(golden_id)}, "Its parents go round in a circle.", _SETTLE)


def _parents_stand() -> Iterator[Offence]:
    for entity in with_hierarchy():
        active = entity.goldens.filter(state=GoldenState.ACTIVE)
        child, parent = active.filter(pk=OuterRef("golden_id")), active.filter(pk=OuterRef("parent_id"))
        edges = Parentage.objects.filter(entity=entity.name, parent_id__isnull=False)
        wrong = edges.filter(~Exists(child) | ~Exists(parent)).order_by("golden_id").values_list("golden_id", "parent_id")
        for golden_id, parent_id in wrong.iterator():
            if parent_id is not None and not is_unsettled(entity, golden_id) and not is_unsettled(entity, parent_id):
                ids: dict[str, str | int] = {"golden": str(golden_id), "parent": str(parent_id)}
                yield Offence(entity.name, ids, "It or its parent is no active golden record.", _SETTLE)


def _as_told() -> Iterator[Offence]:
    for entity in with_hierarchy():
        for part in _parts(naming_a_parent(entity), key="pk"):
            kept = {row.golden_id: row for row in Parentage.objects.filter(golden_id__any=part)}
            for told in told_parents(entity, part):
                row = kept.get(told.golden_id)
                if not _is_as_told(row, told) and not _may_come(entity, told):
                    yield Offence(entity.name, {"golden": str(told.golden_id)}, "Its parent is not the one that is told.", _SETTLE)


def _is_as_told(row: Parentage | None, told: ToldParent) -> bool:
    if row is None:
        return told.state == ParentState.NONE
    if row.state == ParentState.LOOP:
        return told.parent_id is not None and row.loop is not None
    return (row.state, row.parent_id) == (told.state.value, told.parent_id)


def _may_come(entity: EntityType, told: ToldParent) -> bool:
    return is_unsettled(entity, told.golden_id) or (told.parent_id is not None and is_unsettled(entity, told.parent_id))


def _parts(rows: object, *, key: str = "golden_id") -> Iterator[list[UUID]]:
    after = UUID(int=0)
    while part := list(rows.filter(**{f"{key}__gt": after}).order_by(key).values_list(key, flat=True)[:_AT_ONCE]):  # type: ignore[attr-defined]  # a query
        yield part
        after = part[-1]


CHECKS: Final = (
    Check("no loop of parents", "No golden record is its own ancestor.", _no_loop),
    Check("parents stand", "Every parent is an active golden record, and so is whose parent it is.", _parents_stand),
    Check(
        "parents as told",
        "The parent of a golden record is the one that survived or a steward named, unless it would close a loop.",
        _as_told,
    ),
)
"""The checks of the hierarchy, in the order in which they are told."""
