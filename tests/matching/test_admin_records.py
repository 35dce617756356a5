"""A steward sees which records could not be matched, and why, and lets that be tried again."""

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from golden_records.models import CustomerRecord, MatchState
from matching.models import MatchAttempt
from tests.factories import a_person, a_steward
from tests.matching.conftest import ACME, Arrive

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/golden_records/customerrecord/"


@pytest.fixture
def set_aside(arrived: Arrive) -> CustomerRecord:
    arrived("crm", "1", **ACME)
    CustomerRecord.objects.update(match_state=MatchState.FAILED)
    record = CustomerRecord.objects.get()
    told = {"attempts": 5, "lease_until": timezone.now(), "error": "ValueError at matching/keys.py:88"}
    MatchAttempt.objects.create(entity="customer", record_id=record.pk, version=record.version, **told)
    return record


def test_what_could_not_be_matched_is_on_the_front_page_and_in_the_list(client: Client, set_aside: CustomerRecord) -> None:
    client.force_login(a_steward())
    cache.clear()
    front = client.get("/admin/").content.decode()
    assert "could not be matched" in front
    assert f"{LIST}?match_state__exact=failed" in front
    assert set_aside.external_id in client.get(f"{LIST}?match_state__exact=failed").content.decode()


def test_the_page_says_why_and_the_button_has_it_matched(client: Client, set_aside: CustomerRecord) -> None:
    client.force_login(a_steward())
    page = client.get(f"{LIST}{set_aside.pk}/change/").content.decode()
    assert "ValueError at matching/keys.py:88" in page
    assert "Try again" in page
    answer = client.post(f"{LIST}{set_aside.pk}/match/", follow=True).content.decode()
    assert "It waits to be matched again." in answer
    assert "Try again" not in answer
    set_aside.refresh_from_db()
    assert set_aside.match_state == MatchState.MATCHED


def test_a_second_click_does_no_harm(client: Client, set_aside: CustomerRecord) -> None:
    client.force_login(a_steward())
    told = [client.post(f"{LIST}{set_aside.pk}/match/", follow=True).content.decode() for _ in range(2)]
    assert ["It was not set aside any more." in page for page in told] == [False, True]


def test_whoever_may_not_decide_may_not_have_it_tried_again(client: Client, set_aside: CustomerRecord) -> None:
    person = a_person()
    person.user_permissions.add(Permission.objects.get(codename="view_customerrecord"))
    client.force_login(person)
    assert "It could not be matched" in client.get(f"{LIST}{set_aside.pk}/change/").content.decode()
    assert "Try again" not in client.get(f"{LIST}{set_aside.pk}/change/").content.decode()
    assert client.post(f"{LIST}{set_aside.pk}/match/").status_code == 403
    assert client.get(f"{LIST}{set_aside.pk}/match/").status_code == 405
