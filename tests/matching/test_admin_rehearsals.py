"""The pages on which a match config is written, rehearsed, looked at and published."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from matching import active_config, runs
from matching.models import MatchConfigVersion, MatchRun, RunState
from tests.matching.conftest import CUSTOMER, Submit
from tests.matching.test_rehearsing import OTHER, candidate, homes, two_that_are_one

pytestmark = pytest.mark.django_db

WRITE = ("admin:matching_matchconfigversion_rehearse", ("customer",))


@pytest.fixture
def lead(steward: User, client: Client) -> User:
    steward.is_staff = True
    steward.save()
    seen = ("view_matchrun", "view_matchconfigversion", "view_personal_data_customer", "view_personal_data_project")
    names = (*seen, "publish_matchconfigversion")
    steward.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(steward)
    return steward


def page_of(run: MatchRun) -> str:
    return reverse("admin:matching_matchrun_change", args=(run.pk,))


def rehearsed(client: Client, text: str) -> MatchRun:
    answer = client.post(reverse(WRITE[0], args=WRITE[1]), {"document": text, "reason": "fewer questions"})
    run = MatchRun.objects.get(kind="rehearsal", state__in=("queued", "rehearsed"))
    assert answer["Location"] == page_of(run)
    return runs.work_on(run.pk)


@pytest.mark.usefixtures("lead")
def test_the_config_in_force_is_there_to_be_changed(client: Client, submitted: Submit) -> None:
    two_that_are_one(submitted)
    page = client.get(reverse(WRITE[0], args=WRITE[1])).content.decode()
    version = active_config.active_config(CUSTOMER).config.version
    assert f"version: {version + 1}" in page
    assert "Rehearse</button>" in page


@pytest.mark.usefixtures("lead")
def test_what_is_wrong_is_told_all_at_once_and_the_text_is_kept(client: Client, submitted: Submit) -> None:
    two_that_are_one(submitted)
    wrong = candidate(thresholds={"auto": 3}, version=1)
    page = client.post(reverse(WRITE[0], args=WRITE[1]), {"document": wrong, "reason": "typo"}).content.decode()
    assert "What is wrong" in page
    assert "auto: 3" in page
    assert not MatchRun.objects.filter(kind="rehearsal").exists()


@pytest.mark.usefixtures("lead")
def test_a_rehearsal_is_looked_at_and_published(client: Client, submitted: Submit, django_assert_max_num_queries: Any) -> None:
    two_that_are_one(submitted)
    run = rehearsed(client, candidate())
    with django_assert_max_num_queries(30):
        page = client.get(page_of(run)).content.decode()
    assert "Would be merged" in page
    assert "Would change a value" in page
    assert OTHER["trade_name"] in page
    file = client.get(reverse("admin:matching_matchrun_changes", args=(run.pk,)))
    assert b"merge," in b"".join(file.streaming_content)  # type: ignore[attr-defined]  # it is sent as it is made
    before = homes()
    answer = client.post(reverse("admin:matching_matchrun_turn", args=(run.pk,)), {"publish": "1", "reason": ""}, follow=True)
    assert "Say why" in answer.content.decode()
    client.post(reverse("admin:matching_matchrun_turn", args=(run.pk,)), {"publish": "1", "reason": "agreed"})
    assert homes() == before
    versions = client.get(reverse("admin:matching_matchconfigversion_versions", args=("customer",))).content.decode()
    assert re.search(r"claire.{0,200}agreed", versions, re.DOTALL)
    config = client.get(reverse("admin:matching_matchconfigversion_change", args=(run.config_id,))).content.decode()
    assert re.search(r"Put in force by claire.{0,200}agreed", config, re.DOTALL)
    runs.work_on(run.pk)
    assert len(set(homes().values())) == 1
    assert "What would happen" not in client.get(page_of(run)).content.decode()


@pytest.mark.usefixtures("lead")
def test_a_rehearsal_is_thrown_away(client: Client, submitted: Submit) -> None:
    two_that_are_one(submitted)
    run = rehearsed(client, candidate())
    client.post(reverse("admin:matching_matchrun_turn", args=(run.pk,)), {"discard": "1"})
    run.refresh_from_db()
    assert run.state == RunState.DISCARDED
    assert client.get(reverse("admin:matching_matchrun_changes", args=(run.pk,))).status_code == 404


def test_who_may_only_look_sees_no_button_and_is_refused(lead: User, client: Client, submitted: Submit) -> None:
    two_that_are_one(submitted)
    run = rehearsed(client, candidate())
    lead.user_permissions.remove(Permission.objects.get(codename="publish_matchconfigversion"))
    page = client.get(page_of(run)).content.decode()
    assert "Would be merged" in page
    assert not re.search(r"<button[^>]*name=.publish", page)
    for address in (reverse("admin:matching_matchrun_turn", args=(run.pk,)), reverse(WRITE[0], args=WRITE[1])):
        assert client.post(address, {"publish": "1", "reason": "x"}).status_code == 403
    assert client.get(reverse("admin:matching_matchrun_turn", args=(run.pk,))).status_code == 403


@pytest.mark.usefixtures("lead")
def test_every_mistake_has_its_line_also_of_a_version_that_is_too_old(client: Client, submitted: Submit) -> None:
    two_that_are_one(submitted)
    wrong = candidate(thresholds={"auto": 3, "review": 0.3}, version=1)
    page = client.post(reverse(WRITE[0], args=WRITE[1]), {"document": wrong, "reason": "typo"}).content.decode()
    told = page.split("What is wrong")[1].split("</section>")[0]
    assert "thresholds.auto" in told
    assert "must be greater than" in told
    assert told.count("line ") == 2


@pytest.mark.usefixtures("lead")
def test_any_two_versions_are_compared(client: Client, submitted: Submit, django_assert_max_num_queries: Any) -> None:
    two_that_are_one(submitted)
    address = reverse("admin:matching_matchconfigversion_versions", args=("customer",))
    assert "no other version" in client.get(address).content.decode()
    rehearsed(client, candidate())
    with django_assert_max_num_queries(8):
        page = client.get(address).content.decode()
    assert "+version: " in page
    assert "in force" in page
    one = str(MatchConfigVersion.objects.latest("pk").pk)
    assert "The two say the same." in client.get(address, {"from": one, "to": one}).content.decode()
    assert client.get(address.replace("customer", "supplier")).status_code == 404
