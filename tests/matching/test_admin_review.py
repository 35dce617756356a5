"""A data steward works through the review queue: sees, decides, takes back."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from golden_records.errors import Busy
from golden_records.models import GoldenCustomer, GoldenState
from matching.models import Judgement, JudgementValue, ReviewTask, TaskState
from tests.e2e.workplace import HOSTILE, a_hostile_pair, doubtful_pairs
from tests.factories import a_person, a_record, a_steward, a_task, into

pytestmark = pytest.mark.django_db

QUEUE = "/admin/matching/reviewtask/"


@pytest.fixture
def steward() -> User:
    return a_steward()


@pytest.fixture
def desk(client: Client, steward: User) -> Client:
    """A browser at which a steward has logged in."""
    client.force_login(steward)
    return client


def page_of(task: ReviewTask) -> str:
    return reverse("admin:matching_reviewtask_change", args=(task.pk,))


def answer(desk: Client, task: ReviewTask, value: str, **more: object) -> Any:
    address = reverse("admin:matching_reviewtask_decide", args=(task.pk,))
    return desk.post(address, {"answer": value, "version": task.version, **more}, follow=True)


def text_of(desk: Client, address: str) -> str:
    return desk.get(address).content.decode()


@pytest.mark.parametrize("order", ["", "oldest", "likely"])
def test_the_queue_shows_open_tasks_with_both_names_in_the_order_that_was_chosen(desk: Client, order: str) -> None:
    tasks = doubtful_pairs(3)
    page = text_of(desk, f"{QUEUE}?order={order}")
    keys = {"": lambda task: -task.worth, "oldest": lambda task: task.pk, "likely": lambda task: -task.probability}
    first = min(tasks, key=keys[order])
    names = GoldenCustomer.objects.in_bulk([first.left_golden_id, first.right_golden_id])
    first_row = page.split("<tbody>")[1].split("</tr>")[0] if "<tbody>" in page else page.split("result_list")[1]
    assert all(str(golden).split()[0] in first_row for golden in names.values())


def test_an_empty_queue_says_well_done(desk: Client) -> None:
    assert "Well done" in text_of(desk, QUEUE)


def test_a_filter_that_finds_nothing_is_no_reason_for_praise(desk: Client) -> None:
    doubtful_pairs(1)
    page = text_of(desk, f"{QUEUE}?entity=project")
    assert "Well done" not in page
    assert "No review task fits" in page


def test_decided_tasks_leave_the_queue_and_are_found_by_their_state(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    answer(desk, task, "different")
    assert page_of(task) not in text_of(desk, QUEUE)
    assert page_of(task) in text_of(desk, f"{QUEUE}?state=decided")


def test_a_task_is_found_by_a_name_or_by_its_number(desk: Client) -> None:
    tasks = doubtful_pairs(3)
    person = next(task for task in tasks if GoldenCustomer.objects.get(pk=task.left_golden_id).kind == "person")
    others = [page_of(task) for task in tasks if task != person]
    for term in ("Lefebvre", str(person.pk)):
        page = text_of(desk, f"{QUEUE}?q={term}")
        assert page_of(person) in page
        assert not any(address in page for address in others)


def test_the_page_shows_both_sides_their_sources_and_the_evidence_in_words(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    page = text_of(desk, page_of(task))
    assert "Are these two the same?" in page
    assert "evidence for" in page
    assert "K-10000" in page
    assert '<mark class="mdm-different">' in page


def test_same_makes_one_golden_record_and_goes_to_the_next_task_with_an_undo(desk: Client, steward: User) -> None:
    first, second = sorted(doubtful_pairs(2), key=lambda task: -task.worth)
    response = desk.post(
        reverse("admin:matching_reviewtask_decide", args=(first.pk,)), {"answer": "same", "version": 1, "comment": "one firm"}
    )
    assert response.status_code == 302
    assert response["Location"] == f"{page_of(second)}?decided={first.pk}"
    first.refresh_from_db()
    assert (first.state, first.answer, first.comment, first.decided_by) == (TaskState.DECIDED, "same", "one firm", steward)
    states = set(GoldenCustomer.objects.filter(pk__in=(first.left_golden_id, first.right_golden_id)).values_list("state", flat=True))
    assert states == {GoldenState.ACTIVE, GoldenState.RETIRED}
    assert reverse("admin:matching_reviewtask_undo", args=(first.pk,)) in text_of(desk, response["Location"])


@pytest.mark.parametrize("value", [JudgementValue.DIFFERENT, JudgementValue.UNSURE])
def test_different_and_unsure_leave_both_golden_records(desk: Client, value: JudgementValue) -> None:
    task = doubtful_pairs(1)[0]
    answer(desk, task, value)
    assert Judgement.objects.get().value == value
    assert GoldenCustomer.objects.filter(state=GoldenState.RETIRED).count() == 0


def test_undo_puts_everything_back_and_shows_the_question_again(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    answer(desk, task, "same")
    response = desk.post(reverse("admin:matching_reviewtask_undo", args=(task.pk,)), follow=True)
    assert "is open again" in response.content.decode()
    task.refresh_from_db()
    assert task.state == TaskState.OPEN
    assert GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count() == 2


def test_a_decided_task_says_who_when_and_why_and_offers_undo(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    answer(desk, task, "different", comment="two brothers")
    page = text_of(desk, page_of(task))
    assert "grace" in page
    assert "two brothers" in page
    assert "Undo this decision" in page
    assert 'name="answer"' not in page


def test_what_changed_meanwhile_is_not_decided_and_the_comment_is_kept(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    ReviewTask.objects.filter(pk=task.pk).update(version=7)
    response = answer(desk, task, "same", comment="a long thought")
    assert response.status_code == 409
    page = response.content.decode()
    assert "has changed since you opened it" in page
    assert "a long thought" in page
    assert Judgement.objects.count() == 0


def test_an_answer_that_is_none_of_the_three_changes_nothing(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    response = answer(desk, task, "perhaps")
    assert "Choose same, different or unsure" in response.content.decode()
    assert Judgement.objects.count() == 0


def test_to_undo_twice_says_that_nothing_is_left_to_undo(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    response = desk.post(reverse("admin:matching_reviewtask_undo", args=(task.pk,)))
    assert response.status_code == 409
    assert "no answer to take back" in response.content.decode()


def test_only_post_with_a_token_decides(steward: User) -> None:
    task = doubtful_pairs(1)[0]
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(steward)
    address = reverse("admin:matching_reviewtask_decide", args=(task.pk,))
    assert strict.get(address).status_code == 405
    assert strict.post(address, {"answer": "same", "version": 1}).status_code == 403
    assert Judgement.objects.count() == 0


def test_who_may_only_look_sees_no_buttons_and_can_not_decide(client: Client) -> None:
    task = doubtful_pairs(1)[0]
    a_steward()
    onlooker = a_person("olga")
    onlooker.user_permissions.set(a_steward("temporary").groups.get().permissions.filter(codename__startswith="view_"))
    client.force_login(onlooker)
    page = text_of(client, page_of(task))
    assert "Are these two the same?" in page
    assert 'name="answer"' not in page
    assert client.post(reverse("admin:matching_reviewtask_decide", args=(task.pk,)), {"answer": "same", "version": 1}).status_code == 403
    assert Judgement.objects.count() == 0


def test_who_may_not_look_is_refused(client: Client) -> None:
    task = doubtful_pairs(1)[0]
    client.force_login(a_person("ian"))
    assert client.get(page_of(task)).status_code == 403


def test_a_task_that_does_not_exist_leads_back(desk: Client) -> None:
    response = desk.get(reverse("admin:matching_reviewtask_change", args=(4711,)), follow=True)
    assert "doesn’t exist" in response.content.decode()


def test_the_filter_stays_from_task_to_task(desk: Client) -> None:
    tasks = doubtful_pairs(4)
    duplicates = [task for task in tasks if task.kind == "possible_duplicate"]
    assert len(duplicates) == 1
    response = answer(desk, duplicates[0], "unsure", kind="possible_duplicate")
    assert response.redirect_chain[-1][0].startswith(f"{QUEUE}?kind=possible_duplicate")


def test_a_task_opened_from_a_filtered_list_leads_on_within_the_filter(desk: Client) -> None:
    tasks = doubtful_pairs(8)
    first, second = sorted((task for task in tasks if task.kind == "possible_duplicate"), key=lambda task: (-task.worth, task.pk))
    page = text_of(desk, f"{page_of(first)}?_changelist_filters=kind%3Dpossible_duplicate")
    assert f'href="{page_of(second)}?kind=possible_duplicate" data-key="n"' in page


def test_hostile_text_is_shown_as_text_in_queue_page_and_history(desk: Client) -> None:
    task = a_hostile_pair()
    for address in (QUEUE, page_of(task), reverse("admin:matching_reviewtask_history", args=(task.pk,))):
        page = text_of(desk, address)
        assert "<img src=x" not in page.lower()
        assert "<svg onload" not in page.lower()
        assert "<script>document" not in page.lower()
    assert "&lt;img" in text_of(desk, page_of(task)).lower()
    assert "\u202e" in HOSTILE
    assert "\u202e" not in text_of(desk, page_of(task))


def test_the_page_takes_as_many_queries_for_many_records_as_for_two(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    task = doubtful_pairs(1)[0]
    desk.get(page_of(task))  # the sidebar's permissions and the like are asked once
    with django_assert_max_num_queries(25) as few:
        desk.get(page_of(task))
    for number in range(12):
        into(a_record(f"more-{number}", legal_name=f"Bertrand {number}", city="Lyon"), UUID(str(task.left_golden_id)))
    with django_assert_max_num_queries(len(few)):
        desk.get(page_of(task))


def test_the_queue_takes_as_many_queries_for_many_tasks_as_for_one(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    doubtful_pairs(1)
    desk.get(QUEUE)
    with django_assert_max_num_queries(20) as few:
        desk.get(QUEUE)
    for number in range(8):
        left = a_record(f"l{number}", legal_name=f"Menuiserie {number}", city="Lyon")
        right = a_record(f"r{number}", source="erp", legal_name=f"Menuiseries {number}", city="Lyon")
        a_task(left, right)
    with django_assert_max_num_queries(len(few)):
        desk.get(QUEUE)


def test_a_decision_that_cannot_have_its_locks_in_time_keeps_the_comment_and_says_when_to_try_again(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Busy("Others are writing the same records.", remedy="Send the same request again in a second.")

    (task,) = doubtful_pairs(1)
    monkeypatch.setattr("matching.review.decide", refuse)
    response = answer(desk, task, "same", comment="one address, one owner")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert "one address, one owner" in response.content.decode()
    assert ReviewTask.objects.get().state == TaskState.OPEN
