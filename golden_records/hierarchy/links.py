"""Walking up and down a hierarchy in one statement, through golden records that were merged away."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from golden_records.attributes import AttributeSpec
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import GoldenState, Parentage

_NOWHERE: Final = (GoldenState.ERASED.value, None)


@dataclass(frozen=True, slots=True)
class Ways:
    """The next step up from each golden record: to its successor where it was merged away, else to its parent."""

    parents: dict[UUID, UUID] = field(default_factory=dict)
    successors: dict[UUID, UUID] = field(default_factory=dict)

    def path(self, start: UUID, *, end: UUID | None = None) -> list[UUID]:
        """Go up from `start`, which is first, up to `end`, to the top, or until one comes again; successors stand for what they took in."""
        path, seen, at = [], set[UUID](), start
        while at not in seen:
            seen.add(at)
            if at in self.successors:
                at = self.successors[at]
                continue
            path.append(at)
            if at == end or at not in self.parents:
                break
            at = self.parents[at]
        return path


def parent_attribute(entity: EntityType) -> AttributeSpec | None:
    """Give the attribute that names the parent: the one that refers to the entity type itself; None where it has no hierarchy."""
    return next((spec for spec in entity.attributes if spec.refers_to == entity.name), None)


def with_hierarchy() -> list[EntityType]:
    """Give the entity types that have a hierarchy."""
    return [entity for entity in ENTITIES.values() if parent_attribute(entity) is not None]


def ways_up(entity: EntityType, golden_ids: Iterable[UUID]) -> Ways:
    """Read all that lies above these golden records. One statement, which ends also where parents went round in a circle."""
    is_any, given = any_of(golden_ids)
    golden, parentage = _tables(entity)
    # Each step looks two rows up by their keys, however many there are.
    step = "golden.id, CASE WHEN golden.state = %s THEN golden.successor_id END, parentage.parent_id FROM"
    parents = f"LEFT JOIN {parentage} parentage ON parentage.golden_id = golden.id"
    sql = (
        f"WITH RECURSIVE up(id, successor, parent) AS (SELECT {step} {golden} golden {parents} WHERE golden.id {is_any} "  # noqa: S608 - our own tables
        f"UNION SELECT {step} up JOIN {golden} golden ON golden.id = coalesce(up.successor, up.parent) {parents}) "
        "SELECT id, successor, parent FROM up"
    )
    ways = Ways()
    with connection.cursor() as cursor:
        cursor.execute(sql, [GoldenState.RETIRED.value, given, GoldenState.RETIRED.value])
        for golden_id, successor, parent in cursor.fetchall():
            if successor is not None:
                ways.successors[_uuid(golden_id)] = _uuid(successor)
            elif parent is not None:
                ways.parents[_uuid(golden_id)] = _uuid(parent)
    return ways


def below(entity: EntityType, golden_id: UUID) -> list[UUID]:
    """Give a golden record and all active ones below it, also below what was merged into it, in the order of ids. One statement."""
    is_any, given = any_of([golden_id])
    golden, parentage = _tables(entity)
    child = (f"{parentage} child", "child.parent_id = down.id")
    merged = (f"{golden} merged", "merged.successor_id = down.id AND merged.state = %s")
    if connection.vendor == "postgresql":
        # Looked up by index for each one: joined as a whole, both tables would be read again at every level.
        steps = (
            f"SELECT child.golden_id FROM {child[0]} WHERE {child[1]} UNION ALL "  # noqa: S608 - our own tables
            f"SELECT merged.id FROM {merged[0]} WHERE {merged[1]}"
        )
        terms = f"SELECT step.id FROM down JOIN LATERAL ({steps}) step(id) ON true"  # noqa: S608 - as above
    else:
        terms = (
            f"SELECT child.golden_id FROM down JOIN {child[0]} ON {child[1]} UNION "  # noqa: S608 - as above
            f"SELECT merged.id FROM down JOIN {merged[0]} ON {merged[1]}"
        )
    sql = (
        f"WITH RECURSIVE down(id) AS (SELECT id FROM {golden} WHERE id {is_any} UNION {terms}) "  # noqa: S608 - our own tables
        f"SELECT golden.id FROM down JOIN {golden} golden ON golden.id = down.id WHERE golden.state = %s ORDER BY golden.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [given, GoldenState.RETIRED.value, GoldenState.ACTIVE.value])
        return [_uuid(found) for (found,) in cursor.fetchall()]


def standing(entity: EntityType, golden_ids: Iterable[UUID]) -> dict[UUID, UUID | None]:
    """Give for each canonical id the golden record that answers for it and is active; None where none is, or there is no such id."""
    wanted = missing = set(golden_ids)
    known: dict[UUID, tuple[str, UUID | None]] = {}
    while missing:
        rows = entity.goldens.filter(id__any=missing).values_list("id", "state", "successor_id")
        known |= dict.fromkeys(missing, _NOWHERE) | {golden_id: (state, successor) for golden_id, state, successor in rows}
        missing = {next_id for state, next_id in known.values() if state == GoldenState.RETIRED and next_id is not None} - known.keys()
    return {golden_id: _end(golden_id, known) for golden_id in wanted}


def leading_to(entity: EntityType, golden_id: UUID) -> set[UUID]:
    """Give a canonical id and all those that were merged into it."""
    found = last = {golden_id}
    while last:
        retired = entity.goldens.filter(successor_id__in=last, state=GoldenState.RETIRED)
        last = set(retired.values_list("id", flat=True)) - found
        found = found | last
    return found


def _end(golden_id: UUID, known: Mapping[UUID, tuple[str, UUID | None]]) -> UUID | None:
    at: UUID | None = golden_id
    seen = set[UUID]()
    while at is not None and at not in seen and known[at][0] == GoldenState.RETIRED:
        seen.add(at)
        at = known[at][1]
    return at if at is not None and known[at][0] == GoldenState.ACTIVE else None


def _tables(entity: EntityType) -> tuple[str, str]:
    quote = connection.ops.quote_name
    return quote(entity.golden._meta.db_table), quote(Parentage._meta.db_table)


def any_of(golden_ids: Iterable[UUID]) -> tuple[str, Any]:
    """Say in SQL that a column is any of many canonical ids, which are one parameter."""
    if connection.vendor == "postgresql":
        return "= ANY(%s::uuid[])", list(golden_ids)
    return "IN (SELECT value FROM json_each(%s))", orjson.dumps([each.hex for each in golden_ids]).decode()


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
