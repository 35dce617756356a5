"""Every change of state of a golden record is told once, and nothing else is told."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from golden_records import golden, merging
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.golden import Membership
from golden_records.models import ChangeEvent, CustomerRecord, GoldenCustomer, LinkSource, SourceRecord, UnsealedEvent
from golden_records.models.golden import new_canonical_id
from golden_records.sources import SourceRecordDraft, store, understand
from tests.factories import a_change, a_record, a_source, into

CUSTOMER = entity_type("customer")

pytestmark = pytest.mark.django_db


def told(after: int = 0) -> list[tuple[str, UUID]]:
    rows = ChangeEvent.objects.filter(pk__gt=after).order_by("pk").values_list("type", "golden_id")
    return [(str(kind), golden_id) for kind, golden_id in rows]


def last_event() -> int:
    return ChangeEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def every_version_is_told() -> bool:
    newest = dict(ChangeEvent.objects.order_by("pk").values_list("golden_id", "golden_version"))
    return newest == dict(GoldenCustomer.objects.values_list("pk", "version"))


@transaction.atomic
def moved(records: Iterable[SourceRecord], golden_id: UUID, *, sent: bool = False, by: LinkSource = LinkSource.MANUAL) -> None:
    memberships = [Membership(record.pk, golden_id, by, {}, sent=sent) for record in records]
    golden.assign(CUSTOMER, memberships, change=a_change("moved"))


def sent_again(external_id: str, source: str = "crm", **attributes: object) -> None:
    draft = SourceRecordDraft(CUSTOMER, a_source(source), external_id, attributes)
    with transaction.atomic():
        stored = store(CUSTOMER, [understand(draft)], change=a_change("sent"))[0].record
    moved([stored], stored.golden_id, sent=True, by=LinkSource.AUTO)


def test_a_new_golden_record_is_told_with_its_values_and_its_record() -> None:
    record = a_record("1", legal_name="Acme", city="Lyon")
    created, linked = ChangeEvent.objects.order_by("pk")
    assert told() == [("created", record.golden_id), ("linked", record.golden_id)]
    assert created.values_after == {"kind": "organisation", "legal_name": "Acme", "city": "Lyon"}
    assert (created.before, created.golden_version) == (None, 1)
    assert (linked.source, linked.external_id, linked.golden_version) == ("crm", "1", 1)
    assert set(UnsealedEvent.objects.values_list("event_id", flat=True)) == {created.pk, linked.pk}


def test_an_update_tells_what_changed_before_and_after() -> None:
    record = a_record("1", legal_name="Acme", email="a@acme.fr")
    before = last_event()
    sent_again("1", legal_name="Acme", email="b@acme.fr")
    assert told(before) == [("updated", record.golden_id)]
    event = ChangeEvent.objects.get(pk__gt=before)
    assert (event.attributes, event.before, event.after) == (["email"], ["a@acme.fr"], ["b@acme.fr"])
    assert (event.golden_version, event.caused_by, event.differing) == (2, "crm", None)


def test_a_record_that_joins_is_told_and_the_version_with_it() -> None:
    first = a_record("1", legal_name="Acme")
    second = a_record("2", source="erp", legal_name="Acme")
    before = last_event()
    into(second, first.golden_id)
    assert told(before) == [("merged", second.golden_id), ("unlinked", second.golden_id), ("linked", first.golden_id)]
    assert every_version_is_told()


def test_the_source_whose_write_it_was_is_named_and_where_the_golden_record_differs_from_it() -> None:
    first = a_record("1", source="erp", legal_name="Acme SAS", email="erp@acme.fr")
    second = a_record("2", legal_name="Acme SAS", email="crm@acme.fr")
    before = last_event()
    moved([second], first.golden_id, sent=True)
    linked = ChangeEvent.objects.get(pk__gt=before, type="linked")
    survived = GoldenCustomer.objects.get(pk=first.golden_id).email
    assert linked.caused_by == "crm"
    assert (linked.differing == ["email"]) == (survived != "crm@acme.fr")


def test_nothing_is_told_where_nothing_changes() -> None:
    record = a_record("1", legal_name="Acme")
    before = last_event()
    into(record, record.golden_id)
    with transaction.atomic():
        assert golden.rebuild(CUSTOMER, [record.golden_id], change=a_change()) == []
    assert told(before) == []


def test_a_merge_and_its_undo_are_told() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acmé", city="Lyon")
    before = last_event()
    with transaction.atomic():
        receipt = merging.merge(
            CUSTOMER, survivor_id=one.golden_id, absorbed_id=other.golden_id, change=a_change(), terms=merging.Terms({})
        )
    kinds = told(before)
    assert ("merged", other.golden_id) in kinds
    assert ChangeEvent.objects.get(pk__gt=before, type="merged").successor_ids == [str(one.golden_id)]
    assert kinds.count(("linked", one.golden_id)) == 1
    before = last_event()
    with transaction.atomic():
        merging.undo_merge(receipt, change=a_change())
    kinds = told(before)
    assert ("unmerged", other.golden_id) in kinds
    assert (ChangeEvent.objects.get(pk__gt=before, type="unmerged").values_after or {})["city"] == "Lyon"
    assert kinds[-2:] == [("unlinked", one.golden_id), ("linked", other.golden_id)]
    assert every_version_is_told()


def test_a_split_names_what_its_records_were_given() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme Services")
    into(other, one.golden_id)
    before, new = last_event(), new_canonical_id()
    moved([other], new)
    split = ChangeEvent.objects.get(pk__gt=before, type="split")
    assert (split.golden_id, split.successor_ids) == (one.golden_id, [str(new)])
    assert ("created", new) in told(before)
    assert every_version_is_told()


def test_events_carry_who_and_why() -> None:
    record = CustomerRecord.objects.get(pk=a_record("1", legal_name="Acme").pk)
    change = Change(actor="steward:grace", reason="they told us", correlation_id="abc", config="v7")
    with transaction.atomic():
        golden.assign(CUSTOMER, [Membership(record.pk, new_canonical_id(), LinkSource.MANUAL, {})], change=change)
    events: Any = ChangeEvent.objects.filter(correlation_id="abc")
    assert {(event.actor, event.reason, event.config, event.at) for event in events} == {("steward:grace", "they told us", "v7", change.at)}
    assert [event.type for event in events.order_by("pk")] == ["created", "merged", "unlinked", "linked"]
