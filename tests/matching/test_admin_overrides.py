"""Overrides in the admin: made on the page of a golden record, shown, listed, ended."""

import pytest
from django.test import Client
from django.urls import reverse

from golden_records.models import GoldenCustomer, Override, SourceRecord
from tests.factories import a_person, a_record, a_steward, into

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


@pytest.fixture
def records() -> tuple[SourceRecord, SourceRecord]:
    """Two records of one golden customer that disagree."""
    first = a_record("1", source="erp", segment="large", legal_name="Acme", city="Lyon")
    return first, into(a_record("2", source="crm", segment="small", legal_name="Acme"), first.golden_id)


def form_of(record: SourceRecord, unit: str = "segment") -> str:
    return reverse("admin:golden_records_override_make", args=("customer", record.golden_id, unit))


def page_of(record: SourceRecord) -> str:
    return reverse("admin:golden_records_goldencustomer_change", args=(record.golden_id,))


def test_a_steward_overrides_a_value_and_everybody_sees_it(desk: Client, records: tuple[SourceRecord, SourceRecord]) -> None:
    record = records[0]
    assert form_of(record) in desk.get(page_of(record)).content.decode()
    shown = desk.get(form_of(record)).content.decode()
    assert "large" in shown
    assert "small" in shown
    sent = {"chosen": "own", "value_segment": "key account", "life": "until_ended", "reason": "told by the <b>customer</b>"}
    assert desk.post(form_of(record), sent).headers["Location"] == page_of(record)
    golden = GoldenCustomer.objects.get(pk=record.golden_id)
    made = Override.objects.get()
    assert (golden.segment, made.owner, made.user and made.user.username) == ("key account", "steward:grace", "grace")
    page = desk.get(page_of(record)).content.decode()
    assert reverse("admin:golden_records_override_change", args=(made.pk,)) in page
    assert "told by the &lt;b&gt;customer" in page
    assert form_of(record) not in page
    listed = desk.get("/admin/golden_records/override/").content.decode()
    assert "key account" in listed


def test_another_records_value_is_chosen_until_a_date(desk: Client, records: tuple[SourceRecord, SourceRecord]) -> None:
    first, second = records
    sent = {"chosen": str(second.pk), "life": "until_date", "until": "2999-01-01", "reason": "the office knows better"}
    desk.post(form_of(first), sent)
    made = Override.objects.get()
    assert (made.record_id, made.until and made.until.isoformat()) == (second.pk, "2999-01-01")
    assert "crm · 2" in desk.get(reverse("admin:golden_records_override_change", args=(made.pk,))).content.decode()


def test_an_address_is_overridden_as_a_whole(desk: Client, records: tuple[SourceRecord, SourceRecord]) -> None:
    sent = {"chosen": "own", "value_city": "Paris", "value_country": "FR", "life": "until_ended", "reason": "moved"}
    desk.post(form_of(records[0], "address"), sent)
    golden = GoldenCustomer.objects.get(pk=records[0].golden_id)
    assert (golden.city, golden.postcode, golden.country) == ("Paris", None, "FR")


def test_what_is_wrong_is_said_and_the_form_keeps_what_was_written(desk: Client, records: tuple[SourceRecord, SourceRecord]) -> None:
    answer = desk.post(form_of(records[0]), {"chosen": "own", "value_segment": "vip", "life": "until_date", "reason": ""})
    page = answer.content.decode()
    assert "Say why" in page
    assert "needs its last day" in page
    assert 'value="vip"' in page
    assert not Override.objects.exists()


def test_an_override_is_ended_with_a_reason(desk: Client, records: tuple[SourceRecord, SourceRecord]) -> None:
    desk.post(form_of(records[0]), {"chosen": "own", "value_segment": "vip", "life": "until_ended", "reason": "told"})
    made = Override.objects.get()
    address = reverse("admin:golden_records_override_end", args=(made.pk,))
    assert "Say why" in desk.post(address, follow=True).content.decode()
    page = desk.post(address, {"reason": "a mistake"}, follow=True).content.decode()
    assert "a mistake" in page
    assert "ended by hand" in page.lower()
    assert GoldenCustomer.objects.get(pk=records[0].golden_id).segment in {"large", "small"}


def test_who_may_not_override_is_refused(client: Client, records: tuple[SourceRecord, SourceRecord]) -> None:
    client.force_login(a_person())
    assert client.get(form_of(records[0])).status_code == 403
    assert client.post(form_of(records[0]), {"reason": "x"}).status_code == 403


def test_what_is_not_there_is_not_found(desk: Client, records: tuple[SourceRecord, SourceRecord]) -> None:
    assert desk.get(form_of(records[0], "colour")).status_code == 404
    assert desk.get(reverse("admin:golden_records_override_make", args=("supplier", records[0].golden_id, "segment"))).status_code == 404


def test_the_history_says_where_each_value_came_from(desk: Client, records: tuple[SourceRecord, SourceRecord]) -> None:
    desk.post(form_of(records[0]), {"chosen": "own", "value_segment": "vip", "life": "until_ended", "reason": "told"})
    story = desk.get(reverse("admin:golden_records_goldencustomer_history", args=(records[0].golden_id,))).content.decode()
    assert "pinned (customer-1)" in story
    assert f"only value (customer-1) · erp #{records[0].pk}" in story
