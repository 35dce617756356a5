"""Random samples of what the engine put together, sent to review: drawn again alike, asked once, answered like any question."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from golden_records.models import AuditEntry, CustomerRecord
from matching import checking, measuring, review, review_queue, tasks, verifying
from matching.erasure import erase
from matching.models import CheckedPair, CheckSample, JudgementValue, LearningState, MatchDecision, Outcome, ReviewTask, TaskKind, TaskState
from tests.factories import a_change, a_steward
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, Submit
from tests.matching.learning_stories import decided, matched_pairs, question

pytestmark = pytest.mark.django_db


def drawn(size: int, seed: int = 1) -> CheckSample:
    return checking.draw_sample(checking.order(CUSTOMER, size=size, seed=seed, change=a_change()).pk)


def pairs_of(sample: CheckSample) -> list[tuple[int, int]]:
    return list(CheckedPair.objects.filter(sample=sample).order_by("left_record_id").values_list("left_record_id", "right_record_id"))


def assert_nothing_is_broken() -> None:
    quick = [finding for finding in verifying.verify() if finding.check.name not in {"blocking keys", "auto-match completeness"}]
    assert [finding.offences for finding in quick if finding.count] == []


def test_a_sample_opens_a_check_on_each_pair_and_keeps_what_it_stands_for() -> None:
    matched_pairs(30)
    sample = drawn(12)
    assert sample.state == LearningState.DONE
    assert sum(band["pairs"] for band in sample.bands) == 30
    assert sum(band["drawn"] for band in sample.bands) == 12 == len(pairs_of(sample))
    checks = ReviewTask.objects.filter(kind=TaskKind.CHECK, state=TaskState.OPEN)
    assert checks.count() == 12
    assert all(task.left_golden_id == task.right_golden_id for task in checks)
    assert set(AuditEntry.objects.filter(kind="checksample").values_list("action", flat=True)) == {"created", "changed"}
    assert_nothing_is_broken()


def test_drawing_it_again_draws_nothing_more() -> None:
    matched_pairs(10)
    sample = drawn(4)
    assert pairs_of(checking.draw_sample(sample.pk)) == pairs_of(sample)
    assert ReviewTask.objects.count() == 4


def test_the_same_seed_draws_the_same_pairs() -> None:
    matched_pairs(20)
    first = pairs_of(drawn(6, seed=5))
    ReviewTask.objects.all().delete()
    CheckedPair.objects.all().delete()
    assert pairs_of(drawn(6, seed=5)) == first
    ReviewTask.objects.all().delete()
    CheckedPair.objects.all().delete()
    assert pairs_of(drawn(6, seed=6)) != first


def test_no_pair_is_asked_twice_and_none_that_people_judged(steward: User) -> None:
    matched_pairs(10)
    first = drawn(4)
    review.decide(ReviewTask.objects.order_by("pk")[0].pk, answer=JudgementValue.SAME, user=steward)
    second = drawn(100)
    assert not set(pairs_of(first)) & set(pairs_of(second))
    assert len(pairs_of(second)) == 6
    assert sum(band["pairs"] for band in second.bands) == 10
    assert len(pairs_of(drawn(5))) == 0


def test_only_pairs_that_match_and_are_together_are_drawn() -> None:
    (left, right), *_ = matched_pairs(3)
    decided(left, right, 0.5, Outcome.POSSIBLE_MATCH)
    question(1, 0.6)
    assert len(pairs_of(drawn(10))) == 2


def test_same_keeps_the_two_and_different_parts_them(steward: User) -> None:
    matched_pairs(2)
    drawn(2)
    kept, parted = ReviewTask.objects.order_by("pk")
    review.decide(kept.pk, answer=JudgementValue.SAME, user=steward)
    review.decide(parted.pk, answer=JudgementValue.DIFFERENT, user=steward)
    home = dict(CustomerRecord.objects.values_list("pk", "golden_id"))
    assert home[kept.left_record_id] == home[kept.right_record_id]
    assert home[parted.left_record_id] != home[parted.right_record_id]
    assert_nothing_is_broken()
    undone = review.undo(parted.pk, user=steward)
    assert (undone.state, undone.kind) == (TaskState.OPEN, TaskKind.POSSIBLE_MATCH)
    again = review.undo(kept.pk, user=steward)
    assert (again.state, again.kind) == (TaskState.OPEN, TaskKind.CHECK)
    assert_nothing_is_broken()


def test_a_check_falls_when_its_records_part_and_not_because_the_evidence_is_strong(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    drawn(5)
    check = ReviewTask.objects.get(kind=TaskKind.CHECK)
    review_queue.realign(CUSTOMER, [check.left_golden_id], change=a_change())
    check.refresh_from_db()
    assert check.state == TaskState.OPEN
    submitted("erp", "K1", legal_name="Lefebvre Menuiserie", registration_id="542051180", city="Lyon", country="FR")
    check.refresh_from_db()
    assert check.state == TaskState.OBSOLETE
    assert_nothing_is_broken()


def test_weaker_evidence_on_a_pair_under_check_is_the_same_question(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    drawn(5)
    submitted("erp", "K1", legal_name="Acme Ingénierie SAS", country="FR")
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 1
    assert_nothing_is_broken()


def test_of_what_nothing_matches_nothing_is_drawn() -> None:
    sample = drawn(10)
    assert sample.state == LearningState.DONE
    assert not MatchDecision.objects.exists()
    assert sum(band["pairs"] for band in sample.bands) == 0


def test_the_command_says_what_was_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    matched_pairs(12)
    call_command("sample_matches", "customer", "--size", "5", "--seed", "3", stdout=StringIO())
    assert "seed 3: 5 checks" in capsys.readouterr().out
    for size in ("0", "2001"):
        with pytest.raises(CommandError, match="from 1 to 2,000"):
            call_command("sample_matches", "customer", "--size", size)


def test_a_worker_draws_what_waits_and_gives_up_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    matched_pairs(3)
    sample = checking.order(CUSTOMER, size=2, change=a_change())
    assert measuring.waiting_work() == [("check sample", sample.pk)]
    tasks.learn("check sample", sample.pk)
    assert measuring.waiting_work() == []
    failing = checking.order(CUSTOMER, size=2, change=a_change())
    monkeypatch.setattr(checking, "put_together", lambda _: 1 / 0)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            tasks.learn("check sample", failing.pk)
    failing.refresh_from_db()
    assert (failing.state, failing.error) == (LearningState.FAILED, "ZeroDivisionError")
    tasks.learn("check sample", failing.pk)


def test_a_check_asks_what_any_question_on_one_golden_record_asks(client: Client) -> None:
    matched_pairs(1)
    drawn(1)
    client.force_login(a_steward())
    page = client.get(f"/admin/matching/reviewtask/{ReviewTask.objects.get().pk}/change/").content.decode()
    assert "Do these two still belong together?" in page
    assert "One of a random sample" in page


def test_what_is_erased_is_in_no_sample_any_more() -> None:
    (left, _), *_ = matched_pairs(2)
    drawn(2)
    erase(CUSTOMER, canonical_id=left.golden_id, change=a_change("somebody asked"))
    assert CheckedPair.objects.count() == 1
    assert ReviewTask.objects.count() == 1
