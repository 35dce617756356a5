"""A data steward sees a question whole, answers it in part, and takes the answer back."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils.html import escapejs
from pytest_django import DjangoAssertNumQueries

from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState, Override
from matching import review
from matching.models import Judgement, JudgementValue, ReviewTask, TaskState
from matching.questions import question_of
from tests.e2e.workplace import LOOK_ALIKE, a_cluster, a_hostile_pair, a_question_that_a_change_raised, doubtful_pairs
from tests.factories import a_record, a_steward, a_task, into

pytestmark = pytest.mark.django_db

QUEUE = "/admin/matching/reviewtask/"


@pytest.fixture
def steward(db: None) -> User:
    del db
    return a_steward()


@pytest.fixture
def desk(client: Client, steward: User) -> Client:
    """A browser at which a steward has logged in."""
    client.force_login(steward)
    return client


def page_of(task: ReviewTask) -> str:
    return reverse("admin:matching_reviewtask_change", args=(task.pk,))


def text_of(desk: Client, address: str) -> str:
    return desk.get(address).content.decode()


def golden(number: int) -> UUID:
    """The golden record of a firm of the cluster."""
    return UUID(str(CustomerRecord.objects.get(external_id=f"M-{number}").golden_id))


def answer(desk: Client, task: ReviewTask, value: str, **more: str) -> Any:
    address = reverse("admin:matching_reviewtask_decide", args=(task.pk,))
    seen = {"version": task.version, "question": question_of(task).mark}
    return desk.post(address, {"answer": value, **seen, **more}, follow=True)


def marked(**marks: tuple[int, ...]) -> dict[str, str]:
    return {f"mark-{golden(number)}": mark for mark, numbers in marks.items() for number in numbers}


def test_the_page_of_any_task_shows_the_whole_question(desk: Client) -> None:
    tasks = a_cluster(4)
    for task in tasks:
        page = text_of(desk, page_of(task))
        assert "Which of these 4 are the same?" in page
        assert all(f'name="mark-{golden(number)}"' in page for number in range(4))
        assert "How they hang together" in page


def test_a_pair_looks_as_a_pair(desk: Client) -> None:
    page = text_of(desk, page_of(doubtful_pairs(1)[0]))
    assert "Are these two the same?" in page
    assert "mark-" not in page
    assert "How they hang together" not in page


def test_values_are_compared_with_the_column_that_is_chosen(desk: Client) -> None:
    task = a_cluster(4)[0]
    first = text_of(desk, page_of(task))
    other = text_of(desk, f"{page_of(task)}?reference={golden(3)}")
    assert f"reference={golden(0)}" not in first
    assert f"reference={golden(0)}" in other
    assert 'Atelier<mark class="mdm-different"> du </mark>Moulin' in first
    assert 'Atelier<mark class="mdm-different"> du </mark>Moulin' not in other


def test_marks_stay_when_another_column_is_compared_with(desk: Client) -> None:
    task = a_cluster(4)[0]
    page = text_of(desk, f"{page_of(task)}?reference={golden(1)}&mark-{golden(2)}=different&mark-nonsense=same")
    assert f'name="mark-{golden(2)}" value="different" checked' in page
    assert "What would come of your marks" in page


def test_the_queue_shows_a_question_in_one_line(desk: Client) -> None:
    a_cluster(5)
    doubtful_pairs(2)
    page = text_of(desk, QUEUE)
    assert page.count('class="mdm-question"') == 3
    assert "5 golden records, one question" in page


def test_next_goes_to_another_question(desk: Client) -> None:
    tasks, (pair,) = a_cluster(4), doubtful_pairs(1)
    for task in tasks:
        assert f'href="{page_of(pair)}" data-key="n"' in text_of(desk, page_of(task))


def test_these_are_the_same_that_one_is_not_and_the_rest_stays_open(desk: Client) -> None:
    tasks = a_cluster(5)
    response = answer(desk, tasks[0], "marked", **marked(same=(0, 1), different=(4,)), comment="two workshops")
    page = response.content.decode()
    assert "2 golden records called the same." in page
    assert "1 golden record kept apart." in page
    assert golden(0) == golden(1)
    assert len({golden(number) for number in range(5)}) == 4
    assert Judgement.objects.filter(value=JudgementValue.DIFFERENT, withdrawn_at__isnull=True).count() == 1
    assert Judgement.objects.filter(comment="two workshops").count() == 2
    assert "Which of these" in page or "Are these two" in page


def test_one_undo_takes_the_whole_answer_back(desk: Client) -> None:
    tasks = a_cluster(4)
    before = [golden(number) for number in range(4)]
    answer(desk, tasks[0], "marked", **marked(same=(0, 1, 2), different=(3,)))
    response = desk.post(reverse("admin:matching_reviewtask_undo", args=(tasks[0].pk,)), {"whole": "yes"}, follow=True)
    assert "the whole question is open again" in response.content.decode()
    assert [golden(number) for number in range(4)] == before
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == len(tasks)
    assert Judgement.objects.filter(withdrawn_at__isnull=True).count() == 0


@pytest.mark.parametrize(("value", "goldens"), [("same", 1), ("different", 4), ("unsure", 4)])
def test_without_a_mark_the_whole_question_is_answered_and_the_next_one_comes(desk: Client, value: str, goldens: int) -> None:
    tasks, (pair,) = a_cluster(4), doubtful_pairs(1)
    response = answer(desk, tasks[1], value)
    assert response.redirect_chain[-1][0].startswith(page_of(pair))
    assert len({golden(number) for number in range(4)}) == goldens
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 1


def test_the_chosen_values_stand_in_what_becomes_of_a_pair(desk: Client) -> None:
    task = doubtful_pairs(1)[0]
    crm = CustomerRecord.objects.get(source__code="crm")
    erp = CustomerRecord.objects.get(source__code="erp")
    page = text_of(desk, page_of(task))
    loser = next(each for each in (crm, erp) if f'name="value-legal_name" value="{each.pk}"' in page)
    answer(desk, task, "same", **{"value-legal_name": str(loser.pk), "value-phone": ""})
    survivor = GoldenCustomer.objects.get(state=GoldenState.ACTIVE)
    assert survivor.legal_name == loser.legal_name
    assert Override.objects.get().unit == "legal_name"
    desk.post(reverse("admin:matching_reviewtask_undo", args=(task.pk,)), {"whole": "yes"})
    assert GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count() == 2
    assert Override.objects.get().state == "ended"


def test_what_somebody_answered_meanwhile_is_not_answered_over(desk: Client, steward: User) -> None:
    tasks = a_cluster(4)
    seen = question_of(tasks[0]).mark
    review.decide(tasks[2].pk, answer=JudgementValue.DIFFERENT, user=steward)
    response = answer(desk, tasks[0], "marked", **(marked(same=(0, 1)) | {"question": seen, "comment": "a long thought"}))
    assert response.status_code == 409
    page = response.content.decode()
    assert "has changed since you opened it" in page
    assert "a long thought" in page
    assert f'name="mark-{golden(1)}" value="same" checked' in page
    assert len({golden(number) for number in range(4)}) == 4


def test_marks_that_say_nothing_change_nothing(desk: Client) -> None:
    tasks = a_cluster(3)
    for value, marks in (("marked", {}), ("marked", marked(same=(0,))), ("same", marked(same=(0, 1)))):
        assert "Choose same, different or unsure" in answer(desk, tasks[0], value, **marks).content.decode()
    assert Judgement.objects.count() == 0


def test_what_an_earlier_judgement_forbids_is_explained(desk: Client, steward: User) -> None:
    tasks = a_cluster(4)
    review.decide(tasks[0].pk, answer=JudgementValue.DIFFERENT, user=steward)
    page = answer(desk, tasks[1], "marked", **marked(same=(0, 1))).content.decode()
    assert "Not done:" in page
    assert golden(0) != golden(1)


def test_a_preview_says_what_would_come_of_marks_and_changes_nothing(desk: Client) -> None:
    task = a_cluster(4)[0]
    address = reverse("admin:matching_reviewtask_preview", args=(task.pk,))
    page = desk.get(address, marked(same=(0, 1), different=(2,))).content.decode()
    assert "become one golden record" in page
    assert "kept apart from them for good" in page
    assert "stay open" in page
    assert 'name="value-segment"' in page
    assert Judgement.objects.count() == 0
    assert GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count() == 4


def test_who_may_not_override_chooses_no_value(desk: Client, steward: User) -> None:
    task = doubtful_pairs(1)[0]
    steward.groups.get().permissions.remove(Permission.objects.get(codename="add_override"))
    page = text_of(desk, page_of(task))
    assert "What the golden record would be" in page
    assert 'name="value-' not in page
    answer(desk, task, "same", **{"value-legal_name": str(CustomerRecord.objects.latest("pk").pk)})
    assert Override.objects.count() == 0


def test_similar_decisions_are_counted_and_named(desk: Client, steward: User) -> None:
    tasks = doubtful_pairs(9)
    for task, value in zip(tasks[5:8], ("same", "same", "different"), strict=True):
        review.decide(task.pk, answer=JudgementValue(value), user=steward)
    page = text_of(desk, page_of(tasks[8]))
    assert "2 of 3 were judged the same" in page
    assert "exactly the evidence" in page
    assert page_of(tasks[5]) in page


def test_the_graph_has_a_table_that_says_the_same(desk: Client, steward: User) -> None:
    tasks = a_cluster(4)
    review.decide(tasks[-1].pk, answer=JudgementValue.DIFFERENT, user=steward)
    page = text_of(desk, page_of(tasks[0]))
    assert "mdm-edge-said-different" in page
    assert f"See the evidence (task {tasks[1].pk})" in page
    assert page.count('class="mdm-node') >= 4


def test_a_question_on_weakened_evidence_stays_as_it_was(desk: Client) -> None:
    page = text_of(desk, page_of(a_question_that_a_change_raised()))
    assert "Do these two still belong together?" in page
    assert "What the golden record would be" not in page


def test_letters_that_pass_for_others_are_marked_on_the_page_and_in_lists(desk: Client) -> None:
    task = a_hostile_pair()
    page = text_of(desk, page_of(task))
    assert "Look-alike letters (Cyrillic)" in page
    assert LOOK_ALIKE not in page
    assert "\u200b" not in page
    into(a_record("look", legal_name=LOOK_ALIKE), task.left_golden_id)
    record = a_record("alone", legal_name=LOOK_ALIKE)
    for address in ("/admin/golden_records/goldencustomer/", f"/admin/golden_records/goldencustomer/{record.golden_id}/change/"):
        assert 'class="mdm-lookalike"' in text_of(desk, address)


def test_a_page_that_is_fetched_ahead_reads_no_message(desk: Client) -> None:
    first, second = doubtful_pairs(2)
    assert f'"urls": ["{escapejs(page_of(second))}"]' in text_of(desk, page_of(first))
    desk.post(reverse("admin:matching_reviewtask_decide", args=(second.pk,)), {"answer": "perhaps", "version": "1"})
    desk.get(page_of(second), headers={"sec-purpose": "prefetch"})
    assert "Choose same, different or unsure" in text_of(desk, page_of(second))
    assert "Choose same, different or unsure" not in text_of(desk, page_of(second))


def test_the_page_takes_as_many_queries_for_twelve_golden_records_as_for_three(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    few, many = a_cluster(3), [a_record(f"T-{number}", legal_name="Cabinet Durand", country="FR") for number in range(12)]
    cluster = [a_task(many[0], other) for other in many[1:]]
    pair = doubtful_pairs(1)[0]
    desk.get(page_of(few[0]))
    # One more where no later task is open and the first one comes next.
    for task in (few[0], cluster[0], cluster[-1], pair):
        with django_assert_max_num_queries(26):
            desk.get(page_of(task))
    address = reverse("admin:matching_reviewtask_preview", args=(cluster[0].pk,))
    with django_assert_max_num_queries(12):
        desk.get(address, {f"mark-{many[0].golden_id}": "same", f"mark-{many[1].golden_id}": "same"})
