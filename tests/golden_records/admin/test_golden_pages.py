"""The pages of golden records say what is known, where it comes from and what became of it."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from golden_records import merging
from golden_records.entities import entity_type
from golden_records.models import GoldenRecord, GoldenState, MergeReceipt, SourceRecord
from matching.models import ReviewTask
from tests.e2e.workplace import HOSTILE, a_customer_with_projects, doubtful_pairs
from tests.factories import a_change, a_person, a_record, a_steward, into

pytestmark = pytest.mark.django_db

CUSTOMER = entity_type("customer")
LIST = "/admin/golden_records/goldencustomer/"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


def page_of(record: SourceRecord) -> str:
    return reverse("admin:golden_records_goldencustomer_change", args=(record.golden_id,))


def text_of(desk: Client, address: str) -> str:
    return desk.get(address).content.decode()


def merged(survivor: SourceRecord, absorbed: SourceRecord) -> MergeReceipt:
    return merging.merge(
        CUSTOMER,
        survivor_id=survivor.golden_id,
        absorbed_id=absorbed.golden_id,
        change=a_change("one firm"),
        terms=merging.Terms({"judgement": 1}),
    )


def test_the_page_names_the_source_and_the_rule_of_each_value_and_what_lost(desk: Client) -> None:
    page = text_of(desk, page_of(a_customer_with_projects()))
    assert "Nordwind Énergie SA" in page
    assert "crm · 0019001" in page
    assert "most recent" in page
    assert "+33140201011" in page


def test_a_customer_leads_to_its_projects_and_a_project_to_its_customer(desk: Client) -> None:
    customer = a_customer_with_projects()
    page = text_of(desk, page_of(customer))
    project = entity_type("project").golden._default_manager.get(state=GoldenState.ACTIVE)
    address = reverse("admin:golden_records_goldenproject_change", args=(project.pk,))
    assert address in page
    assert page_of(customer) in text_of(desk, address)


def test_a_project_shows_its_months_with_totals_and_margin(desk: Client) -> None:
    a_customer_with_projects()
    project = entity_type("project").golden._default_manager.get(state=GoldenState.ACTIVE)
    page = text_of(desk, reverse("admin:golden_records_goldenproject_change", args=(project.pk,)))
    assert "1,461,000" in page  # revenue of 24 months
    assert "456,600" in page  # less cost
    assert "31.3" in page


def test_a_retired_golden_record_points_to_its_successor(desk: Client) -> None:
    survivor, absorbed = a_record("1", legal_name="Acme"), a_record("2", source="erp", legal_name="Acme SA")
    merged(survivor, absorbed)
    page = text_of(desk, page_of(absorbed))
    assert "Retired" in page
    assert page_of(survivor) in page


def test_the_list_leaves_retired_ones_out_unless_asked(desk: Client) -> None:
    survivor, absorbed = a_record("1", legal_name="Acme"), a_record("2", source="erp", legal_name="Acme SA")
    merged(survivor, absorbed)
    assert page_of(absorbed) not in text_of(desk, LIST)
    assert page_of(absorbed) in text_of(desk, f"{LIST}?state=retired")
    assert page_of(absorbed) in text_of(desk, f"{LIST}?state=all")


@pytest.mark.parametrize("term", ["nordwind", "552081317", "énergie nord", "K-19001"])
def test_a_customer_is_found_by_words_identifier_or_cross_reference(desk: Client, term: str) -> None:
    customer = a_customer_with_projects()
    other = a_record("77", legal_name="Somebody Else")
    page = desk.get(LIST, {"q": term}).content.decode()
    assert page_of(customer) in page
    assert page_of(other) not in page


def test_a_customer_is_found_by_its_canonical_id(desk: Client) -> None:
    customer = a_customer_with_projects()
    page = desk.get(LIST, {"q": str(customer.golden_id)}).content.decode()
    assert page_of(customer) in page


def test_in_a_great_table_a_customer_is_found_by_the_beginning_of_its_name(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden_records.admin.searching.SMALL_TABLE", 0)
    customer = a_customer_with_projects()
    assert page_of(customer) in desk.get(LIST, {"q": "nordwind"}).content.decode()
    assert page_of(customer) in desk.get(LIST, {"q": "K-19001"}).content.decode()
    assert page_of(customer) not in desk.get(LIST, {"q": "énergie"}).content.decode()


def test_the_list_is_filtered_by_source_and_completeness(desk: Client) -> None:
    crm, erp = a_record("1", legal_name="Only In Crm"), a_record("2", source="erp", legal_name="Only In Erp")
    assert page_of(erp) not in text_of(desk, f"{LIST}?source=crm")
    assert page_of(crm) in text_of(desk, f"{LIST}?source=crm")
    assert page_of(crm) in text_of(desk, f"{LIST}?completeness=low")
    assert page_of(crm) not in text_of(desk, f"{LIST}?completeness=high")


def test_history_tells_who_did_what_and_why_with_values_before_and_after(desk: Client) -> None:
    first = a_record("1", legal_name="Acme", city="Lyon")
    into(a_record("2", source="erp", legal_name="Acme", industry="Energy"), first.golden_id)
    address = reverse("admin:golden_records_goldencustomer_history", args=(first.golden_id,))
    page = text_of(desk, address)
    assert "Command test" in page
    assert "linked" in page
    assert "Industry" in page
    assert "Energy" in page


def test_a_merge_is_listed_and_can_be_undone(desk: Client) -> None:
    survivor, absorbed = a_record("1", legal_name="Acme"), a_record("2", source="erp", legal_name="Acme SA")
    receipt = merged(survivor, absorbed)
    address = reverse("admin:golden_records_mergereceipt_change", args=(receipt.pk,))
    assert address in text_of(desk, page_of(survivor))
    undone = desk.post(reverse("admin:golden_records_mergereceipt_undo", args=(receipt.pk,)), follow=True)
    assert "both golden records stand again" in undone.content.decode()
    assert CUSTOMER.golden._default_manager.filter(state=GoldenState.ACTIVE).count() == 2
    again = desk.post(reverse("admin:golden_records_mergereceipt_undo", args=(receipt.pk,)), follow=True)
    assert "nothing left to undo" in again.content.decode()


def test_undoing_the_merge_of_a_decided_task_takes_the_answer_back_too(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    desk.post(reverse("admin:matching_reviewtask_decide", args=(task.pk,)), {"answer": "same", "version": task.version})
    receipt = MergeReceipt.objects.get()
    desk.post(reverse("admin:golden_records_mergereceipt_undo", args=(receipt.pk,)))
    assert ReviewTask.objects.get(pk=task.pk).state == "open"


def test_nobody_edits_adds_or_deletes_golden_records_here(desk: Client, admin_client: Client) -> None:
    record = a_record("1", legal_name="Acme")
    for browser in (desk, admin_client):
        assert browser.get(f"{LIST}add/").status_code == 403
        assert browser.get(page_of(record).replace("change", "delete")).status_code == 403
        browser.post(page_of(record), {"legal_name": "Mine"})
    golden: GoldenRecord = CUSTOMER.golden._default_manager.get(pk=record.golden_id)
    assert str(golden) == "Acme"


def test_who_may_not_look_is_refused(client: Client) -> None:
    record = a_record("1", legal_name="Acme")
    client.force_login(a_person("ian"))
    for address in (LIST, page_of(record), reverse("admin:golden_records_goldencustomer_history", args=(record.golden_id,))):
        assert client.get(address).status_code == 403


def test_hostile_values_are_shown_as_text(desk: Client) -> None:
    record = a_record("<img src=x onerror=alert(1)>", legal_name=HOSTILE, industry="<svg onload=alert(1)>" + "x" * 90)
    record_page = reverse("admin:golden_records_customerrecord_change", args=(record.pk,))
    records = reverse("admin:golden_records_customerrecord_changelist")
    history = reverse("admin:golden_records_goldencustomer_history", args=(record.golden_id,))
    for address in (LIST, page_of(record), record_page, records, history, reverse("admin:index")):
        page = text_of(desk, address).lower()
        assert "<img src=x" not in page
        assert "<svg onload" not in page
        assert "<script>document" not in page
        assert "\u202e" not in page


def test_a_long_value_is_cut_and_opens(desk: Client) -> None:
    record = a_record("1", legal_name="Acme", address_lines="rue " * 110)
    assert "show all" in text_of(desk, page_of(record))


def test_the_page_takes_as_many_queries_for_many_records_as_for_one(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    customer = a_customer_with_projects()
    desk.get(page_of(customer))
    with django_assert_max_num_queries(28) as few:
        desk.get(page_of(customer))
    for number in range(15):
        into(a_record(f"m{number}", legal_name=f"Nordwind {number}", city=f"City {number}"), customer.golden_id)
    with django_assert_max_num_queries(len(few)):
        desk.get(page_of(customer))


def test_the_list_takes_as_many_queries_for_many_as_for_one(desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    a_record("1", legal_name="Acme")
    desk.get(LIST)
    with django_assert_max_num_queries(12) as few:
        desk.get(LIST)
    for number in range(30):
        a_record(f"n{number}", legal_name=f"Acme {number}")
    with django_assert_max_num_queries(len(few)):
        desk.get(LIST)


@pytest.mark.parametrize("largest", [0, 100_000])
def test_a_source_record_is_found_by_its_own_id_or_by_name_in_tables_of_any_size(
    desk: Client, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    monkeypatch.setattr("golden_records.admin.searching.SMALL_TABLE", largest)
    record = a_customer_with_projects()
    other = a_record("77", legal_name="Somebody Else")
    for term in ("0019001", "nordwind"):
        page = desk.get("/admin/golden_records/customerrecord/", {"q": term}).content.decode()
        assert reverse("admin:golden_records_customerrecord_change", args=(record.pk,)) in page
        assert reverse("admin:golden_records_customerrecord_change", args=(other.pk,)) not in page
