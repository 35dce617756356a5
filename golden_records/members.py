"""Reading the source records that belong to golden records, as survivorship takes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery, UUIDField

from golden_records.attributes import AttributeSpec
from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.models import Given, RecordState
from golden_records.remembered import Remembered, Row
from golden_records.survivorship.members import Member

_HEAD: Final = (
    "id",
    "external_id",
    "source__code",
    "source__trust",
    "source_updated_at",
    "updated_at",
    "golden_id",
    "state",
    "match_state",
    "link_source",
    "link",
    "linked_at",
)


@dataclass(frozen=True, slots=True)
class Link:
    """How a source record is tied to its golden record."""

    golden_id: UUID | None
    match_state: str
    link_source: str | None
    link: dict[str, Any]
    linked_at: datetime | None


@dataclass(frozen=True, slots=True)
class LinkedMember:
    """A source record as survivorship sees it, and its link. Only an active one takes part in survivorship.

    `references` are the golden records that attributes refer to, of those attributes that were asked for.
    """

    member: Member
    external_id: str
    is_active: bool
    link: Link
    references: Mapping[str, UUID | None] = field(default_factory=dict)


def members_of(
    entity: EntityType, golden_ids: Iterable[UUID], record_ids: Iterable[int] = (), *, references: Sequence[AttributeSpec] = ()
) -> list[LinkedMember]:
    """Read the source records of these golden records, and these records beside, in the order of their ids.

    One statement. Nothing is locked: memberships change only under the locks of the golden records.
    """
    names = tuple(spec.name for spec in references)
    rows = _query(entity.name, names).rows(golden_ids=golden_ids, record_ids=record_ids)
    return [_linked_member(entity.attribute_names, names, row) for row in rows]


@cache
def _query(entity_name: str, references: tuple[str, ...]) -> Remembered:
    entity = entity_type(entity_name)
    specs = [spec for spec in entity.attributes if spec.name in references]
    wanted = Q(golden_id__any=Given("golden_ids")) | Q(id__any=Given("record_ids"))

    def query() -> Any:
        rows = entity.records.filter(wanted).annotate(**{f"{spec.name}_refers_to": reference(spec) for spec in specs})
        return rows.order_by("id").values_list(*_HEAD, *entity.attribute_names, *(f"{spec.name}_refers_to" for spec in specs))

    return Remembered(query)


def reference(spec: AttributeSpec) -> Subquery:
    """Give the golden record that the value of an attribute, a source's own id, stands for; for the record's own source."""
    records = ENTITIES[str(spec.refers_to)].records
    named = records.filter(source=OuterRef("source"), external_id=OuterRef(spec.name))
    # Else SQLite would give the text that it stores, and no id.
    return Subquery(named.values("golden_id")[:1], output_field=UUIDField())


def _linked_member(names: Sequence[str], references: Sequence[str], row: Row) -> LinkedMember:
    record_id, external_id, source, trust, source_updated_at, updated_at, *linked = row[: len(_HEAD)]
    golden_id, state, match_state, link_source, link, linked_at = linked
    values = dict(zip(names, row[len(_HEAD) : len(_HEAD) + len(names)], strict=True))
    return LinkedMember(
        member=Member(record_id, source, trust, source_updated_at, updated_at, values),
        external_id=external_id,
        is_active=state == RecordState.ACTIVE,
        link=Link(golden_id, match_state, link_source, link, linked_at),
        references=dict(zip(references, row[len(_HEAD) + len(names) :], strict=True)),
    )
