"""Open tasks that hang together are one question."""

from itertools import pairwise
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from golden_records.models import SourceRecord
from matching import questions
from matching.models import ReviewTask
from matching.questions import MOST_GOLDENS, question_of
from tests.factories import a_record, a_task

pytestmark = pytest.mark.django_db


def firms(count: int, *, called: str = "Atelier") -> list[SourceRecord]:
    """So many golden records whose names are alike."""
    return [a_record(f"{called}-{number}", legal_name=f"{called} Menuiserie {number}", city="Lyon") for number in range(count)]


def a_chain(count: int, *, called: str = "Atelier") -> list[ReviewTask]:
    """Each firm might be the one before it."""
    found = firms(count, called=called)
    return [a_task(one, other) for one, other in pairwise(found)]


def a_star(count: int, *, called: str = "Etoile") -> list[ReviewTask]:
    """Every firm might be the first one."""
    first, *others = firms(count, called=called)
    return [a_task(first, other) for other in others]


def test_tasks_that_hang_together_are_one_question_whichever_of_them_is_opened() -> None:
    tasks = a_chain(6)
    a_star(3)
    asked = [question_of(task) for task in tasks]
    assert {frozenset(each.golden_ids) for each in asked} == {
        frozenset(golden_id for task in tasks for golden_id in (task.left_golden_id, task.right_golden_id))
    }
    assert all(set(each.task_ids) == {task.pk for task in tasks} for each in asked)
    assert {each.mark for each in asked} == {asked[0].mark}


def test_the_golden_records_of_the_task_come_first_and_then_the_nearest() -> None:
    tasks = a_chain(6)
    found = question_of(tasks[0]).golden_ids
    assert set(found[:2]) == {tasks[0].left_golden_id, tasks[0].right_golden_id}
    assert found[-1] in {tasks[-1].left_golden_id, tasks[-1].right_golden_id}


def test_of_a_question_without_end_the_part_nearest_to_the_task_is_shown() -> None:
    tasks = a_star(MOST_GOLDENS + 5)
    found = question_of(tasks[-1])
    assert found.is_cut
    assert len(found.golden_ids) == MOST_GOLDENS
    assert {tasks[-1].left_golden_id, tasks[-1].right_golden_id} <= set(found.golden_ids)
    assert len(found.tasks) == MOST_GOLDENS - 1


def test_a_decided_task_is_a_question_of_its_own() -> None:
    first, _ = a_chain(3)
    first.state = "decided"
    assert question_of(first).task_ids == [first.pk]


def test_the_queue_has_one_line_for_each_question_with_its_size() -> None:
    chain, star, pair = a_chain(5), a_star(4), a_chain(2, called="Banque")
    everything = list(ReviewTask.objects.order_by("-probability", "id"))
    lines = questions.one_line_each(everything)
    assert len(lines) == 3
    sizes: dict[int, Any] = {task.pk: task.size for task in everything}  # type: ignore[attr-defined]  # hung on for the list
    assert {(sizes[task.pk].goldens, sizes[task.pk].tasks) for task in chain} == {(5, 4)}
    assert {(sizes[task.pk].goldens, sizes[task.pk].tasks) for task in star} == {(4, 3)}
    assert {(sizes[task.pk].goldens, sizes[task.pk].tasks) for task in pair} == {(2, 1)}
    firsts = [max(group, key=lambda task: (task.probability, -task.pk)) for group in (chain, star, pair)]
    assert {task.pk for task in lines} == {task.pk for task in firsts}


def test_a_filtered_list_keeps_the_first_of_each_question_that_it_has() -> None:
    chain = a_chain(4)
    last = sorted(chain, key=lambda task: (-task.probability, task.pk))[1:]
    assert questions.one_line_each(last, filtered=True) == last[:1]


def test_next_is_a_task_of_another_question() -> None:
    chain, pair = a_chain(4), a_chain(2, called="Banque")
    others = questions.beside(ReviewTask.objects.all(), question_of(chain[1]))
    assert list(others) == pair


def test_to_find_a_question_of_twelve_takes_one_query_more_than_one_of_two(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    (pair,), chain, star = a_chain(2, called="Banque"), a_chain(12), a_star(12)
    for task, queries in ((pair, 1), (chain[0], 2), (chain[5], 2), (star[3], 2)):
        with django_assert_num_queries(queries):
            question_of(task)
    for page in ([pair], [pair, *chain, *star]):
        with django_assert_num_queries(2):
            questions.one_line_each(page)
