"""The change feed is looked at in the admin, and changed by nobody."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from golden_records import sealing
from golden_records.models import ChangeEvent
from tests.factories import a_record, a_steward, into

pytestmark = pytest.mark.django_db

FEED = "/admin/golden_records/changeevent/"


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(a_steward())
    return client


def page(client: Client, address: str, **query: Any) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_events_are_listed_with_place_golden_record_and_author(steward: Client) -> None:
    record = a_record("0042", legal_name="Acme", city="Lyon")
    sealing.seal()
    other = a_record("0043", legal_name="Boulangerie Dupont")
    text = page(steward, FEED)
    for told in (str(record.golden_id), str(other.golden_id), "crm 0042", "legal name", "created", "linked"):
        assert told in text
    assert "Acme" not in text


def test_an_event_shows_values_before_and_after_and_its_link_of_the_chain(steward: Client) -> None:
    record = a_record("1", legal_name="Acme")
    into(a_record("2", source="erp", legal_name="Acme", city="Lyon"), record.golden_id)
    sealing.seal()
    event = ChangeEvent.objects.get(type="updated")
    text = page(steward, f"{FEED}{event.pk}/change/")
    for told in ("City", "Lyon", str(record.golden_id), bytes(event.seal.hash).hex()):
        assert told in text
    merged = ChangeEvent.objects.get(type="merged")
    assert f"/goldencustomer/{record.golden_id}/" in page(steward, f"{FEED}{merged.pk}/change/")


def test_what_was_erased_is_shown_as_erased(steward: Client) -> None:
    a_record("1", legal_name="Acme")
    event = ChangeEvent.objects.get(type="created")
    ChangeEvent.objects.filter(pk=event.pk).update(after=None, salt=None, reason=None)
    assert "were erased" in page(steward, f"{FEED}{event.pk}/change/")


def test_events_are_found_by_canonical_id_type_and_entity(steward: Client) -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Boulangerie Dupont")
    text = page(steward, FEED, q=str(one.golden_id))
    assert str(one.golden_id) in text
    assert str(other.golden_id) not in text
    assert str(one.golden_id) not in page(steward, FEED, q="Acme")
    assert str(one.golden_id) not in page(steward, FEED, type__exact="merged")
    assert str(one.golden_id) not in page(steward, FEED, entity="project")


def test_the_list_costs_the_same_however_long_it_is(steward: Client) -> None:
    costs = []
    for number in range(12):
        a_record(str(number), legal_name=f"Firm {number}")
        sealing.seal()
        if number in {0, 11}:
            with CaptureQueriesContext(connection) as queries:
                page(steward, FEED)
            costs.append(len(queries))
    assert costs[0] == costs[1]


def test_nobody_changes_or_removes_what_was_told(admin_client: Client) -> None:
    a_record("1", legal_name="Acme")
    event = ChangeEvent.objects.first()
    assert event is not None
    assert admin_client.get(f"{FEED}add/").status_code == 403
    assert admin_client.post(f"{FEED}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(f"{FEED}{event.pk}/change/", {"type": "retired"})
    assert list(ChangeEvent.objects.values_list("type", flat=True).order_by("pk")) == ["created", "linked"]
