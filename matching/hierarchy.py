"""The use cases of the hierarchy: a steward's word on a parent, and following the change feed, each under the locks."""

import time
from typing import Final
from uuid import UUID

from django.utils import timezone

from golden_records import outbox, overriding
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import MdmError, NothingToUndo, StaleWrite, UnknownGoldenRecord
from golden_records.hierarchy.following import Concerned, concerned, moved_on, naming_a_parent, settled_up_to
from golden_records.hierarchy.links import parent_attribute
from golden_records.hierarchy.settling import settle
from golden_records.models import GoldenState, Override
from golden_records.overriding import Wish
from matching.locks import MatchGuard, Restart, in_transaction

_AT_ONCE: Final = 500


class NoHierarchy(MdmError):
    """Golden records of this entity type have no parents."""

    code = "no_hierarchy"
    title = "There is no hierarchy"


def set_parent(entity: EntityType, golden_id: UUID, parent_id: UUID | None, *, change: Change) -> Override:
    """Let a steward's word on the parent stand, whatever the sources say; None says that there is none.

    It is an override of the attribute that names the parent, and takes the place of one that stands. Raises what
    `golden_records.overriding.override` raises, `HierarchyLoop` where it would be its own ancestor, and `NoHierarchy`.
    """
    name = _attribute(entity)
    wish = Wish(name, values={name: str(parent_id) if parent_id is not None else None})

    def work(guard: MatchGuard) -> Override:
        standing = _stand_by(guard, entity, golden_id, name)
        return overriding.override(entity, golden_id, wish, change=change, instead_of=standing)

    return in_transaction(work)


def clear_parent(entity: EntityType, golden_id: UUID, *, change: Change) -> Override:
    """Take a steward's word on the parent back: the sources' parent is its parent again. Raises `NothingToUndo` where there is none."""
    name = _attribute(entity)

    def work(guard: MatchGuard) -> Override:
        standing = _stand_by(guard, entity, golden_id, name)
        if standing is None:
            message = f"No steward named a parent of golden {entity.name} {golden_id}."
            raise NothingToUndo(message, golden=str(golden_id))
        return overriding.end(standing, change=change)

    return in_transaction(work)


def follow(entity: EntityType, *, seconds: float) -> bool:
    """Settle what the change feed tells of, for about so many seconds; says whether more is left."""
    until = time.monotonic() + seconds
    while settled_up_to(entity) < outbox.head():
        if time.monotonic() >= until:
            return True
        _one_step(entity, concerned(entity))
    return False


def settle_all(entity: EntityType) -> int:
    """Settle every golden record that names a parent or ever did, whatever the feed says; gives how many that are."""
    change = Change(actor="command:settle_hierarchy", reason="all parents were looked at anew", at=timezone.now())
    looked_at, after = 0, UUID(int=0)
    while part := list(naming_a_parent(entity).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        _settle_part(entity, part, None, change)
        looked_at, after = looked_at + len(part), part[-1]
    return looked_at


def _one_step(entity: EntityType, found: Concerned) -> None:
    reason = f"the change feed up to {found.until}"
    change = Change(actor="engine:hierarchy", reason=reason, correlation_id=f"hierarchy-{found.until}", at=timezone.now())
    parts = [found.golden_ids[start : start + _AT_ONCE] for start in range(0, len(found.golden_ids), _AT_ONCE)] or [[]]
    for number, part in enumerate(parts, start=1):
        _settle_part(entity, part, found if number == len(parts) else None, change)


def _settle_part(entity: EntityType, golden_ids: list[UUID], ended: Concerned | None, change: Change) -> None:
    def work(guard: MatchGuard) -> None:
        if golden_ids:
            guard.enter(entity)
            guard.goldens(entity, golden_ids)
            settle(entity, golden_ids, change=change)
        if ended is not None and settled_up_to(entity) == ended.since and not moved_on(entity, ended):
            raise Restart

    in_transaction(work)


def _stand_by(guard: MatchGuard, entity: EntityType, golden_id: UUID, name: str) -> Override | None:
    """Hold a golden record, and give the override by which its parent stands. Where that came with a merge, its home is held too."""
    carried = entity.goldens.filter(pk=golden_id).values_list("pins", flat=True)
    before = _entry(carried.first(), name)
    held = {golden_id} | ({UUID(before["home"])} if before else set())
    guard.enter(entity)
    rows = guard.goldens(entity, held)
    if golden_id not in rows:
        message = f"There is no golden {entity.name} {golden_id}."
        raise UnknownGoldenRecord(message, golden=str(golden_id))
    if rows[golden_id]["state"] != GoldenState.ACTIVE:
        message = f"Golden record {golden_id} is {rows[golden_id]['state']}."
        raise StaleWrite(message, remedy="Look up its successor.", golden=str(golden_id))
    entry = _entry(rows[golden_id]["pins"], name)
    if entry != before:
        raise Restart
    return overriding.find(UUID(entry["id"])) if entry else None


def _entry(pins: list[dict[str, str]] | None, name: str) -> dict[str, str] | None:
    return next((entry for entry in pins or () if entry["unit"] == name), None)


def _attribute(entity: EntityType) -> str:
    spec = parent_attribute(entity)
    if spec is None:
        message = f"A golden {entity.name} has no parent."
        raise NoHierarchy(message, remedy="Only golden records that refer to their own kind have one.", entity=entity.name)
    return spec.name
