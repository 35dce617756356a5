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

_PARENT: Final = 0
_SUCCESSOR: Final = 1
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
    links, parameters = _links(entity)
    sql = (
        f"WITH RECURSIVE up(id, next, kind) AS (SELECT id, next, kind FROM ({links}) first WHERE id {is_any} "  # noqa: S608 - our own tables
        f"UNION SELECT link.id, link.next, link.kind FROM up JOIN ({links}) link ON link.id = up.next) SELECT id, next, kind FROM up"
    )
    ways = Ways()
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, given, *parameters])
        for start, end, kind in cursor.fetchall():
            (ways.successors if kind == _SUCCESSOR else ways.parents)[_uuid(start)] = _uuid(end)
    return ways


def below(entity: EntityType, golden_id: UUID) -> list[UUID]:
    """Give a golden record and all active ones below it, in the order of ids. One statement."""
    is_any, given = any_of([golden_id])
    links, parameters = _links(entity)
    table = connection.ops.quote_name(entity.golden._meta.db_table)
    sql = (
        f"WITH RECURSIVE down(id) AS (SELECT id FROM {table} WHERE id {is_any} "  # noqa: S608 - our own tables
        f"UNION SELECT link.id FROM down JOIN ({links}) link ON link.next = down.id) "
        f"SELECT golden.id FROM down JOIN {table} golden ON golden.id = down.id WHERE golden.state = %s ORDER BY golden.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [given, *parameters, GoldenState.ACTIVE.value])
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


def _links(entity: EntityType) -> tuple[str, list[Any]]:
    """Say in SQL what leads up from where: the parents that stand, and the successors of those that were merged away."""
    quote = connection.ops.quote_name
    return (
        f"SELECT golden_id AS id, parent_id AS next, {_PARENT} AS kind FROM {quote(Parentage._meta.db_table)} "  # noqa: S608 - our own tables
        f"WHERE parent_id IS NOT NULL UNION ALL SELECT id, successor_id, {_SUCCESSOR} FROM {quote(entity.golden._meta.db_table)} "
        "WHERE state = %s AND successor_id IS NOT NULL"
    ), [GoldenState.RETIRED.value]


def any_of(golden_ids: Iterable[UUID]) -> tuple[str, Any]:
    """Say in SQL that a column is any of many canonical ids, which are one parameter."""
    if connection.vendor == "postgresql":
        return "= ANY(%s::uuid[])", list(golden_ids)
    return "IN (SELECT value FROM json_each(%s))", orjson.dumps([each.hex for each in golden_ids]).decode()


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
