"""The page of measured quality: what is known and what is not, a sample sent to review, advised thresholds rehearsed."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from matching import measuring, review
from matching.active_config import active_config, config_version
from matching.admin import quality
from matching.core.thresholds import Aim
from matching.models import CheckSample, JudgementValue, LearningState, MatchRun, QualityReport, ReviewTask, TaskKind
from tests.factories import a_change, a_person, a_steward
from tests.matching.conftest import CUSTOMER
from tests.matching.learning_stories import matched_pairs, question

pytestmark = pytest.mark.django_db
PAGE = "/admin/matching/qualityreport/overview/"


def acting(act: str) -> str:
    return f"{PAGE}customer/{act}/"


@pytest.fixture
def lead(client: Client) -> User:
    cache.clear()
    steward = a_steward()
    steward.user_permissions.add(Permission.objects.get(codename="publish_matchconfigversion"))
    client.force_login(steward)
    return steward


@pytest.fixture
def advised(monkeypatch: pytest.MonkeyPatch, lead: User) -> None:
    """Answers that carry a lower threshold, and checks."""
    matched_pairs(6)
    auto = active_config(CUSTOMER).config.thresholds.auto
    for number in range(34):
        review.decide(question(number, auto - 0.005 - number / 10_000), answer=JudgementValue.SAME, user=lead)
    monkeypatch.setattr(measuring, "Aim", lambda: Aim(precision=0.9))


@pytest.mark.usefixtures("lead")
def test_where_nothing_was_measured_the_page_says_so(client: Client) -> None:
    page = client.get(PAGE).content.decode()
    assert "Nothing was measured yet." in page
    assert "Measure now" in page
    assert "project records" in page.lower()


@pytest.mark.usefixtures("lead")
def test_a_sample_is_sent_to_review_and_its_size_is_checked(client: Client) -> None:
    matched_pairs(8)
    page = client.post(acting("sample"), {"size": "5"}, follow=True).content.decode()
    assert "5 checks are in the review queue." in page
    assert ReviewTask.objects.filter(kind=TaskKind.CHECK).count() == 5
    assert CheckSample.objects.get().actor == "steward:grace"
    for size in ("0", "many", "99999999999999", ""):
        assert "A sample has from 1 to 2,000 pairs" in client.post(acting("sample"), {"size": size}, follow=True).content.decode()
    assert CheckSample.objects.count() == 1


def test_what_is_measured_is_shown_with_its_intervals(client: Client, lead: User) -> None:
    matched_pairs(12)
    client.post(acting("sample"), {"size": "8"})
    for task in ReviewTask.objects.filter(kind=TaskKind.CHECK):
        review.decide(task.pk, answer=JudgementValue.SAME, user=lead)
    for number in range(4):
        review.decide(question(number, 0.5), answer=JudgementValue.DIFFERENT, user=lead)
    page = client.post(acting("measure"), follow=True).content.decode()
    assert "Of 12 pairs put together by the engine, 100 % are right" in page
    assert page.count('role="img"') == 2
    assert "Precision and recall by threshold, with intervals" in page
    assert "Rehearse these thresholds" not in page
    report = QualityReport.objects.get()
    assert client.get(reverse("admin:matching_qualityreport_change", args=(report.pk,))).status_code == 200
    assert client.get(reverse("admin:matching_qualityreport_changelist")).status_code == 200


@pytest.mark.usefixtures("advised")
def test_advised_thresholds_are_rehearsed_by_a_button(client: Client) -> None:
    page = client.post(acting("measure"), follow=True).content.decode()
    assert re.search(r"An auto threshold of 0\.\d+ would have spared 34 questions at the same precision", page)
    assert "Rehearse these thresholds" in page
    before = active_config(CUSTOMER).config
    answer = client.post(acting("rehearse"))
    run = MatchRun.objects.get(kind="rehearsal")
    assert answer["Location"] == reverse("admin:matching_matchrun_change", args=(run.pk,))
    assert run.config_id is not None
    rehearsed = config_version(run.config_id).config
    assert rehearsed.version == before.version + 1
    assert rehearsed.thresholds.auto < before.thresholds.auto
    assert active_config(CUSTOMER).config.thresholds == before.thresholds


@pytest.mark.usefixtures("lead")
def test_without_advice_nothing_is_rehearsed(client: Client) -> None:
    assert "No other thresholds are advised." in client.post(acting("rehearse"), follow=True).content.decode()
    client.post(acting("measure"))
    assert "No other thresholds are advised." in client.post(acting("rehearse"), follow=True).content.decode()
    assert not MatchRun.objects.exists()


@pytest.mark.usefixtures("lead")
def test_what_is_much_goes_on_in_a_worker(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "_LITTLE", -1)
    monkeypatch.setattr(quality, "ring", lambda *_: None)
    client.post(acting("sample"), {"size": "5"})
    page = client.post(acting("measure"), follow=True).content.decode()
    assert "It is being measured anew." in page
    assert {kind for kind, _ in measuring.waiting_work()} == {"check sample", "quality"}


def test_who_may_only_look_changes_nothing(client: Client) -> None:
    person = a_person()
    person.user_permissions.add(Permission.objects.get(codename="view_qualityreport"))
    client.force_login(person)
    page = client.get(PAGE).content.decode()
    assert "Send a random sample" not in page
    assert "Measure now" not in page
    assert [client.post(acting(act)).status_code for act in ("sample", "measure", "rehearse")] == [403, 403, 403]
    assert client.get(acting("sample")).status_code == 405
    assert client.get(f"{PAGE}supplier/sample/").status_code == 404
    assert client.get(f"{PAGE}customer/else/").status_code == 404


@pytest.mark.usefixtures("advised")
def test_the_page_costs_the_same_however_much_there_is(client: Client, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        measuring.carry_out("quality", measuring.order(CUSTOMER, change=a_change()).pk)
        client.post(acting("sample"), {"size": "2"})
    client.get(PAGE)
    with django_assert_num_queries(9):
        client.get(PAGE)
    assert QualityReport.objects.filter(state=LearningState.DONE).count() == 3
