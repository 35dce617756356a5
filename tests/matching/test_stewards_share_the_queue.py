"""Stewards share the queue: they claim, hand on and put off, and everything is told."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from golden_records.errors import StaleWrite
from matching import assigning, claims, review, verifying
from matching.admin.queue import Scope
from matching.assigning import NotForNow
from matching.claims import LEASE, TaskClaimed
from matching.journal import journal
from matching.models import JudgementValue, ReviewTask, TaskClaim
from tests.e2e.workplace import doubtful_pairs
from tests.factories import a_person, a_steward

pytestmark = pytest.mark.django_db


def acts(task: ReviewTask) -> list[str]:
    return [told.act for told in journal(task)]


def test_what_one_has_claimed_another_neither_decides_nor_is_offered(grace: User, henri: User) -> None:
    first, second = sorted(doubtful_pairs(2), key=lambda task: -task.worth)
    claims.claim(first.pk, user=grace)
    with pytest.raises(TaskClaimed) as refused:
        review.decide(first.pk, answer=JudgementValue.SAME, user=henri)
    assert refused.value.data["holder"] == "grace"
    assert Scope(user_id=henri.pk).open_tasks().first() == second
    assert Scope(user_id=grace.pk).open_tasks().first() == first
    review.decide(first.pk, answer=JudgementValue.DIFFERENT, user=grace)
    assert not TaskClaim.objects.exists()


def test_a_claim_ends_by_itself_and_is_renewed_by_activity(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    claims.claim(task.pk, user=grace)
    TaskClaim.objects.update(until=timezone.now() + timedelta(seconds=30))
    assert claims.claim(task.pk, user=grace).until > timezone.now() + LEASE / 2
    TaskClaim.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert claims.claim(task.pk, user=henri).user == henri
    with pytest.raises(TaskClaimed):
        claims.claim(task.pk, user=grace)


def test_a_claim_is_taken_over_by_who_says_so_and_that_is_told(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    claims.claim(task.pk, user=grace)
    claims.take_over(task.pk, user=henri, note="grace is on leave")
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=henri)
    told = journal(task)
    assert [each.act for each in told] == ["answered", "taken_over", "asked"]
    assert (told[1].who, told[1].note) == ("henri", "grace is on leave")


def test_taking_over_without_a_note_leaves_what_was_noted_before(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    assigning.hand(task.pk, to=grace, user=henri, note="ask the Lyon office")
    claims.claim(task.pk, user=grace)
    claims.take_over(task.pk, user=henri)
    task.refresh_from_db()
    assert task.note == "ask the Lyon office"
    assert [(each.act, each.note) for each in journal(task)[:2]] == [("taken_over", ""), ("handed", "ask the Lyon office")]


def test_a_task_that_is_decided_can_not_be_claimed(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=grace)
    with pytest.raises(StaleWrite):
        claims.claim(task.pk, user=henri)
    with pytest.raises(StaleWrite):
        claims.take_over(task.pk, user=henri)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_claim_at_once_one_has_it() -> None:
    (task,) = doubtful_pairs(1)
    stewards = [a_steward(name) for name in ("grace", "henri", "ines", "joao")]
    for _round in range(5):
        TaskClaim.objects.all().delete()
        barrier, had, refused = threading.Barrier(len(stewards)), [], []

        def claim(user: User) -> None:
            barrier.wait(timeout=10)  # noqa: B023 - all of them end within the round
            try:
                had.append(claims.claim(task.pk, user=user).user_id)  # noqa: B023 - as above
            except TaskClaimed as error:
                refused.append(error.data["holder"])  # noqa: B023 - as above
            finally:
                connection.close()

        threads = [threading.Thread(target=claim, args=(user,)) for user in stewards]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        holder = TaskClaim.objects.select_related("user").get().user
        assert had == [holder.pk]
        assert refused == [holder.username] * (len(stewards) - 1)


def test_what_is_put_off_comes_back_by_itself_on_its_day(grace: User, monkeypatch: pytest.MonkeyPatch) -> None:
    (task,) = doubtful_pairs(1)
    day = timezone.localdate() + timedelta(days=3)
    assigning.defer(task.pk, until=day, user=grace, note="the customer calls back")
    assert Scope(user_id=grace.pk).open_tasks().first() is None
    assert Scope(state="deferred", user_id=grace.pk).open_tasks().get() == task
    told = journal(task)[0]
    assert (told.act, told.who, told.note) == ("deferred", "grace", "the customer calls back")
    monkeypatch.setattr(timezone, "localdate", lambda: day)
    assert Scope(user_id=grace.pk).open_tasks().get() == task


def test_nothing_is_put_off_to_a_day_that_has_come(grace: User) -> None:
    (task,) = doubtful_pairs(1)
    with pytest.raises(NotForNow):
        assigning.defer(task.pk, until=timezone.localdate(), user=grace)


def test_a_task_that_was_handed_on_is_offered_to_its_new_owner_alone(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    assigning.hand(task.pk, to=henri, user=grace, note="you know them")
    assert Scope(user_id=grace.pk).open_tasks().first() is None
    assert Scope(assignee="me", user_id=henri.pk).open_tasks().get() == task
    assigning.hand(task.pk, to=None, user=henri)
    assert Scope(assignee="nobody", user_id=grace.pk).open_tasks().get() == task
    assert acts(task) == ["handed_back", "handed", "asked"]
    assert journal(task)[1].words == "handed it to henri"


def test_nothing_is_handed_to_who_may_not_answer(grace: User) -> None:
    (task,) = doubtful_pairs(1)
    with pytest.raises(NotForNow):
        assigning.hand(task.pk, to=a_person("ian"), user=grace)


def test_an_answer_and_its_undoing_are_in_the_journal(grace: User, henri: User) -> None:
    (task,) = doubtful_pairs(1)
    review.decide(task.pk, answer=JudgementValue.SAME, user=grace, comment="one firm")
    review.undo(task.pk, user=henri)
    told = journal(task)
    assert [(each.act, each.who) for each in told[:2]] == [("taken_back", "henri"), ("answered", "grace")]
    assert (told[1].words, told[1].note) == ("answered: same", "one firm")


def test_everything_that_must_hold_does_after_all_of_it(grace: User, henri: User) -> None:
    one, other, third, fourth = doubtful_pairs(4)
    claims.claim(fourth.pk, user=grace)
    claims.take_over(fourth.pk, user=henri, note="grace is on leave")
    assigning.hand(one.pk, to=henri, user=grace)
    assigning.defer(other.pk, until=timezone.localdate() + timedelta(days=1), user=grace)
    claims.claim(third.pk, user=grace)
    claims.take_over(third.pk, user=henri)
    review.decide(third.pk, answer=JudgementValue.SAME, user=henri)
    assert {finding.check.name for finding in verifying.verify() if finding.count} <= {"blocking keys"}
