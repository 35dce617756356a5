"""The page of a golden customer shows its family, and takes a steward's word on its parent."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from golden_records.models import EventType
from matching.admin import event_words
from tests.factories import a_person, a_steward
from tests.matching.hierarchy.families import a_customer, heard, parent_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


def address(golden_id: UUID, name: str = "change") -> str:
    return reverse(f"admin:golden_records_goldencustomer_{name}", args=(golden_id,))


def sent(desk: Client, golden_id: UUID, **told: Any) -> str:
    return desk.post(address(golden_id, "parent"), {"reason": "the chart says so", "do": "set", **told}, follow=True).content.decode()


def test_the_page_shows_parent_top_and_children(desk: Client) -> None:
    holding, firm, shop = a_customer("Holding"), a_customer("Firm", "Holding"), a_customer("Shop", "Firm")
    heard()
    page = desk.get(address(firm)).content.decode()
    assert all(address(each) in page for each in (holding, shop))
    assert "3 customers" in page


def test_a_steward_names_a_parent_and_takes_it_back(desk: Client) -> None:
    holding, shop = a_customer("Holding"), a_customer("Shop")
    assert "It stands now" in sent(desk, shop, parent=str(holding))
    assert parent_of(shop) == holding
    assert "Holding → Shop → Holding" in sent(desk, holding, parent=str(shop))
    assert "no canonical id" in sent(desk, shop, parent="Holding")
    assert "Say why" in sent(desk, shop, reason=" ")
    assert "Taken back" in sent(desk, shop, do="clear")
    assert parent_of(shop) is None
    assert "No steward named a parent" in sent(desk, shop, do="clear")


def test_the_story_says_which_parent_it_got_and_lost(desk: Client) -> None:
    holding, shop = a_customer("Holding"), a_customer("Shop")
    sent(desk, shop, parent=str(holding))
    sent(desk, shop, do="clear")
    story = desk.get(address(shop, "history")).content.decode()
    assert "put it below Holding" in story
    assert "took it from below Holding" in story
    assert "references.parent" not in story


def test_every_kind_of_event_has_its_words() -> None:
    assert set(EventType) == {*event_words.EVENTS, EventType.UPDATED, EventType.REPARENTED}


def test_a_parent_that_could_not_stand_is_told_with_the_reason(desk: Client) -> None:
    a_customer("A", "B")
    b = a_customer("B", "A")
    heard()
    page = desk.get(address(b)).content.decode()
    assert "its own ancestor" in page
    lonely = a_customer("C", "nobody")
    heard()
    assert "has not sent yet" in desk.get(address(lonely)).content.decode()


def test_who_may_not_override_names_no_parent(client: Client) -> None:
    shop = a_customer("Shop")
    client.force_login(a_person())
    assert client.post(address(shop, "parent"), {"reason": "x"}).status_code == 403
    assert client.get(address(shop, "parent")).status_code == 405


def test_the_page_takes_as_many_queries_for_a_large_family(desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    holding = a_customer("Holding")
    a_customer("0", "Holding")
    heard()
    desk.get(address(holding))
    with django_assert_max_num_queries(30) as few:
        desk.get(address(holding))
    for number in range(1, 12):
        a_customer(str(number), "Holding")
    heard()
    with django_assert_max_num_queries(len(few)):
        desk.get(address(holding))
