"""Random samples of what the engine left apart without asking: they measure how many matches are missed, and are no other checks."""

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from golden_records.models import CustomerRecord
from matching import checking, left_apart, measuring, review, review_queue, verifying
from matching.core.sampling import BANDS_APART
from matching.erasure import erase
from matching.left_apart import OTHERWISE, chance
from matching.models import (
    BlockingKey,
    CheckedPair,
    CheckKind,
    CheckSample,
    CommonKey,
    JudgementValue,
    LearningState,
    MatchDecision,
    Outcome,
    ReviewTask,
    TaskKind,
    TaskState,
)
from matching.quality_words import advice_words, recall_words
from tests.factories import a_change, a_steward, a_task
from tests.matching.conftest import ACME, CUSTOMER, Submit
from tests.matching.learning_stories import matched_pairs, question

pytestmark = pytest.mark.django_db
SAME, DIFFERENT, UNSURE = JudgementValue.SAME, JudgementValue.DIFFERENT, JudgementValue.UNSURE
NAMES = ("Lebrun", "Morin", "Charles", "Laurent", "Masson", "Faure", "Thomas", "Roche", "Garnier", "Colin", "Fischer", "Weber")
Households = Callable[[int], None]


@pytest.fixture
def households(submitted: Submit) -> Households:
    """So many homes of two people each, who share a telephone: the engine compares them, and does not ask."""

    def move_in(count: int) -> None:
        for number, family_name in enumerate(NAMES[:count]):
            home = {
                "family_name": family_name,
                "phone": f"+3359707{number:04d}",
                "address_lines": f"{number + 1} rue des Ecoles",
                "postcode": f"64{number:03d}",
                "city": "Bayonne",
                "country": "FR",
                "kind": "person",
            }
            submitted("crm", f"C{number}", given_name="Romain", **home)
            submitted("erp", f"E{number}", given_name="Beatrice", **home)

    return move_in


def drawn(size: int, seed: int = 1) -> CheckSample:
    ordered = checking.order(CUSTOMER, size=size, seed=seed, kind=CheckKind.APART, change=a_change())
    return checking.draw_sample(ordered.pk)


def answered(steward: User, *said: JudgementValue) -> None:
    for task, value in zip(ReviewTask.objects.filter(kind=TaskKind.CHECK_APART).order_by("pk"), said, strict=True):
        review.decide(task.pk, answer=value, user=steward)


def pairs_of(sample: CheckSample) -> list[tuple[int, int]]:
    return list(CheckedPair.objects.filter(sample=sample).order_by("left_record_id").values_list("left_record_id", "right_record_id"))


def assert_nothing_is_broken() -> None:
    assert [(finding.check.name, finding.offences) for finding in verifying.verify() if finding.count] == []


def test_pairs_that_were_compared_and_left_apart_are_asked_about(households: Households) -> None:
    households(6)
    assert not ReviewTask.objects.exists()
    sample = drawn(4)
    assert (sample.state, sample.kind) == (LearningState.DONE, CheckKind.APART)
    assert sum(band["pairs"] for band in sample.bands[1:]) == 6
    assert sum(band["drawn"] for band in sample.bands) == 4 == len(pairs_of(sample))
    checks = ReviewTask.objects.filter(kind=TaskKind.CHECK_APART, state=TaskState.OPEN)
    assert checks.count() == 4
    assert all(task.left_golden_id != task.right_golden_id and task.decision.outcome == Outcome.NO_MATCH for task in checks)
    assert_nothing_is_broken()


def test_the_same_seed_draws_the_same_pairs_and_no_pair_is_drawn_twice(households: Households) -> None:
    households(8)
    first = pairs_of(drawn(3, seed=5))
    second = drawn(8, seed=5)
    assert not set(first) & set(pairs_of(second))
    assert len(pairs_of(second)) == 5
    assert sum(band["pairs"] for band in second.bands[1:]) == 8
    ReviewTask.objects.all().delete()
    CheckedPair.objects.all().delete()
    assert pairs_of(drawn(3, seed=5)) == first


def test_same_makes_one_of_the_two_and_different_leaves_them_as_they_are(households: Households, steward: User) -> None:
    households(2)
    drawn(2)
    joined, kept = ReviewTask.objects.order_by("pk")
    review.decide(joined.pk, answer=SAME, user=steward)
    review.decide(kept.pk, answer=DIFFERENT, user=steward)
    home = dict(CustomerRecord.objects.values_list("pk", "golden_id"))
    assert home[joined.left_record_id] == home[joined.right_record_id]
    assert {home[kept.left_record_id], home[kept.right_record_id]} == {kept.left_golden_id, kept.right_golden_id}
    assert_nothing_is_broken()
    for task in (joined, kept):
        undone = review.undo(task.pk, user=steward)
        assert (undone.state, undone.kind) == (TaskState.OPEN, TaskKind.CHECK_APART)
    assert_nothing_is_broken()


def test_a_check_stays_though_the_evidence_says_no_and_falls_when_its_records_come_together(
    households: Households, submitted: Submit
) -> None:
    households(1)
    drawn(1)
    check = ReviewTask.objects.get()
    review_queue.realign(CUSTOMER, [check.left_golden_id], change=a_change())
    submitted("erp", "E0", family_name="Morin", given_name="Beatrice", phone="+33597070000", city="Bayonne", country="FR", kind="person")
    check.refresh_from_db()
    assert check.state == TaskState.OPEN
    assert_nothing_is_broken()


def test_nothing_is_drawn_that_people_are_asked_about_or_judged(households: Households, steward: User) -> None:
    households(4)
    judged = pairs_of(drawn(2))
    answered(steward, DIFFERENT, SAME)
    CheckedPair.objects.all().delete()
    asked, free = (
        CustomerRecord.objects.filter(external_id__in=(f"C{number}", f"E{number}")).order_by("pk")
        for number in range(4)
        if CustomerRecord.objects.get(external_id=f"C{number}").pk not in {left for left, _ in judged}
    )
    a_task(*asked)
    sample = drawn(10)
    assert pairs_of(sample) == [(free[0].pk, free[1].pk)]
    assert sum(band["pairs"] for band in sample.bands[1:]) == 1


def test_what_a_veto_keeps_apart_is_drawn_and_counted_by_itself(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("crm", "2", **ACME | {"registration_id": "542051180", "email": "contact@acme-energie.fr"})
    sample = drawn(5)
    assert [band["pairs"] for band in sample.bands] == [*[0] * OTHERWISE, 1]
    assert CheckedPair.objects.get().band == OTHERWISE
    assert_nothing_is_broken()


def test_keys_that_are_too_common_bring_nothing(households: Households) -> None:
    households(2)
    for rule, key in BlockingKey.objects.values_list("rule", "key").distinct():
        CommonKey.objects.create(entity="customer", rule=rule, key=key, since=a_change().at)
    assert sum(band["pairs"] for band in drawn(5).bands) == 0


def test_they_are_no_checks_of_automatic_matches_and_no_questions(households: Households, steward: User) -> None:
    households(4)
    matched_pairs(6)
    drawn(4)
    answered(steward, SAME, DIFFERENT, DIFFERENT, DIFFERENT)
    found = measuring.measure(CUSTOMER)
    assert (found["checks"]["drawn"], found["checks"]["answered"], found["questions"]["asked"]) == (0, 0, 0)
    assert (found["recall"]["drawn"], found["recall"]["answered"]) == (4, 4)
    assert all(rule["wrong"] == 0 for rule in found["rules"])
    checking.draw_sample(checking.order(CUSTOMER, size=3, seed=1, change=a_change()).pk)
    assert measuring.measure(CUSTOMER)["recall"]["drawn"] == 4


def test_recall_is_told_of_what_was_answered_and_only_when_matches_are_checked_too(households: Households, steward: User) -> None:
    households(10)
    matched_pairs(20)
    drawn(10)
    answered(steward, *[SAME] * 2, *[DIFFERENT] * 7, UNSURE)
    recall = measuring.measure(CUSTOMER)["recall"]
    assert recall["missed"]["low"] <= 2 <= recall["missed"]["value"] + 0.3 <= recall["missed"]["high"]
    assert recall["at_worst"]["value"] > recall["missed"]["value"]
    assert recall["found"] is None
    words = " ".join(recall_words(measuring.measure(CUSTOMER)))
    assert "can't be told before automatic matches are checked too" in words
    assert "If all 1 unsure answers were missed matches" in words
    checking.draw_sample(checking.order(CUSTOMER, size=10, seed=1, change=a_change()).pk)
    for task in ReviewTask.objects.filter(kind=TaskKind.CHECK):
        review.decide(task.pk, answer=SAME, user=steward)
    found = measuring.measure(CUSTOMER)
    assert 0.85 < found["recall"]["found"]["value"] < 0.95
    assert found["recall"]["found"]["low"] < found["recall"]["found"]["value"] < found["recall"]["found"]["high"]
    assert found["curve"]["from_apart"] == 9
    assert "Measured: " in " ".join(recall_words(found))


def test_without_answers_nothing_is_said_of_what_is_missed() -> None:
    found = measuring.measure(CUSTOMER)
    assert found["recall"]["found"] is None
    assert next(recall_words(found)).startswith("Nothing is known of the matches that were missed")


def test_of_some_golden_records_the_others_are_told_as_many_times_as_they_stand_for(
    households: Households, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve homes, of which a part is looked at: over many seeds, as many pairs are told as there are."""
    households(12)
    monkeypatch.setattr(left_apart, "FEWEST_LOOKED_AT", 8)
    monkeypatch.setattr(left_apart, "PER_PAIR", 1)
    told = [sum(band["pairs"] for band in left_apart.left_apart(CUSTOMER, size=1, seed=seed).bands[1:]) for seed in range(30)]
    assert 9 < sum(told) / len(told) < 15
    assert chance(8, 24) == pytest.approx(1 - (16 * 15) / (24 * 23))
    assert chance(24, 24) == chance(0, 0) == 1.0


def test_the_number_of_statements_does_not_grow_with_the_records(
    households: Households, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    households(12)
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]  # a context
        left_apart.left_apart(CUSTOMER, size=5, seed=1)


def test_the_commands_tell_both_kinds_apart(households: Households, steward: User, capsys: pytest.CaptureFixture[str]) -> None:
    households(5)
    call_command("sample_matches", "customer", "--apart", "--size", "4", "--seed", "3", stdout=StringIO())
    assert "seed 3: 4 checks are open, of 5 pairs left apart" in " ".join(capsys.readouterr().out.split())
    answered(steward, *[DIFFERENT] * 4)
    call_command("quality", "customer")
    assert "Estimated, not measured" in capsys.readouterr().out
    out = StringIO()
    call_command("quality", "customer", "--json", stdout=out)
    assert json.loads(out.getvalue())["recall"]["answered"] == 4


def test_the_page_draws_them_and_shows_what_they_say(households: Households, client: Client) -> None:
    households(5)
    lead = a_steward()
    client.force_login(lead)
    page = client.post("/admin/matching/qualityreport/overview/customer/sample-apart/", {"size": "5"}, follow=True).content.decode()
    assert "5 checks are in the review queue." in page
    assert "left apart" in page
    task = ReviewTask.objects.order_by("pk")[0]
    assert "tells how many matches are missed" in client.get(f"/admin/matching/reviewtask/{task.pk}/change/").content.decode()
    answered(lead, *[DIFFERENT] * 5)
    page = client.post("/admin/matching/qualityreport/overview/customer/measure/", follow=True).content.decode()
    assert "Of 5 pairs of golden records left apart, about 0 are the same" in page


def test_a_lower_review_threshold_is_advised_where_checks_find_what_is_missed(steward: User) -> None:
    """Forty pairs just below the threshold, of which nearly all are the same."""
    matched_pairs(40)
    checking.draw_sample(checking.order(CUSTOMER, size=20, seed=1, change=a_change()).pk)
    for task in ReviewTask.objects.filter(kind=TaskKind.CHECK):
        review.decide(task.pk, answer=SAME, user=steward)
    as_left_apart(40, probability=0.25)
    answered(steward, *[SAME] * 36, *[DIFFERENT] * 4)
    found = measuring.measure(CUSTOMER)
    advised = found["advice"]["review"]
    assert (advised["verdict"], advised["threshold"], advised["questions"]) == ("lower", 0.25, 40)
    assert advised["rests_on"]["true"] == 36
    assert "A review threshold of 0.25 would find more of the matches that are missed: of 40 checks" in " ".join(advice_words(found))


def as_left_apart(count: int, *, probability: float) -> None:
    """Checks of pairs that were left apart with such a probability, as a sample would have opened them."""
    tasks = [ReviewTask.objects.get(pk=question(number, probability)) for number in range(count)]
    ReviewTask.objects.filter(pk__in=[task.pk for task in tasks]).update(kind=TaskKind.CHECK_APART)
    MatchDecision.objects.filter(pk__in=[task.decision_id for task in tasks]).update(outcome=Outcome.NO_MATCH)
    band = sum(edge <= probability for edge in BANDS_APART) - 1
    sample = drawn(1)
    sample.bands[band] |= {"pairs": count, "found": count, "drawn": count}
    sample.save()
    CheckedPair.objects.bulk_create(
        [
            CheckedPair(
                sample=sample,
                entity="customer",
                left_record_id=task.left_record_id,
                right_record_id=task.right_record_id,
                golden_id=task.left_golden_id,
                band=band,
                probability=probability,
            )
            for task in tasks
        ]
    )


def test_what_is_erased_is_in_no_sample_any_more(households: Households) -> None:
    households(2)
    drawn(2)
    erase(CUSTOMER, canonical_id=ReviewTask.objects.order_by("pk")[0].left_golden_id, change=a_change("somebody asked"))
    assert CheckedPair.objects.count() == ReviewTask.objects.count() == 1
