"""A golden record's history reads as a story: who, when, what, why, before and after; and costs the same however long it is."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from golden_records import overriding, publishing
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import CustomerRecord, GoldenCustomer, MergeReceipt
from golden_records.overriding import Wish
from golden_records.rulebook import shipped_document
from golden_records.sources import SourceRecordDraft
from matching import regrouping, review, story
from matching.erasure import erase
from matching.intake import submit_source_record
from matching.models import JudgementValue
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from tests.factories import a_change, a_record, a_source, a_steward, a_task

pytestmark = pytest.mark.django_db

CUSTOMER = entity_type("customer")
ACME: dict[str, Any] = {"legal_name": "Acme Ingénierie SAS", "registration_id": "732829320", "country": "FR"}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


def by(name: str = "claire", reason: str = "told by the customer") -> Change:
    return Change(actor=f"steward:{name}", reason=reason)


def sent(external_id: str, *, source: str = "crm", **attributes: Any) -> UUID:
    draft = SourceRecordDraft(CUSTOMER, a_source(source), external_id, ACME | attributes)
    found: UUID = submit_source_record(draft, change=Change(actor="api:crm-feed", reason="sent by crm")).canonical_id
    return found


def regrouped(wish: Regrouping, reason: str) -> Any:
    change = by(reason=reason)
    return regrouping.carry_out(CUSTOMER, wish, fingerprint=look(CUSTOMER, wish, change=change).fingerprint, change=change)


def history_of(golden_id: UUID) -> str:
    return reverse("admin:golden_records_goldencustomer_history", args=(golden_id,))


def headlines(desk: Client, golden_id: UUID) -> list[tuple[str, str]]:
    return [(told.who, told.headline.text) for told in desk.get(history_of(golden_id)).context["happenings"]]


def test_everything_that_happened_is_told_newest_first(desk: Client) -> None:
    golden_id = sent("1", city="Lyon")
    sent("1", city="Paris")
    sent("9", source="erp", city="Paris")
    record = CustomerRecord.objects.get(external_id="9")
    made = overriding.override(CUSTOMER, golden_id, Wish(unit="segment", values={"segment": "A"}), change=by())
    overriding.end(made, change=by(reason="a mistake"))
    receipt = regrouped(Regrouping(RegroupKind.SPLIT, golden_id, record_ids=(record.pk,)), "two firms")
    regrouping.undo_move(receipt.pk, change=by(reason="one firm after all"))
    other = sent("7", legal_name="Lefebvre", registration_id="552100554")
    regrouped(Regrouping(RegroupKind.MERGE, golden_id, other), "bought by Acme")
    publishing.publish(CUSTOMER, shipped_document(CUSTOMER), based_on=1, change=by(reason="as before"))
    told = headlines(desk, golden_id)
    # The shipped rules are entered at the moment at which others take their place.
    assert sorted(told[:2]) == [
        ("Command shipped", "put survivorship rules in force: customer-1"),
        ("claire", "put survivorship rules in force: customer-2"),
    ]
    assert told[2:] == [
        ("claire", "merged Lefebvre into this: 1 source record"),
        ("claire", f"took a split back: with {GoldenCustomer.objects.get(pk=receipt.to_id)}"),
        ("claire", f"split 1 source record off, into {GoldenCustomer.objects.get(pk=receipt.to_id)}"),
        ("claire", "ended an override: segment"),
        ("claire", "overrode: segment"),
        ("API key crm-feed", "put erp · 9 here"),
        ("API key crm-feed", "changed 1 value: crm sent it"),
        ("API key crm-feed", "made this golden record"),
    ]


def test_a_change_tells_why_and_the_values_before_and_after_with_their_origin(desk: Client) -> None:
    golden_id = sent("1", city="Lyon")
    sent("1", city="Paris")
    newest = desk.get(history_of(golden_id)).context["happenings"][0]
    assert newest.reason.startswith("sent by crm")
    assert [(each.label, each.before, each.after) for each in newest.changes] == [("City", "Lyon", "Paris")]
    assert "crm" in newest.changes[0].origin


def test_a_merge_can_be_undone_from_the_story_while_it_stands(desk: Client) -> None:
    golden_id, other = sent("1"), sent("7", legal_name="Lefebvre", registration_id="552100554")
    regrouped(Regrouping(RegroupKind.MERGE, golden_id, other), "one firm")
    receipt = MergeReceipt.objects.get()
    address = reverse("admin:golden_records_mergereceipt_change", args=(receipt.pk,))
    assert [told.undo for told in desk.get(history_of(golden_id)).context["happenings"] if told.undo] == [address]
    survivor = GoldenCustomer.objects.get(pk=golden_id)
    assert headlines(desk, other)[0] == ("claire", f"merged this into {survivor}, which answers for it since")
    review.undo_merge(receipt.pk, change=by(reason="two firms"))
    assert not [told.undo for told in desk.get(history_of(golden_id)).context["happenings"] if told.undo]
    assert headlines(desk, golden_id)[0] == ("claire", "took the merge with Lefebvre back")


def test_a_judgement_on_its_records_is_told(desk: Client) -> None:
    one, other = a_record("1", **ACME), a_record("2", source="erp", **ACME)
    review.decide(a_task(one, other).pk, answer=JudgementValue.DIFFERENT, user=a_steward("claire"), comment="a sister firm")
    assert headlines(desk, one.golden_id)[0] == ("claire", "judged crm · 1 and erp · 2: different")


def test_the_erasure_of_a_member_is_told_and_nothing_of_it(desk: Client) -> None:
    golden_id = sent("1", city="Lyon")
    sent("9", source="erp", city="Marseille")
    record = CustomerRecord.objects.get(external_id="9")
    receipt = regrouped(Regrouping(RegroupKind.SPLIT, golden_id, record_ids=(record.pk,)), "two firms")
    erase(CUSTOMER, canonical_id=receipt.to_id, change=Change(actor="steward:claire", reason="request 17"))
    page = desk.get(history_of(golden_id)).content.decode()
    assert "erased somebody whose source record had been here" in page
    assert "request 17" in page
    assert "Marseille" not in page
    assert "two firms" not in page
    assert headlines(desk, receipt.to_id)[0] == ("claire", "erased this, for good")


@pytest.mark.parametrize("versions", [30, 1_000])
def test_a_page_of_the_story_costs_the_same_however_many_versions_there_are(desk: Client, versions: int) -> None:
    golden_id = lived(versions)
    assert GoldenCustomer.history.filter(id=golden_id).count() == versions
    with CaptureQueriesContext(connection) as queries:
        chapter = story.of(CUSTOMER, golden_id, page=1, size=25)
    assert (len(queries), len(chapter.changes), chapter.has_more) == (10, 25, True)
    for page in (1, 2):
        desk.get(history_of(golden_id))
        with CaptureQueriesContext(connection) as queries:
            shown = desk.get(history_of(golden_id), {"page": page})
        assert shown.status_code == 200
        assert len(queries) == QUERIES_OF_THE_PAGE, [each["sql"][:120] for each in queries]
    last = -(-versions // 25)
    assert desk.get(history_of(golden_id), {"page": last}).context["next_page"] is None


QUERIES_OF_THE_PAGE = 17


def lived(versions: int) -> UUID:
    """A golden record with so many versions, written as the service writes them."""
    record = a_record("1", **ACME, city="City 0")
    for number in range(1, versions):
        draft = SourceRecordDraft(CUSTOMER, a_source(), "1", ACME | {"city": f"City {number}"})
        submit_source_record(draft, change=a_change(f"version {number}"))
    return UUID(str(record.golden_id))
