"""What stewards answered is learnt from: told first, in force when asked, and kept by the runs that follow."""

from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from matching import learning, review, runs
from matching.active_config import active_config, shipped_config
from matching.core.declarations import Thresholds
from matching.core.thresholds import Aim
from matching.models import JudgementValue, MatchConfigVersion, RunState
from tests.e2e.workplace import doubtful_pairs
from tests.factories import a_steward
from tests.matching.conftest import CUSTOMER

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered() -> None:
    """A steward has answered eight questions."""
    steward = a_steward()
    for number, task in enumerate(doubtful_pairs(8)):
        review.decide(task.pk, answer=JudgementValue.DIFFERENT if number % 4 == 0 else JudgementValue.SAME, user=steward)


def learn(*options: str) -> str:
    out = StringIO()
    call_command("learn", *options, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("answered")
def test_what_would_change_is_told_and_nothing_changes() -> None:
    before = active_config(CUSTOMER)
    told = learn("customer")
    assert "6 answers 'same', 2 'different'" in told
    assert "auto threshold" in told
    assert "Nothing was changed" in told
    assert active_config(CUSTOMER).id == before.id


@pytest.mark.usefixtures("answered")
def test_too_few_answers_are_said_to_be_too_few() -> None:
    lesson = learning.study(CUSTOMER, Aim(precision=0.99))
    assert lesson.after.thresholds == lesson.before.thresholds
    assert lesson.choice.more_needed != 0


@pytest.mark.usefixtures("answered")
def test_published_it_is_a_new_version_and_the_earlier_one_stays() -> None:
    before = active_config(CUSTOMER)
    told = learn("customer", "--publish")
    after = active_config(CUSTOMER)
    assert after.id != before.id
    assert f"In force now: customer@{after.version}." in told
    assert MatchConfigVersion.objects.filter(pk=before.id, is_active=False).exists()


@pytest.mark.usefixtures("answered")
def test_thresholds_that_answers_carry_outlive_the_next_run_but_not_a_change_of_the_reviewed_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lesson = learning.study(CUSTOMER, Aim())
    chosen = Thresholds(auto=0.8, review=0.4)
    learning.publish(CUSTOMER, replace(lesson, choice=replace(lesson.choice, thresholds=chosen)))
    assert runs.work_on(runs.start(CUSTOMER, actor="test").pk).state == RunState.COMPLETED
    assert active_config(CUSTOMER).config.thresholds == chosen
    changed = replace(shipped_config(CUSTOMER), thresholds=Thresholds(auto=0.97, review=0.2))
    monkeypatch.setattr(runs, "shipped_config", lambda _: changed)
    monkeypatch.setattr("matching.active_config.shipped_config", lambda _: changed)
    assert runs.work_on(runs.start(CUSTOMER, actor="test").pk).state == RunState.COMPLETED
    assert active_config(CUSTOMER).config.thresholds == changed.thresholds


def test_without_answers_there_is_nothing_to_learn_from() -> None:
    with pytest.raises(CommandError, match="No steward has answered"):
        learn("customer")
    assert "No steward has answered" in learn()
