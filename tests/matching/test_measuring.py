"""Quality measured from answers: what is told, and what is not where nothing is known."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from matching import checking, measuring, review
from matching.active_config import active_config
from matching.core.thresholds import Aim
from matching.models import BlockingKey, JudgementValue, QualityReport, ReviewTask, TaskKind
from matching.quality_words import advice_words, precision_words
from tests.factories import a_change, a_person
from tests.matching.conftest import CUSTOMER
from tests.matching.learning_stories import matched_pairs, question

pytestmark = pytest.mark.django_db
SAME, DIFFERENT, UNSURE = JudgementValue.SAME, JudgementValue.DIFFERENT, JudgementValue.UNSURE


def answer_checks(steward: User, *said: JudgementValue) -> None:
    checking.draw_sample(checking.order(CUSTOMER, size=len(said), seed=1, change=a_change()).pk)
    for task, value in zip(ReviewTask.objects.filter(kind=TaskKind.CHECK).order_by("pk"), said, strict=True):
        review.decide(task.pk, answer=value, user=steward)


def test_without_answers_nothing_is_known() -> None:
    found = measuring.measure(CUSTOMER)
    assert found["checks"]["precision"] == {"share": 0.0, "low": 0.0, "high": 1.0, "true": 0, "answers": 0, "trials": 0.0}
    assert found["curve"]["thresholds"] == found["rules"] == []
    assert found["advice"]["auto"]["verdict"] == "keep"
    assert "Nothing is known of automatic matches" in next(precision_words(found))


def test_answers_to_questions_say_nothing_of_automatic_matches(steward: User) -> None:
    for number in range(4):
        review.decide(question(number, 0.7), answer=SAME, user=steward)
    found = measuring.measure(CUSTOMER)
    assert found["questions"]["answered"] == 4
    assert found["checks"]["answered"] == 0
    assert found["curve"]["thresholds"] == []
    assert "Nothing is known of automatic matches" in next(precision_words(found))


def test_checks_tell_how_right_automatic_matches_are_with_unsure_ones_apart(steward: User) -> None:
    matched_pairs(40)
    answer_checks(steward, *[SAME] * 17, DIFFERENT, UNSURE, UNSURE)
    checks = measuring.measure(CUSTOMER)["checks"]
    assert (checks["pairs"], checks["drawn"], checks["answered"], checks["unsure"]) == (40, 20, 18, 2)
    assert 0.6 < checks["precision"]["low"] < checks["precision"]["share"] < checks["precision"]["high"] <= 1
    assert checks["at_worst"]["share"] < checks["precision"]["share"]
    assert sum(band["answered"] for band in checks["bands"]) == 18
    words = " ".join(precision_words(measuring.measure(CUSTOMER)))
    assert "Of 40 pairs put together by the engine" in words
    assert "2 unsure answers" in words


def test_the_curve_joins_checks_and_questions(steward: User) -> None:
    matched_pairs(20)
    answer_checks(steward, *[SAME] * 10)
    for number in range(6):
        review.decide(question(number, 0.4 + number / 12), answer=SAME if number > 2 else DIFFERENT, user=steward)
    found = measuring.measure(CUSTOMER)
    curve = found["curve"]
    assert (curve["from_checks"], curve["from_questions"]) == (10, 6)
    precision = {threshold: share["share"] for threshold, share in zip(curve["thresholds"], curve["precision"], strict=True)}
    assert precision[0.4] < precision[0.96] == 1.0
    assert precision[0.4] == pytest.approx(23 / 26)
    recall = [share["share"] for share in curve["recall"]]
    assert recall == sorted(recall, reverse=True)


def test_a_lower_threshold_is_advised_with_the_numbers_it_rests_on(steward: User) -> None:
    auto = active_config(CUSTOMER).config.thresholds.auto
    for number in range(40):
        task = question(number, auto - 0.005 - number / 10_000)
        if number < 36:
            review.decide(task, answer=SAME, user=steward)
    found = measuring.measure(CUSTOMER, Aim(precision=0.9))
    advised = found["advice"]["auto"]
    assert (advised["verdict"], advised["questions"]) == ("lower", 40)
    assert advised["rests_on"]["answers"] == advised["rests_on"]["true"] == 36
    assert "would have spared 40 questions at the same precision: 36 of 36 answers" in next(advice_words(found))


def test_a_blocking_rule_is_told_by_the_pairs_that_it_gives(steward: User) -> None:
    rules = active_config(CUSTOMER).config.blocking
    BlockingKey.objects.all().delete()
    tasks = [ReviewTask.objects.get(pk=question(number, 0.6)) for number in range(9)]
    BlockingKey.objects.all().delete()
    for number, task in enumerate(tasks):
        for rule in (2,) if number < 6 else (2, 4):
            ends = (task.left_record_id, task.right_record_id)
            BlockingKey.objects.bulk_create(
                [BlockingKey(entity="customer", record_id=end, rule=rule, key=1_000 * rule + number) for end in ends]
            )
        review.decide(task.pk, answer=DIFFERENT if number < 7 else SAME, user=steward)
    first, second = measuring.measure(CUSTOMER)["rules"]
    assert (first["name"], first["wrong"], first["answers"], first["only_wrong"], first["only"]) == (rules[2].name, 7, 9, 6, 6)
    assert (second["name"], second["wrong"], second["answers"]) == (rules[4].name, 1, 3)
    assert first["recall"]["share"] == 1.0
    words = list(advice_words(measuring.measure(CUSTOMER)))
    assert f"The blocking rule '{rules[2].name}' was wrong 7 times of 9 that were answered." in words


def test_stewards_who_answered_the_same_question_are_compared(steward: User) -> None:
    other = a_person("other")
    for number, (one, two) in enumerate([(SAME, SAME), (DIFFERENT, DIFFERENT), (DIFFERENT, SAME)]):
        task = question(number, 0.6)
        review.decide(task, answer=one, user=steward)
        review.undo(task, user=steward)
        review.decide(task, answer=two, user=other)
    agreement = measuring.measure(CUSTOMER)["agreement"]
    assert (agreement["questions"], agreement["agreed"]) == (3, 2)
    assert 0 < agreement["alpha"] < 1


def test_a_report_is_made_once(steward: User) -> None:
    report = measuring.order(CUSTOMER, change=a_change())
    measuring.carry_out("quality", report.pk)
    review.decide(question(1, 0.5), answer=SAME, user=steward)
    assert measuring.carry_out("quality", report.pk) is None
    assert measuring.make_report(report.pk).document["answers"]["same"] == 0
    assert QualityReport.objects.get().state == "done"


def test_the_command_tells_and_gives_json(steward: User, capsys: pytest.CaptureFixture[str]) -> None:
    matched_pairs(12)
    answer_checks(steward, *[SAME] * 6)
    call_command("quality", "customer")
    told = capsys.readouterr().out
    assert "6 answers 'same'" in told
    assert "From each threshold on" in told
    out = StringIO()
    call_command("quality", "customer", "--json", "--precision", "0.9", stdout=out)
    found = json.loads(out.getvalue())
    assert found["aim"]["precision"] == 0.9
    assert found["checks"]["answered"] == 6
