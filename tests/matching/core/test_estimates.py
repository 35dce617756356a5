"""Shares estimated from answers: intervals that cover, weights that matter, thresholds that are advised only on answers that carry them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.core.advice import Known, Verdict, advise
from matching.core.declarations import Thresholds
from matching.core.estimate import Answered, Shares, alpha, curve, weighted_share, weights_of
from matching.core.thresholds import Aim

NOW = Thresholds(auto=0.95, review=0.3)
NOBODY = Answered(np.zeros(0), np.zeros(0, bool), np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))


def answers(
    probability: list[float],
    same: list[bool],
    weight: list[float] | None = None,
    trial: list[int] | None = None,
    stratum: list[int] | None = None,
) -> Answered:
    size = len(same)
    return Answered(
        np.array(probability, float),
        np.array(same, bool),
        np.array(weight if weight is not None else [1.0] * size),
        np.array(stratum if stratum is not None else [0] * size, np.int64),
        np.array(trial if trial is not None else list(range(size)), np.int64),
    )


def known(checked: Answered, asked: Answered, questions: Shares, apart: Answered = NOBODY) -> Known:
    return Known(checked, asked, questions, apart)


@given(st.lists(st.tuples(st.booleans(), st.floats(1, 1_000), st.integers(0, 5)), min_size=1, max_size=60))
def test_a_share_lies_in_its_interval_and_is_worth_no_more_than_its_answers(rows: list[tuple[bool, float, int]]) -> None:
    same, weight, trial = (list(column) for column in zip(*rows, strict=True))
    found = weighted_share(answers([0.9] * len(rows), same, weight, trial))
    assert 0 <= found.low <= found.share <= found.high <= 1
    assert found.trials <= len(set(trial)) + 1e-9
    assert (found.true, found.answers) == (sum(same), len(same))


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0.1, 50))
def test_what_all_answers_stand_for_alike_changes_nothing(same: list[bool], weight: float) -> None:
    one, other = weighted_share(answers([0.9] * len(same), same)), weighted_share(answers([0.9] * len(same), same, [weight] * len(same)))
    assert (one.share, one.low, one.high) == pytest.approx((other.share, other.low, other.high))


@given(st.integers(1, 60), st.integers(0, 60))
def test_more_confidence_never_narrows_and_more_that_is_true_never_lowers(size: int, true: int) -> None:
    true = min(true, size)
    same = [number < true for number in range(size)]
    narrow, wide = (weighted_share(answers([0.9] * size, same), confidence=sure) for sure in (0.8, 0.99))
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    if true < size:
        better = weighted_share(answers([0.9] * size, [*same[:true], True, *same[true + 1 :]]), confidence=0.8)
        assert better.low >= narrow.low - 1e-12


def test_of_no_answers_anything_may_be_true() -> None:
    found = weighted_share(NOBODY)
    assert (found.low, found.high, found.answers, found.trials) == (0.0, 1.0, 0, 0.0)


def test_questions_between_the_same_two_count_once() -> None:
    apart = weighted_share(answers([0.9] * 20, [True] * 20))
    together = weighted_share(answers([0.9] * 20, [True] * 20, trial=[0] * 10 + list(range(1, 11))))
    assert together.trials < apart.trials
    assert together.low < apart.low


def test_intervals_of_a_stratified_sample_cover_the_truth() -> None:
    """Three strata of unequal size, truth and sampling: in 95 of 100 samples or more the truth is inside."""
    random = np.random.default_rng(20_261_130)
    sizes, shares, drawn = {0: 200, 1: 3_000, 2: 40_000}, (0.8, 0.97, 0.995), (40, 60, 100)
    truth = sum(sizes[number] * share for number, share in enumerate(shares)) / sum(sizes.values())
    stratum = np.repeat(np.arange(3), drawn)
    weight = weights_of(stratum, sizes)
    inside = 0
    for _ in range(600):
        same = random.random(200) < np.array(shares)[stratum]
        found = weighted_share(Answered(np.full(200, 0.99), same, weight, stratum, np.arange(200)))
        inside += found.low <= truth <= found.high
    assert inside / 600 >= 0.94


def test_intervals_of_clusters_that_are_true_or_false_together_cover_the_truth() -> None:
    random = np.random.default_rng(7)
    inside = 0
    for _ in range(400):
        sizes = random.integers(1, 8, 60)
        same = np.repeat(random.random(60) < 0.9, sizes)
        size = len(same)
        found = weighted_share(Answered(np.ones(size), same, np.ones(size), np.zeros(size, np.int64), np.repeat(np.arange(60), sizes)))
        inside += found.low <= 0.9 <= found.high
    assert inside / 400 >= 0.93


def test_weights_undo_what_sampling_did() -> None:
    """A band drawn ten times as often as another counts no more than its pairs."""
    stratum = np.array([0] * 50 + [1] * 50)
    weight = weights_of(stratum, {0: 100, 1: 1_000})
    assert weight.tolist() == [2.0] * 50 + [20.0] * 50
    same = np.array([False] * 50 + [True] * 50)
    assert weighted_share(Answered(np.ones(100), same, weight, stratum, np.arange(100))).share == pytest.approx(10 / 11)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_recall_never_rises_with_the_threshold_and_begins_with_everything(rows: list[tuple[float, bool]]) -> None:
    probability, same = (list(column) for column in zip(*rows, strict=True))
    found = curve(answers(probability, same), np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    recall = [share.share for share in found.recall]
    assert recall == sorted(recall, reverse=True)
    assert recall[0] == (1.0 if any(same) else 0.0)


def test_a_lower_threshold_is_advised_only_where_the_answers_carry_it() -> None:
    likely = np.linspace(0.9, 0.949, 400)
    many = answers(likely.tolist(), [True] * 400)
    questions = np.concatenate([likely, likely, np.linspace(0.3, 0.6, 50)])
    advice = advise(known(NOBODY, many, questions), NOW, Aim())
    assert advice.auto.verdict is Verdict.LOWER
    assert advice.auto.threshold == 0.9
    assert advice.auto.questions == 800
    assert advice.auto.bound >= 0.99
    few = advise(known(NOBODY, many.where(np.arange(400) < 100), questions), NOW, Aim())
    assert few.auto.verdict is Verdict.KEEP
    assert few.auto.threshold == NOW.auto
    assert few.auto.more_needed == 199


def test_better_pairs_above_do_not_hide_that_those_below_are_wrong() -> None:
    surely, doubtful = np.linspace(0.93, 0.949, 400), np.linspace(0.8, 0.9, 100)
    asked = answers([*surely, *doubtful], [True] * 400 + [False] * 100)
    found = advise(known(NOBODY, asked, asked.probability), NOW, Aim(precision=0.9)).auto
    assert found.verdict is Verdict.LOWER
    assert 0.9 <= found.threshold <= 0.93


def test_checks_that_find_mistakes_advise_to_match_more_surely() -> None:
    checked = answers([0.96] * 100 + [0.9995] * 200, [False] * 30 + [True] * 70 + [True] * 200, [2.0] * 300)
    found = advise(known(checked, NOBODY, np.zeros(0)), NOW, Aim(precision=0.99)).auto
    assert found.verdict is Verdict.RAISE
    assert found.threshold == 0.97
    assert found.questions == 200
    hopeless = advise(known(answers([0.96] * 50, [False] * 50), NOBODY, np.zeros(0)), NOW, Aim()).auto
    assert (hopeless.verdict, hopeless.more_needed) == (Verdict.KEEP, None)


def test_a_review_threshold_rises_where_nearly_everything_below_is_different() -> None:
    low = np.linspace(0.3, 0.4, 300)
    checked = answers([0.99] * 200, [True] * 200, [100.0] * 200)
    found = advise(known(checked, answers(low.tolist(), [False] * 300), low), NOW, Aim()).review
    assert found.verdict is Verdict.RAISE
    assert found.threshold >= 0.4
    assert found.questions == 300
    assert advise(known(checked, answers(low.tolist(), [True] * 300), low), NOW, Aim()).review.verdict is Verdict.KEEP


def test_a_review_threshold_falls_where_checks_find_matches_below_and_no_further_than_is_worth_asking() -> None:
    checked = answers([0.99] * 100, [True] * 100, [10.0] * 100)
    likely = [0.28] * 40 + [0.12] * 40 + [0.06] * 60
    apart = answers(likely, [True] * 30 + [False] * 10 + [True] * 10 + [False] * 90, [2.0] * 140)
    found = advise(known(checked, NOBODY, np.zeros(0), apart), NOW, Aim()).review
    assert (found.verdict, found.threshold, found.questions) == (Verdict.LOWER, 0.12, 160)
    assert (found.rests_on.true, found.rests_on.answers) == (40, 80)
    hardly = answers([0.28] * 140, [True] + [False] * 139)
    assert advise(known(checked, NOBODY, np.zeros(0), hardly), NOW, Aim()).review.verdict is Verdict.KEEP


def test_a_review_threshold_does_not_rise_where_checks_below_it_show_that_enough_is_lost() -> None:
    low = np.linspace(0.3, 0.4, 300)
    asked, checked = answers(low.tolist(), [False] * 300), answers([0.99] * 200, [True] * 200, [10.0] * 200)
    assert advise(known(checked, asked, low), NOW, Aim(loss=0.03)).review.verdict is Verdict.RAISE
    apart = answers([0.01] * 100, [True] * 20 + [False] * 80, [5.0] * 100)
    assert advise(known(checked, asked, low, apart), NOW, Aim(loss=0.03)).review.verdict is Verdict.KEEP


@given(st.lists(st.tuples(st.floats(0.3, 0.949), st.booleans()), max_size=60))
def test_advice_is_in_order_and_never_rests_on_nothing(rows: list[tuple[float, bool]]) -> None:
    asked = answers([row[0] for row in rows], [row[1] for row in rows])
    found = advise(known(NOBODY, asked, asked.probability), NOW, Aim(precision=0.8, loss=0.05))
    assert NOW.review <= found.thresholds.review <= found.thresholds.auto <= NOW.auto
    for advised in (found.auto, found.review):
        assert advised.verdict is Verdict.KEEP or advised.rests_on.answers >= 13


def test_agreement_beyond_chance() -> None:
    assert alpha(np.array([2, 0, 2, 0]), np.array([2, 2, 2, 2])) == 1.0
    assert alpha(np.array([2, 2]), np.array([2, 2])) is None
    assert alpha(np.array([], np.int64), np.array([], np.int64)) is None
    by_chance = alpha(np.array([2, 1, 1, 0] * 500), np.full(2_000, 2))
    assert by_chance == pytest.approx(0.0, abs=0.01)
    # The counts of example A in Krippendorff (2011): two observers of ten units differ on four, and say 'one' six times of twenty.
    assert alpha(np.array([1, 1, 1, 1, 2, 0, 0, 0, 0, 0]), np.full(10, 2)) == pytest.approx(0.095, abs=0.001)
