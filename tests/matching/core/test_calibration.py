import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from matching.core.calibration import interval, pair_trials, reliability, threshold_curve

PAIRS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


def _arrays(pairs: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in pairs], np.float64), np.array([t for _, t in pairs], np.bool_)


@pytest.mark.parametrize(("successes", "total"), [(0, 10), (10, 10), (3, 10), (970, 1000), (1, 1)])
def test_the_interval_is_the_exact_binomial_one(successes: int, total: int) -> None:
    known = binomtest(successes, total).proportion_ci(0.95, "exact")
    assert interval(successes, total) == pytest.approx((known.low, known.high))


def test_of_nothing_seen_anything_may_be_true() -> None:
    low, high = interval(0, 0)
    assert (float(low), float(high)) == (0.0, 1.0)


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.5, 0.99))
def test_an_interval_holds_the_share_and_grows_with_the_confidence(successes: int, more: int, confidence: float) -> None:
    total = successes + more
    low, high = interval(successes, total, confidence)
    wider_low, wider_high = interval(successes, total, 0.999)
    assert 0 <= wider_low <= low <= (successes / total if total else 0.5) <= high <= wider_high <= 1


def test_bins_tell_predicted_and_true_shares() -> None:
    probability = np.array([0.05, 0.95, 0.96, 0.97, 1.0])
    table = reliability(probability, np.array([False, True, True, False, True]), (0.0, 0.5, 1.0))
    assert table.pairs.tolist() == [1, 4]
    assert table.true.tolist() == [0, 3]
    assert table.predicted == pytest.approx([0.05, 0.97])
    assert table.share.tolist() == [0.0, 0.75]
    assert table.within.tolist() == [True, True]


def test_overconfident_probabilities_are_outside_their_interval() -> None:
    table = reliability(np.full(1000, 0.9), np.arange(1000) < 500)
    assert table.within.tolist() == [False]
    assert table.error == pytest.approx(0.4)


def test_pairs_of_the_same_two_clusters_are_one_question_in_whatever_order() -> None:
    labels = np.array([0, 0, 1, 1, 2])
    trial = pair_trials(labels, np.array([0, 2, 1, 0]), np.array([2, 1, 3, 4]))
    assert len(set(trial[:3].tolist())) == 1
    assert trial[3] not in trial[:3]


def test_pairs_that_are_right_or_wrong_together_do_not_narrow_the_interval() -> None:
    # Of 1,000 pairs, 960 ask one question and 40 each its own: hardly more than that one is known.
    truth = np.append(np.ones(960, np.bool_), np.arange(40) < 30)
    trial = np.append(np.zeros(960, np.int64), np.arange(1, 41))
    alone, together = reliability(np.full(1000, 0.9), truth), reliability(np.full(1000, 0.9), truth, trial=trial)
    assert alone.share == together.share
    assert alone.trials.tolist() == [1000]
    assert together.trials == pytest.approx([1000**2 / (960**2 + 40)])
    assert not alone.within[0]
    assert together.within[0]


@given(PAIRS)
def test_where_every_pair_is_its_own_question_nothing_changes(pairs: list[tuple[float, bool]]) -> None:
    probability, truth = _arrays(pairs)
    plain, told = reliability(probability, truth), reliability(probability, truth, trial=np.arange(len(pairs)))
    assert told.low == pytest.approx(plain.low)
    assert told.high == pytest.approx(plain.high)


@given(PAIRS, st.integers(1, 5))
def test_pairs_are_worth_from_one_question_to_as_many_as_they_are(pairs: list[tuple[float, bool]], questions: int) -> None:
    probability, truth = _arrays(pairs)
    table = reliability(probability, truth, trial=np.arange(len(pairs)) % questions)
    assert (table.trials >= 1 - 1e-9).all()
    assert (table.trials <= table.pairs + 1e-9).all()


@given(PAIRS)
def test_every_pair_is_in_one_bin(pairs: list[tuple[float, bool]]) -> None:
    probability, truth = _arrays(pairs)
    table = reliability(probability, truth)
    assert table.pairs.sum() == len(pairs)
    assert table.true.sum() == truth.sum()
    assert (table.lower <= table.predicted + 1e-12).all()
    assert (table.predicted <= table.upper + 1e-12).all()


def test_a_threshold_curve_counts_what_was_never_scored_as_missed() -> None:
    curve = threshold_curve(np.array([0.9, 0.9, 0.2]), np.array([True, False, True]), missed=2)
    assert curve.threshold.tolist() == [0.2, 0.9]
    assert curve.precision == pytest.approx([2 / 3, 1 / 2])
    assert curve.recall == pytest.approx([2 / 4, 1 / 4])
    assert curve.pairs.tolist() == [3, 2]
    assert curve.best == 0.2


@given(PAIRS, st.integers(0, 5))
def test_each_threshold_gives_what_counting_gives(pairs: list[tuple[float, bool]], missed: int) -> None:
    probability, truth = _arrays(pairs)
    curve = threshold_curve(probability, truth, missed)
    for threshold, precision, recall, taken in zip(curve.threshold, curve.precision, curve.recall, curve.pairs, strict=True):
        above = probability >= threshold
        assert taken == above.sum()
        assert precision == pytest.approx(truth[above].mean())
        assert recall == pytest.approx(truth[above].sum() / (truth.sum() + missed) if truth.sum() + missed else 1)
