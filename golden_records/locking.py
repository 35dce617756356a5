"""Locking rows: golden records first, read in the same statement, then source records, each in the order of their ids.

Nobody else locks them. Two transactions that follow this order never wait for each other in a circle. Blocking keys and the like,
which matching locks before, and the assertion that the order is kept, are in `matching.locks`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db import connection

from golden_records.entities import EntityType, entity_type
from golden_records.errors import UnknownGoldenRecord
from golden_records.models.lookups import Given
from golden_records.remembered import Remembered, Row

CONTENT: Final = ("state", "successor_id", "lineage", "completeness", "member_count", "pins", "due_on")
"""What survivorship writes of a golden record beside its attributes."""

GoldenRow = dict[str, Any]


class LockedRows(Mapping[UUID, GoldenRow]):
    """Golden records by id, in the order of their ids. Of most of the many that are locked only the id is asked: a row is made then."""

    def __init__(self, names: tuple[str, ...], rows: Iterable[tuple[UUID, Row]], query: Remembered) -> None:
        """Keep the rows as they were read, the id first."""
        self._names = names
        self._query = query
        self._read = dict(rows)
        self._made: dict[UUID, GoldenRow] = {}

    def __getitem__(self, golden_id: UUID) -> GoldenRow:
        """Give a golden record as it is."""
        made = self._made.get(golden_id)
        if made is None:
            values = self._query.converted(self._read[golden_id])
            made = self._made[golden_id] = dict(zip(self._names, values, strict=True))
        return made

    def __iter__(self) -> Iterator[UUID]:
        """Go through the ids."""
        return iter(self._read)

    def __len__(self) -> int:
        """Count the golden records."""
        return len(self._read)

    def __contains__(self, golden_id: object) -> bool:
        """Say whether a golden record is among them."""
        return golden_id in self._read


def lock_goldens(entity: EntityType, *, golden_ids: Iterable[UUID] = (), record_ids: Iterable[int] = ()) -> LockedRows:
    """Lock these golden records, and those that these source records are in now, in the order of their ids.

    One statement: where the locks had to be waited for, a record may have moved since it was looked up.
    """
    query = _query(entity.name)
    rows = query.as_read(golden_ids=list(golden_ids), record_ids=list(record_ids))
    return LockedRows(_names(entity), ((_as_id(row[0]), row) for row in rows), query)


def lock_known_goldens(entity: EntityType, golden_ids: Iterable[UUID]) -> LockedRows:
    """Do as `lock_goldens`; raises `UnknownGoldenRecord` where there is no golden record of an id."""
    wanted = set(golden_ids)
    found = lock_goldens(entity, golden_ids=wanted)
    for golden_id in sorted(wanted - found.keys()):
        message = f"There is no golden {entity.name} {golden_id}."
        raise UnknownGoldenRecord(message, golden=str(golden_id))
    return found


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A locked source record: its version, and where it is."""

    version: int
    golden_id: UUID | None


def lock_records(entity: EntityType, record_ids: Iterable[int], *, at_once: bool = False) -> dict[int, RecordRow]:
    """Lock these source records; the golden records that they are in, and are to be in, are locked already where any are.

    With `at_once`, which is for who holds source records already, the database's error comes instead of waiting.
    """
    rows = entity.records.filter(id__any=list(record_ids)).select_for_update(nowait=at_once and connection.features.has_select_for_update)
    return {pk: RecordRow(version, home) for pk, version, home in rows.order_by("id").values_list("id", "version", "golden_id")}


@cache
def _query(entity_name: str) -> Remembered:
    entity = entity_type(entity_name)

    def query() -> Any:
        # A union, not a disjunction: with that, every golden record there is would be read.
        of_records = entity.records.order_by().filter(id__any=Given("record_ids"), golden_id__isnull=False).values("golden_id")
        named = entity.goldens.order_by().filter(id__any=Given("golden_ids")).values("id").union(of_records)
        return entity.goldens.select_for_update().filter(id__in=named).order_by("id").values_list(*_names(entity))

    return Remembered(query)


def _names(entity: EntityType) -> tuple[str, ...]:
    return ("id", *CONTENT, "version", *entity.attribute_names)


def _as_id(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
