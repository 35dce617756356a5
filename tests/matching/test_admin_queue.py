"""The queue as stewards share it: orders, filters, views of their own, hand-over, deferral, claims and second opinions, by the pages."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from matching import assigning, claims, review
from matching.admin.queue import PARAMETERS, Scope
from matching.models import FourEyesRule, JudgementValue, Proposal, ReasonCode, ReviewTask, TaskClaim, TaskState
from tests.e2e.workplace import doubtful_pairs
from tests.factories import a_person, a_record, a_steward, a_task

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


def page_of(task: ReviewTask) -> str:
    return reverse("admin:matching_reviewtask_change", args=(task.pk,))


def do(desk: Client, act: str, task: ReviewTask, **given: object) -> Any:
    version = ReviewTask.objects.get(pk=task.pk).version
    return desk.post(reverse(f"admin:matching_reviewtask_{act}", args=(task.pk,)), {"version": version, **given}, follow=True)


def listed(desk: Client, query: str) -> set[int]:
    response: Any = desk.get(f"{QUEUE}?{query}")
    return {task.pk for task in response.context_data["cl"].result_list}


# --- orders and filters ---


@pytest.mark.parametrize("order", ["", "oldest", "likely"])
def test_the_walk_follows_the_order_and_comes_round(grace: User, order: str) -> None:
    tasks = doubtful_pairs(6)
    ReviewTask.objects.filter(pk__in=[task.pk for task in tasks[:3]]).update(worth=7.0)
    scope = Scope(order=order, user_id=grace.pk)
    expected = list(scope.open_tasks())
    walked = [expected[0]]
    for _step in expected:
        walked.append(scope.after(walked[-1]) or walked[-1])
    assert walked == [*expected, expected[0]]


def test_each_filter_keeps_what_it_says(desk: Client, grace: User, henri: User) -> None:
    one, two, three = (task.pk for task in doubtful_pairs(3))
    left, right = (a_record(external_id, source="crm", legal_name=f"Scierie {external_id}") for external_id in ("7", "8"))
    alone = a_task(left, right).pk
    tasks = ReviewTask.objects
    tasks.filter(pk=one).update(probability=0.9, value_at_stake=Decimal(2_000_000), opened_at=timezone.now() - timedelta(days=40))
    tasks.filter(pk=two).update(probability=0.6, value_at_stake=Decimal(200_000), opened_at=timezone.now() - timedelta(days=10))
    tasks.filter(pk=three).update(probability=0.2, value_at_stake=Decimal(10))
    tasks.filter(pk=alone).update(probability=0.2, assignee=henri)
    kept = {
        "band=high": {one},
        "band=middle": {two},
        "value=great": {one},
        "value=middle": {two},
        "value=small": {three},
        "value=none": {alone},
        "age=older": {one},
        "age=month": {two},
        "age=week": {three, alone},
        "source=erp": {one, two, three},
        "source=crm": {one, two, three, alone},
        "source=elsewhere": set(),
        f"assignee={henri.pk}": {alone},
        "assignee=nobody": {one, two, three},
        "assignee=me": set(),
        "kind=possible_match&band=low&age=week": {three, alone},
        "entity=project": set(),
    }
    assert {query: listed(desk, query) for query in kept} == kept
    assert {query: set(Scope.of_query(query, grace.pk).narrow(tasks.all()).values_list("pk", flat=True)) for query in kept} == kept


def test_what_is_put_off_waits_or_is_decided_is_found_by_its_state(desk: Client, grace: User) -> None:
    open_task, put_off, waits, decided = doubtful_pairs(4)
    assigning.defer(put_off.pk, until=timezone.localdate() + timedelta(days=2), user=grace)
    review.decide(decided.pk, answer=JudgementValue.DIFFERENT, user=grace)
    FourEyesRule.objects.create(reason="audit")
    review.decide(waits.pk, answer=JudgementValue.SAME, user=grace)
    assert listed(desk, "") == {open_task.pk}
    assert listed(desk, "state=deferred") == {put_off.pk}
    assert listed(desk, "state=second") == {waits.pk}
    assert listed(desk, "state=decided") == {decided.pk}
    assert len(listed(desk, "state=all")) == 4


def test_every_filter_and_the_search_hold_from_task_to_task(desk: Client) -> None:
    doubtful_pairs(3)
    query = "entity=customer&order=oldest&assignee=nobody&age=week&value=none&source=crm&q=Bertrand"
    first = desk.get(f"{reverse('admin:matching_reviewtask_next')}?{query}")["Location"]
    assert all(part in first for part in query.split("&"))
    assert set(PARAMETERS) == set(Scope().parameters)
    page: Any = desk.get(first)
    assert page.context_data["next_url"] is None


def test_a_filter_that_nobody_knows_is_left_out() -> None:
    assert Scope.of({"entity": "ship", "value": "all", "assignee": "x", "order": "-id", "state": "gone"}) == Scope()


# --- claims ---


def test_the_pages_claim_renews_tells_others_and_is_taken_over(desk: Client, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    address = reverse("admin:matching_reviewtask_claim", args=(task.pk,))
    assert desk.post(address).json()["mine"]
    other = Client()
    other.force_login(henri)
    refused = other.post(address)
    assert (refused.status_code, refused.json()["holder"]) == (409, "grace")
    assert "grace is working on this task" in other.get(page_of(task)).content.decode()
    response = do(other, "decide", task, answer="same")
    assert response.status_code == 409
    assert "grace has claimed review task" in response.content.decode()
    do(other, "take_over", task)
    assert TaskClaim.objects.get().user == henri
    assert do(other, "decide", task, answer="different").status_code == 200
    assert desk.post(address).json() == {"mine": False, "holder": None, "words": ""}


def test_next_skips_what_others_have_claimed(desk: Client, henri: User) -> None:
    first, second = sorted(doubtful_pairs(2), key=lambda task: -task.worth)
    claims.claim(first.pk, user=henri)
    assert desk.get(reverse("admin:matching_reviewtask_next"))["Location"] == page_of(second)


# --- hand over, defer ---


def test_a_task_is_handed_to_a_colleague_who_finds_it_with_the_note(desk: Client, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    do(desk, "hand", task, to=henri.pk, note="you know <b>them</b>")
    other = Client()
    other.force_login(henri)
    assert listed(other, "assignee=me") == {task.pk}
    page = other.get(page_of(task)).content.decode()
    assert "This task is yours." in page
    assert "you know &lt;b&gt;them&lt;/b&gt;" in page
    do(other, "hand", task)
    assert ReviewTask.objects.get().assignee is None


def test_nothing_is_handed_to_a_stranger_nor_put_off_to_yesterday(desk: Client) -> None:
    (task,) = doubtful_pairs(1)
    stranger = a_person("ian")
    assert "no colleague that can be chosen" in do(desk, "hand", task, to=stranger.pk).content.decode()
    response = do(desk, "defer", task, until=timezone.localdate().isoformat())
    assert response.status_code == 409
    assert ReviewTask.objects.get().deferred_until is None


def test_a_task_is_put_off_with_a_reason_and_brought_back(desk: Client) -> None:
    task, _other = doubtful_pairs(2)
    day = timezone.localdate() + timedelta(days=4)
    do(desk, "defer", task, until=day.isoformat(), note="asked the source")
    page = desk.get(page_of(task)).content.decode()
    assert "Deferred until" in page
    assert "asked the source" in page
    do(desk, "defer", task)
    assert task.pk in listed(desk, "")


# --- reasons ---


def test_an_answer_may_have_a_reason_of_those_in_use_for_it(desk: Client) -> None:
    ReasonCode.objects.all().delete()
    ReasonCode.objects.create(code="one-board", answer="same", label="One board")
    ReasonCode.objects.create(code="old", answer="same", label="Old", is_active=False)
    for task, code, kept in zip(doubtful_pairs(3), ("one-board", "old", "made-up"), ("one-board", "", ""), strict=True):
        do(desk, "decide", task, answer="same", reason_code=code)
        task.refresh_from_db()
        assert (task.answer, task.reason_code) == ("same", kept)


def test_the_service_brings_reasons_for_each_answer() -> None:
    assert set(ReasonCode.objects.values_list("answer", flat=True)) == set(JudgementValue.values)


# --- second opinions ---


def test_the_second_steward_sees_the_first_ones_case_and_agrees(desk: Client, grace: User, henri: User) -> None:
    del grace
    (task,) = doubtful_pairs(1)
    FourEyesRule.objects.create(entity="customer", reason="agreed with audit")
    code = ReasonCode.objects.filter(answer="same").first()
    assert code is not None
    response = do(desk, "decide", task, answer="same", comment="one board", reason_code=code.code)
    assert "your answer waits for a second steward" in response.content.decode()
    own = desk.get(page_of(task)).content.decode()
    assert "Withdraw my answer" in own
    assert "Agree" not in own
    other = Client()
    other.force_login(henri)
    page = other.get(page_of(task)).content.decode()
    for said in (
        "A second opinion is asked of you",
        "grace",
        "one board",
        str(code),
        "become one golden record",
        "Agree: do it",
        "Disagree",
    ):
        assert said in page
    assert 'name="answer"' not in page
    do(other, "agree", task, note="yes")
    task.refresh_from_db()
    assert (task.state, task.decided_by) == (TaskState.DECIDED, henri)


def test_who_may_only_look_can_do_none_of_it(client: Client) -> None:
    (task,) = doubtful_pairs(1)
    onlooker = a_person("olga")
    onlooker.user_permissions.set(a_steward("temporary").groups.get().permissions.filter(codename__startswith="view_"))
    client.force_login(onlooker)
    for act in ("claim", "take_over", "hand", "defer", "agree", "disagree", "withdraw"):
        assert do(client, act, task).status_code == 403
        assert client.get(reverse(f"admin:matching_reviewtask_{act}", args=(task.pk,))).status_code == 405
    page = client.get(page_of(task)).content.decode()
    assert "Hand over" not in page
    assert not Proposal.objects.exists()


def test_the_page_of_a_task_with_a_long_past_takes_as_many_queries_as_a_new_one(
    desk: Client, grace: User, henri: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    (task,) = doubtful_pairs(1)
    assigning.hand(task.pk, to=henri, user=grace)
    desk.get(page_of(task))
    with django_assert_max_num_queries(34) as few:
        desk.get(page_of(task))
    for _time in range(6):
        assigning.hand(task.pk, to=grace, user=grace, note="take it")
        assigning.hand(task.pk, to=henri, user=grace, note="and back")
    with django_assert_max_num_queries(len(few)):
        desk.get(page_of(task))
