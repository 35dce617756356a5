"""Reading the source records that belong to golden records, as survivorship takes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from golden_records.entities import EntityType
from golden_records.models import RecordState
from golden_records.survivorship.members import Member

_HEAD: Final = (
    "id",
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
    """A source record as survivorship sees it, and its link. Only an active one takes part in survivorship."""

    member: Member
    is_active: bool
    link: Link


def members_of(entity: EntityType, golden_ids: Iterable[UUID], record_ids: Iterable[int] = ()) -> list[LinkedMember]:
    """Read the source records of these golden records, and these records beside, in the order of their ids.

    One statement. Nothing is locked: memberships change only under the locks of the golden records.
    """
    wanted = Q(golden_id__in=list(golden_ids)) | Q(id__in=list(record_ids))
    rows = entity.record._default_manager.filter(wanted).order_by("id")
    return [_linked_member(entity.attribute_names, row) for row in rows.values_list(*_HEAD, *entity.attribute_names)]


def _linked_member(names: Sequence[str], row: tuple[Any, ...]) -> LinkedMember:
    record_id, source, trust, source_updated_at, updated_at, golden_id, state, match_state, link_source, link, linked_at = row[: len(_HEAD)]
    values = dict(zip(names, row[len(_HEAD) :], strict=True))
    return LinkedMember(
        member=Member(record_id, source, trust, source_updated_at, updated_at, values),
        is_active=state == RecordState.ACTIVE,
        link=Link(golden_id, match_state, link_source, link, linked_at),
    )
