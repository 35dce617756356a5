"""Reading the source records that belong to golden records, as survivorship takes them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery, UUIDField

from golden_records.attributes import AttributeSpec
from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.models import Confirmation, Given, RecordState
from golden_records.remembered import Remembered, Row
from golden_records.rulebook import in_force, reads_guess, rules_of, rules_under
from golden_records.survivorship.members import Member
from golden_records.survivorship.rules import Reads, SurvivorshipRules

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
    "rules_id",
)
# What is read only for rules that ask for it, and what `Member` calls it.
_EXTRA: Final[Mapping[Reads, tuple[str, str, Callable[[Any], Any]]]] = MappingProxyType(
    {
        Reads.PROBLEMS: ("problems", "warned", lambda found: frozenset(each["field"] for each in found or ())),
        Reads.SENT_EMPTY: ("sent_empty", "sent_empty", lambda found: frozenset(found or ())),
        Reads.CONFIRMED: ("confirmed_at", "confirmed_at", lambda found: found),
    }
)
_RULES: Final = _HEAD.index("rules_id")


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

    `references` are the golden records that attributes refer to, of those attributes that were asked for. `rules_id` is the version of
    the survivorship rules that was in force when it was read.
    """

    member: Member
    external_id: str
    is_active: bool
    link: Link
    references: Mapping[str, UUID | None] = field(default_factory=dict)
    rules_id: UUID | None = None


def members_of(
    entity: EntityType,
    golden_ids: Iterable[UUID],
    record_ids: Iterable[int] = (),
    *,
    references: Sequence[AttributeSpec] = (),
    reads: frozenset[Reads] = frozenset(),
) -> list[LinkedMember]:
    """Read the source records of these golden records, and these records beside, in the order of their ids.

    One statement (two where the rules in force ask more of records than those before). Nothing is locked: memberships change only
    under the locks of the golden records. `reads` is what other rules than those in force ask of records.
    """
    names = tuple(spec.name for spec in references)
    golden_ids, record_ids = list(golden_ids), list(record_ids)
    reads |= reads_guess(entity)
    rows = _query(entity.name, names, _extra(reads)).rows(golden_ids=golden_ids, record_ids=record_ids)
    if rows and not (needed := rules_under(entity, rows[0][_RULES]).reads) <= reads:
        reads |= needed
        rows = _query(entity.name, names, _extra(reads)).rows(golden_ids=golden_ids, record_ids=record_ids)
    return [_linked_member(entity.attribute_names, names, _extra(reads), row) for row in rows]


def rules_for(entity: EntityType, members: Sequence[LinkedMember]) -> SurvivorshipRules:
    """Give the rules that were in force when these were read, under the locks that the reader held."""
    return rules_under(entity, members[0].rules_id) if members else rules_of(entity)


@cache
def _extra(reads: frozenset[Reads]) -> tuple[Reads, ...]:
    return tuple(sorted(reads))


@cache
def _query(entity_name: str, references: tuple[str, ...], extra: tuple[Reads, ...]) -> Remembered:
    entity = entity_type(entity_name)
    specs = [spec for spec in entity.attributes if spec.name in references]
    wanted = Q(golden_id__any=Given("golden_ids")) | Q(id__any=Given("record_ids"))

    def query() -> Any:
        rows = entity.records.filter(wanted).annotate(rules_id=Subquery(in_force(entity).values("id")[:1], output_field=UUIDField()))
        if Reads.CONFIRMED in extra:
            confirmed = Confirmation.objects.filter(entity=entity_name, record_id=OuterRef("id"))
            rows = rows.annotate(confirmed_at=Subquery(confirmed.values("confirmed_at")[:1]))
        rows = rows.annotate(**{f"{spec.name}_refers_to": reference(spec) for spec in specs})
        beside = (*(_EXTRA[each][0] for each in extra), *(f"{spec.name}_refers_to" for spec in specs))
        return rows.order_by("id").values_list(*_HEAD, *entity.attribute_names, *beside)

    return Remembered(query)


def reference(spec: AttributeSpec) -> Subquery:
    """Give the golden record that the value of an attribute, a source's own id, stands for; for the record's own source."""
    records = ENTITIES[str(spec.refers_to)].records
    named = records.filter(source=OuterRef("source"), external_id=OuterRef(spec.name))
    # Else SQLite would give the text that it stores, and no id.
    return Subquery(named.values("golden_id")[:1], output_field=UUIDField())


def _linked_member(names: Sequence[str], references: Sequence[str], extra: Sequence[Reads], row: Row) -> LinkedMember:
    record_id, external_id, source, trust, source_updated_at, updated_at, *linked = row[: len(_HEAD)]
    golden_id, state, match_state, link_source, link, linked_at, rules_id = linked
    after = len(_HEAD) + len(names)
    values = dict(zip(names, row[len(_HEAD) : after], strict=True))
    member = Member(record_id, source, trust, source_updated_at, updated_at, values)
    if extra:
        told = {_EXTRA[each][1]: _EXTRA[each][2](found) for each, found in zip(extra, row[after : after + len(extra)], strict=True)}
        member = replace(member, **told)
    return LinkedMember(
        member=member,
        external_id=external_id,
        is_active=state == RecordState.ACTIVE,
        link=Link(golden_id, match_state, link_source, link, linked_at),
        references=dict(zip(references, row[after + len(extra) :], strict=True)),
        rules_id=rules_id,
    )
