"""Stewards answer questions, and take answers back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from golden_records.errors import ForbiddenMerge, NothingToUndo, StaleWrite
from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState, LinkSource
from matching import review
from matching.models import Judgement, JudgementValue, MatchRun, ReviewTask, TaskState
from tests.factories import a_record, a_task
from tests.matching.conftest import Submit

pytestmark = pytest.mark.django_db

MOULIN: dict[str, Any] = {"legal_name": "Moulin Conseil SARL", "country": "FR"}
MOULIN_IN_ERP = MOULIN | {"legal_name": "MOULIN CONSEIL"}
Doubt = Callable[[], tuple[ReviewTask, UUID, UUID]]


@pytest.fixture
def doubt(submitted: Submit) -> Doubt:
    """Two records that might be one customer: a task, and the golden records that it is about."""

    def arrange() -> tuple[ReviewTask, UUID, UUID]:
        one, other = submitted("crm", "1", **MOULIN), submitted("erp", "K1", **MOULIN_IN_ERP)
        assert other.outcome == "review"
        return ReviewTask.objects.get(), one.canonical_id, other.canonical_id

    return arrange


def test_same_merges_into_the_older_golden_record_and_the_younger_id_answers_with_it(doubt: Doubt, steward: User) -> None:
    task, older, younger = doubt()
    review.decide(task.pk, answer=JudgementValue.SAME, user=steward, comment="one firm", version=task.version)
    retired = GoldenCustomer.objects.get(pk=younger)
    assert (retired.state, retired.successor_id) == (GoldenState.RETIRED, older)
    assert set(CustomerRecord.objects.values_list("golden_id", flat=True)) == {older}
    moved = CustomerRecord.objects.get(external_id="K1")
    assert moved.link_source == LinkSource.MANUAL
    assert moved.link == {"judgement": Judgement.objects.get().pk}
    entry = GoldenCustomer.history.filter(id=older).latest()
    assert (entry.actor, entry.history_user) == ("steward:claire", steward)
    assert "one firm" in entry.history_change_reason


def test_undo_of_same_brings_the_younger_golden_record_back_and_asks_again(doubt: Doubt, steward: User) -> None:
    task, older, younger = doubt()
    before = _clusters()
    review.decide(task.pk, answer=JudgementValue.SAME, user=steward)
    undone = review.undo(task.pk, user=steward)
    assert _clusters() == before == {older: {"1"}, younger: {"K1"}}
    assert undone.state == TaskState.OPEN
    assert Judgement.objects.get().withdrawn_by == steward
    assert GoldenCustomer.objects.get(pk=younger).state == GoldenState.ACTIVE


def test_undo_keeps_what_came_to_the_survivor_since(doubt: Doubt, steward: User, submitted: Submit) -> None:
    task, older, younger = doubt()
    review.decide(task.pk, answer=JudgementValue.SAME, user=steward)
    submitted("crm", "1", **(MOULIN | {"phone": "+33142685300"}))
    review.undo(task.pk, user=steward)
    assert GoldenCustomer.objects.get(pk=older).phone == "+33142685300"
    assert GoldenCustomer.objects.get(pk=younger).phone is None


def test_different_keeps_them_apart_and_is_never_asked_or_merged_again(
    doubt: Doubt, steward: User, submitted: Submit, matched: Callable[[], MatchRun]
) -> None:
    task, _, _ = doubt()
    apart = _clusters()
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=steward)
    matched()
    submitted("erp", "K1", **(MOULIN_IN_ERP | {"segment": "A"}))
    submitted("crm", "1", **(MOULIN | {"postcode": "75002"}))
    matched()
    assert _clusters() == apart
    assert not ReviewTask.objects.filter(state=TaskState.OPEN).exists()


def test_different_holds_through_a_third_record_that_matches_both(doubt: Doubt, steward: User, submitted: Submit) -> None:
    task, older, younger = doubt()
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=steward)
    bridge = submitted("crm", "3", **MOULIN)
    for open_task in ReviewTask.objects.filter(state=TaskState.OPEN, left_golden_id=older):
        review.decide(open_task.pk, answer=JudgementValue.SAME, user=steward)
    for open_task in ReviewTask.objects.filter(state=TaskState.OPEN):
        with pytest.raises(ForbiddenMerge):
            review.decide(open_task.pk, answer=JudgementValue.SAME, user=steward)
    clusters = _clusters()
    assert clusters[younger] == {"K1"}
    assert "K1" not in clusters[older]
    assert bridge.canonical_id in clusters or {"1", "3"} == clusters[older]


def test_unsure_sets_the_question_aside_and_the_engine_does_not_repeat_it(
    doubt: Doubt, steward: User, matched: Callable[[], MatchRun]
) -> None:
    task, _, _ = doubt()
    review.decide(task.pk, answer=JudgementValue.UNSURE, user=steward)
    matched()
    assert not ReviewTask.objects.filter(state=TaskState.OPEN).exists()
    assert review.undo(task.pk, user=steward).state == TaskState.OPEN


def test_a_page_that_is_out_of_date_decides_nothing(doubt: Doubt, steward: User) -> None:
    task, _, _ = doubt()
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=steward, version=task.version)
    with pytest.raises(StaleWrite):
        review.decide(task.pk, answer=JudgementValue.SAME, user=steward, version=task.version)
    assert GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count() == 2


def test_what_is_not_decided_cannot_be_undone(doubt: Doubt, steward: User) -> None:
    task, _, _ = doubt()
    with pytest.raises(NothingToUndo):
        review.undo(task.pk, user=steward)


def test_open_questions_follow_a_merge_and_its_undoing(submitted: Submit, steward: User) -> None:
    for source, external_id, sent in (("crm", "1", MOULIN), ("erp", "K1", MOULIN_IN_ERP), ("erp", "K2", MOULIN_IN_ERP)):
        submitted(source, external_id, **sent)
    open_before = _open_tasks()
    assert len(open_before) >= 2
    first = ReviewTask.objects.filter(state=TaskState.OPEN).earliest("id")
    review.decide(first.pk, answer=JudgementValue.SAME, user=steward)
    for task in ReviewTask.objects.filter(state=TaskState.OPEN):
        active = GoldenCustomer.objects.filter(pk__in=(task.left_golden_id, task.right_golden_id), state=GoldenState.ACTIVE)
        assert active.count() == 2
    review.undo(first.pk, user=steward)
    assert _open_tasks() == open_before


def test_undoing_a_merge_moves_one_question_and_opens_another_where_it_was(steward: User) -> None:
    first, other = a_record("1", **MOULIN), a_record("2", **MOULIN_IN_ERP, city="Lyon")
    joined = a_record("3", **MOULIN_IN_ERP, city="Lyon")
    merged, weaker, stronger = a_task(first, joined), a_task(first, other), a_task(other, joined)
    assert stronger.probability > weaker.probability
    asked = _open_tasks()
    review.decide(merged.pk, answer=JudgementValue.SAME, user=steward)
    assert set(ReviewTask.objects.filter(state=TaskState.OPEN)) == {stronger}
    review.undo(merged.pk, user=steward)
    assert _open_tasks() == asked


def test_the_history_of_a_task_tells_question_answer_and_undo(doubt: Doubt, steward: User) -> None:
    task, _, _ = doubt()
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=steward)
    review.undo(task.pk, user=steward)
    told = [(entry.state, entry.answer) for entry in ReviewTask.history.filter(id=task.pk).order_by("history_id")]
    assert told == [("open", None), ("decided", "different"), ("open", None)]


def test_a_merge_is_written_to_history_once(doubt: Doubt, steward: User) -> None:
    task, _, _ = doubt()
    decided = review.decide(task.pk, answer=JudgementValue.SAME, user=steward)
    receipt: Any = decided.merge
    assert receipt.history.count() == 1


def _clusters() -> dict[UUID, set[str]]:
    clusters: dict[UUID, set[str]] = {}
    for golden_id, external_id in CustomerRecord.objects.values_list("golden_id", "external_id"):
        clusters.setdefault(golden_id, set()).add(external_id)
    return clusters


def _open_tasks() -> set[tuple[UUID, UUID]]:
    return set(ReviewTask.objects.filter(state=TaskState.OPEN).values_list("left_golden_id", "right_golden_id"))
