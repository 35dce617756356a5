"""A steward answers a question whole or in part, and takes the answer back as one."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState, Override, OverrideState, SourceRecord
from matching import review
from matching.active_config import forget_versions
from matching.models import Judgement, JudgementValue, ReviewTask, TaskState
from matching.question_answers import Answer, give, take_back
from matching.questions import question_of
from matching.verifying import verify
from tests.factories import a_record, a_steward, a_task
from tests.lock_order import an_example

pytestmark = pytest.mark.django_db

SIZE = 5
PAIRS = [(one, other) for one in range(SIZE) for other in range(one + 1, SIZE)]


def firms(count: int) -> list[SourceRecord]:
    """Golden records that might all be one: of one name, and nothing else is known of them that could tell them apart."""
    return [
        a_record(f"{number}", source=("crm", "erp")[number % 2], legal_name="Moulin Conseil", country="FR", segment=f"S{number}")
        for number in range(count)
    ]


def asked(records: list[SourceRecord], pairs: list[tuple[int, int]]) -> list[ReviewTask]:
    return [a_task(records[one], records[other]) for one, other in pairs]


def clusters() -> set[frozenset[str]]:
    found: dict[UUID, set[str]] = {}
    for external_id, golden_id in CustomerRecord.objects.values_list("external_id", "golden_id"):
        found.setdefault(golden_id, set()).add(external_id)
    return {frozenset(each) for each in found.values()}


def ids(records: list[SourceRecord], *numbers: int) -> frozenset[UUID]:
    return frozenset(records[number].golden_id for number in numbers)


def wrong() -> set[str]:
    """What `verify` finds, but for blocking keys: the records are made without being matched."""
    named = {"blocking keys", "auto-match completeness"}
    return {f"{found.check.name}: {found.offences}" for found in verify() if found.count and found.check.name not in named}


@pytest.fixture
def claire(db: None) -> User:
    del db
    return a_steward("claire")


def test_these_three_yes_that_one_no_and_the_rest_stays_open(claire: User) -> None:
    records = firms(5)
    tasks = asked(records, [(0, 1), (1, 2), (2, 3), (3, 4)])
    done = give(question_of(tasks[0]), Answer(same=ids(records, 0, 1, 2), different=ids(records, 3)), by=claire)
    assert done.refused == ()
    assert clusters() == {frozenset("012"), frozenset("3"), frozenset("4")}
    rest = ReviewTask.objects.get(state=TaskState.OPEN)
    assert {rest.left_golden_id, rest.right_golden_id} == ids(records, 3, 4)
    assert wrong() == set()


def test_two_that_no_task_asks_about_are_merged_all_the_same(claire: User) -> None:
    records = firms(3)
    tasks = asked(records, [(0, 1), (0, 2)])
    done = give(question_of(tasks[0]), Answer(same=ids(records, 1, 2)), by=claire)
    assert [step.kind for step in done.steps] == ["merge"]
    assert clusters() == {frozenset("0"), frozenset("12")}
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 1


def test_one_that_no_task_asks_about_is_kept_apart_for_good(claire: User) -> None:
    records = firms(4)
    tasks = asked(records, [(0, 1), (1, 2), (2, 3)])
    done = give(question_of(tasks[0]), Answer(same=ids(records, 0, 1), different=ids(records, 3)), by=claire)
    assert [step.kind for step in done.steps] == ["task", "judgement"]
    said = Judgement.objects.get(value=JudgementValue.DIFFERENT)
    assert {said.left_record_id, said.right_record_id} == {records[0].pk, records[3].pk}
    refused = give(question_of(tasks[1]), Answer(same=ids(records, 0, 3)), by=claire)
    assert "judged" in refused.refused[0]
    assert take_back(done.steps, by=claire) == []
    assert Judgement.objects.filter(withdrawn_at__isnull=True).count() == 0


@pytest.mark.parametrize("value", [JudgementValue.DIFFERENT, JudgementValue.UNSURE])
def test_all_of_it_is_different_or_unsure(claire: User, value: JudgementValue) -> None:
    records = firms(4)
    tasks = asked(records, [(0, 1), (1, 2), (2, 3)])
    done = give(question_of(tasks[1]), Answer(of_all=value), by=claire)
    assert sorted(done.task_ids) == sorted(task.pk for task in tasks)
    assert len(clusters()) == 4
    assert set(ReviewTask.objects.values_list("answer", flat=True)) == {value}


def test_what_an_earlier_judgement_forbids_is_explained_and_the_rest_is_done(claire: User) -> None:
    records = firms(4)
    tasks = asked(records, [(0, 1), (2, 3), (1, 2)])
    review.decide(tasks[0].pk, answer=JudgementValue.DIFFERENT, user=claire)
    done = give(question_of(tasks[2]), Answer(same=ids(records, 0, 1, 2, 3)), by=claire)
    assert any("different" in words for words in done.refused)
    assert frozenset("123") in clusters() or frozenset("023") in clusters()
    assert wrong() == set()


def test_the_chosen_survivor_stands_until_the_answer_is_taken_back(claire: User) -> None:
    records = firms(3)
    tasks = asked(records, [(0, 1), (1, 2)])
    chosen = {"segment": records[2].pk, "country": records[0].pk}
    done = give(question_of(tasks[0]), Answer(same=ids(records, 0, 1, 2), chosen=chosen), by=claire)
    golden = GoldenCustomer.objects.get(state=GoldenState.ACTIVE)
    assert (golden.segment, golden.country) == ("S2", "FR")
    assert take_back(done.steps, by=claire) == []
    assert GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count() == 3
    assert Override.objects.filter(state=OverrideState.IN_FORCE).count() == 0
    assert set(GoldenCustomer.objects.values_list("segment", flat=True)) == {"S0", "S1", "S2"}


def test_no_value_is_chosen_where_a_part_was_refused(claire: User) -> None:
    records = firms(3)
    tasks = asked(records, [(0, 1), (1, 2)])
    review.decide(tasks[0].pk, answer=JudgementValue.DIFFERENT, user=claire)
    done = give(question_of(tasks[1]), Answer(same=ids(records, 0, 1, 2), chosen={"segment": records[2].pk}), by=claire)
    assert done.refused
    assert Override.objects.count() == 0


def state() -> tuple[Any, ...]:
    """All that a steward sees: who belongs where, what is held, what was said, and what is asked."""
    goldens = GoldenCustomer.objects.order_by("id").values_list(
        "id", "state", "successor_id", "legal_name", "segment", "member_count", "pins"
    )
    said = Judgement.objects.filter(withdrawn_at__isnull=True).order_by("left_record_id", "right_record_id")
    tasks = ReviewTask.objects.filter(state=TaskState.OPEN).order_by("left_golden_id", "right_golden_id")
    return (
        list(goldens),
        list(CustomerRecord.objects.order_by("id").values_list("id", "golden_id", "link_source", "link")),
        list(said.values_list("left_record_id", "right_record_id", "value")),
        list(tasks.values_list("left_golden_id", "right_golden_id", "left_record_id", "right_record_id")),
        list(Override.objects.filter(state=OverrideState.IN_FORCE).values_list("golden_id", "unit")),
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(st.sampled_from(PAIRS), min_size=2, max_size=7, unique=True),
    earlier=st.lists(st.tuples(st.sampled_from(PAIRS), st.sampled_from(JudgementValue)), max_size=1),
    marks=st.lists(st.sampled_from(["same", "different", "open"]), min_size=SIZE, max_size=SIZE),
    choose=st.booleans(),
)
def test_to_answer_in_part_and_to_take_it_back_is_to_have_said_nothing(
    claire: User, pairs: list[tuple[int, int]], earlier: list[tuple[tuple[int, int], JudgementValue]], marks: list[str], *, choose: bool
) -> None:
    with an_example():
        forget_versions()
        records = firms(SIZE)
        tasks = asked(records, pairs)
        for pair, value in earlier:
            if pair in pairs:
                review.decide(tasks[pairs.index(pair)].pk, answer=value, user=claire)
        task = ReviewTask.objects.filter(state=TaskState.OPEN).first()
        assume(task is not None)
        question = question_of(task)  # type: ignore[arg-type]  # there is one
        marked = {
            mark: frozenset(
                each.golden_id for each, own in zip(records, marks, strict=True) if own == mark and each.golden_id in question.golden_ids
            )
            for mark in ("same", "different")
        }
        before = state()
        same = marked["same"] if len(marked["same"]) > 1 else frozenset()
        chosen = {"segment": max(each.pk for each in records if each.golden_id in same)} if choose and same else {}
        done = give(question, Answer(same=same, different=marked["different"], chosen=chosen), by=claire)
        assert wrong() == set()
        assert take_back(done.steps, by=claire) == []
        assert state() == before
        transaction.set_rollback(True)
