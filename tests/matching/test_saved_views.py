"""Parts of the queue under a name: a steward's own, or shared with colleagues."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from matching.models import SavedView
from tests.e2e.workplace import doubtful_pairs

pytestmark = pytest.mark.django_db
QUEUE = "/admin/matching/reviewtask/"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def desk(client: Client, grace: User) -> Client:
    client.force_login(grace)
    return client


def test_a_view_is_saved_opened_first_renamed_and_deleted(desk: Client, grace: User) -> None:
    doubtful_pairs(1)
    desk.post(f"{QUEUE}views/", {"name": "Rich", "query": "value=great&q=Durand", "is_default": "on"})
    view = SavedView.objects.get()
    assert (view.owner, view.query, view.is_default) == (grace, "value=great", True)
    assert desk.get(QUEUE)["Location"] == "?value=great"
    assert desk.get(f"{QUEUE}?whole").status_code == 200
    desk.post(f"{QUEUE}views/{view.pk}/", {"name": "Richest", "is_shared": "on"})
    view.refresh_from_db()
    assert (view.name, view.query, view.is_shared, view.is_default) == ("Richest", "value=great", True, False)
    desk.post(f"{QUEUE}views/{view.pk}/", {"name": "Richest", "delete": "yes"})
    assert not SavedView.objects.exists()


def test_of_two_views_one_is_opened_first_and_names_are_ones_own(desk: Client, grace: User, henri: User) -> None:
    SavedView.objects.create(owner=henri, name="Rich", query="value=great", is_shared=True)
    for name in ("Rich", "Old"):
        desk.post(f"{QUEUE}views/", {"name": name, "query": "age=older", "is_default": "on"})
    assert list(SavedView.objects.filter(owner=grace).values_list("name", "is_default")) == [("Old", True), ("Rich", False)]
    response = desk.post(f"{QUEUE}views/", {"name": " ", "query": "age=older"}, follow=True)
    assert "Give the view a name" in response.content.decode()


def test_a_colleagues_view_is_seen_where_shared_and_never_changed(desk: Client, henri: User) -> None:
    shared = SavedView.objects.create(owner=henri, name="Henri's best", query="value=great", is_shared=True)
    SavedView.objects.create(owner=henri, name="Only for Henri", query="value=small")
    page = desk.get(f"{QUEUE}?whole").content.decode()
    assert "Henri&#x27;s best" in page
    assert "Only for Henri" not in page
    desk.post(f"{QUEUE}views/{shared.pk}/", {"name": "Mine now", "delete": "yes"})
    assert SavedView.objects.get(pk=shared.pk).name == "Henri's best"
