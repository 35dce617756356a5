"""The admin tells what blocking did in the last run, and compares any two records."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from matching import runs
from tests.factories import a_steward
from tests.matching.conftest import ACME, CUSTOMER, Arrive, Submit

pytestmark = pytest.mark.django_db

HOUSE = "+33 1 42 68 53 17"
BLOCKING, COMPARE = reverse("admin:matching_matchrun_blocking"), reverse("admin:matching_matchrun_compare")
RUNS = reverse("admin:matching_matchrun_changelist")


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


def test_before_a_run_the_page_says_that_nothing_is_known(desk: Client) -> None:
    assert "No run of this entity type has told yet" in desk.get(BLOCKING).content.decode()


def test_the_page_tells_rules_what_was_left_out_common_keys_and_what_is_missed(
    desk: Client, arrived: Arrive, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(205):
        arrived("crm", str(number), legal_name=f"{chr(97 + number % 26) * 3}{number}q", phone=HOUSE, email=f"a{number // 2}@firm.example")
    runs.work_on(runs.start(CUSTOMER, actor="test").pk)
    desk.get(BLOCKING)
    with django_assert_max_num_queries(10):
        page = desk.get(BLOCKING, {"entity": "customer"}).content.decode()
    assert "What all rules miss" in page
    assert "refined by" in page
    assert "42685317" in page
    assert "crm:<bdi>" in page
    assert "<svg" in page
    assert f"{205 * 204 // 2:,}" in page


def test_two_records_that_never_met_are_compared(
    desk: Client, submitted: Submit, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "a:2", legal_name="Boulangerie Martin", city="Nantes")
    asked = {"entity": "customer", "left": "crm:1", "right": "erp:a:2"}
    desk.get(COMPARE, asked)
    with django_assert_max_num_queries(12):
        page = desk.get(COMPARE, asked).content.decode()
    assert "Never compared: no blocking rule in common. It would be no match." in page
    assert "no registration id on the right" in page
    assert "Boulangerie Martin" in page


def test_a_record_that_is_not_there_is_told(desk: Client, submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    page = desk.get(COMPARE, {"entity": "customer", "left": "crm:1", "right": "erp:9"}).content.decode()
    assert "has no customer" in page


def test_a_records_page_leads_to_comparing_it(desk: Client, submitted: Submit) -> None:
    record = submitted("crm", "1 & 2", **ACME).record
    page = desk.get(reverse("admin:golden_records_customerrecord_change", args=(record.pk,))).content.decode()
    assert f"{COMPARE}?entity=customer&amp;left=crm%3A1%20%26%202" in page


@pytest.mark.parametrize("address", [BLOCKING, COMPARE])
def test_who_may_not_look_at_records_sees_neither(client: Client, address: str) -> None:
    client.force_login(User.objects.create_user("visitor", is_staff=True))
    assert client.get(address).status_code == 403


@pytest.mark.parametrize(("address", "title"), [(BLOCKING, "Blocking"), (COMPARE, "Compare records"), (RUNS, "Matching runs")])
def test_one_line_of_the_navigation_says_where_one_is(desk: Client, address: str, title: str) -> None:
    groups = desk.get(address).context["sidebar_navigation"]
    assert [str(item["title"]) for group in groups for item in group["items"] if item["active"]] == [title]
