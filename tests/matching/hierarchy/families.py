"""The words in which the stories of the hierarchy are told: customers, parents that sources and stewards name, and what came of it."""

from typing import Any
from uuid import UUID

from django.db import transaction

from golden_records import merging, sealing
from golden_records.entities import entity_type
from golden_records.hierarchy.reading import standing_of
from golden_records.models import ChangeEvent, EventType, MergeReceipt, Override, Parentage, SourceRecord
from matching import hierarchy, verifying
from tests.factories import a_change, a_record

CUSTOMER = entity_type("customer")


def a_customer(name: str, parent: str | None = None, *, source: str = "crm") -> UUID:
    """A golden customer of one record, whose own id is its name."""
    told = {"parent": parent} if parent else {}
    golden_id: UUID = record(name, source=source, **told).golden_id
    return golden_id


def record(name: str, *, source: str = "crm", **attributes: Any) -> SourceRecord:
    """A source record alone in a golden record."""
    return a_record(name, source=source, legal_name=name, **attributes)


def heard() -> None:
    """The hierarchy hears of all that happened."""
    sealing.seal()
    assert hierarchy.follow(CUSTOMER, seconds=60) is False


def parent_of(golden_id: UUID) -> UUID | None:
    return standing_of(CUSTOMER, golden_id).parent_id


def top_of(golden_id: UUID) -> UUID:
    return standing_of(CUSTOMER, golden_id).ultimate_parent_id


def said(golden_id: UUID, parent_id: UUID | None) -> Override:
    """A steward names the parent, or says that there is none."""
    return hierarchy.set_parent(CUSTOMER, golden_id, parent_id, change=a_change("the group's chart says so"))


def took_back(golden_id: UUID) -> Override:
    return hierarchy.clear_parent(CUSTOMER, golden_id, change=a_change("a mistake"))


@transaction.atomic
def merge(survivor: UUID, absorbed: UUID) -> MergeReceipt:
    return merging.merge(
        CUSTOMER, survivor_id=survivor, absorbed_id=absorbed, change=a_change("one firm"), terms=merging.Terms({"judgement": 1})
    )


@transaction.atomic
def unmerge(receipt: MergeReceipt) -> None:
    merging.undo_merge(receipt, change=a_change("two firms"))


def told(golden_id: UUID) -> list[tuple[str | None, str | None]]:
    """The parents before and after, of each event that tells of another parent."""
    events = ChangeEvent.objects.filter(golden_id=golden_id, type=EventType.REPARENTED).order_by("id")
    return [(event.before[0], event.after[0]) for event in events if event.before and event.after]


def state_of(golden_id: UUID) -> tuple[str, list[str] | None]:
    row = Parentage.objects.get(pk=golden_id)
    return row.state, row.loop


def offences() -> list[str]:
    return [str(offence) for finding in verifying.verify() for offence in finding.offences]
