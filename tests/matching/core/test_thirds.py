"""Checking probabilities without labels: third records settle pairs, and what they cannot settle is allowed for."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from matching.core.calibration import Shares, reliability
from matching.core.grades import Rows
from matching.core.thirds import MOST_THIRDS, Vouched, Weighed, vouched


def pairs(*given: tuple[int, int, float]) -> Weighed:
    left, right, probability = zip(*given, strict=True)
    return Weighed(np.array(left, np.int32), np.array(right, np.int32), np.array(probability), np.ones(len(left), np.bool_))


def saying(answers: dict[tuple[int, int], float]) -> Callable[[Rows, Rows], Shares]:
    return lambda left, right: np.array([answers[pair] for pair in zip(left.tolist(), right.tolist(), strict=True)])


@pytest.mark.parametrize(("found", "said"), [(0.999, 1.0), (0.001, 0.0)])
def test_a_third_record_that_is_surely_one_with_one_of_a_pair_settles_it(found: float, said: float) -> None:
    checked = vouched(pairs((0, 1, 0.999), (0, 2, 0.7)), saying({(1, 2): found}))
    assert checked.settled[0] == 1
    assert checked.said[0] == said


def test_either_record_of_a_pair_may_have_the_third() -> None:
    checked = vouched(pairs((2, 3, 0.999), (0, 2, 0.7)), saying({(0, 3): 0.999}))
    assert checked.said[0] == 1


def test_what_is_not_sure_or_contradicts_itself_settles_nothing() -> None:
    for answers in ({(1, 2): 0.8, (0, 3): 0.2}, {(1, 2): 0.999, (0, 3): 0.001}):
        checked = vouched(pairs((0, 1, 0.999), (2, 3, 0.999), (0, 2, 0.7)), saying(answers))
        assert checked.settled[0] == 0
        assert np.isnan([checked.low[0], checked.high[0], checked.said[0]]).all()


def test_a_pair_that_a_veto_holds_for_is_no_sure_one() -> None:
    asked = pairs((0, 1, 0.999), (0, 2, 0.7))
    checked = vouched(Weighed(asked.left, asked.right, asked.probability, np.array([False, True])), saying({}))
    assert not checked.settled.any()


def test_of_many_thirds_some_are_asked() -> None:
    many = [(0, third, 0.999) for third in range(2, 30)]
    counted: list[int] = []

    def score(left: Rows, _: Rows) -> Shares:
        counted.append(len(left))
        return np.full(len(left), 0.999)

    vouched(pairs((0, 1, 0.7), *many[:1]), score)
    few = counted[-1]
    vouched(pairs((0, 1, 0.7), *many), score)
    assert few == 1
    assert counted[-1] <= (MOST_THIRDS + 1) * (2 * len(many) + 1)


def test_no_pairs_vouch_for_nothing() -> None:
    checked = vouched(Weighed(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), np.empty(0, np.bool_)), saying({}))
    assert len(checked.settled) == len(checked.low) == 0


def world(claimed: float, truly: float, number: int = 1_000, settling: float = 0.5) -> tuple[Weighed, Vouched, np.ndarray]:
    """Make pairs of which the model claims one share to be true and another one is; each has a third, and half are settled by it."""
    chance = np.random.default_rng(11)
    true = chance.random(number) < truly
    first = np.arange(number, dtype=np.int32) * 3
    left, right = np.concatenate([first, first]), np.concatenate([first + 1, first + 2])
    weighed = Weighed(left, right, np.repeat([0.999, claimed], number), np.ones(2 * number, np.bool_))
    answer = np.where(chance.random(number) < settling, np.where(true, 0.9999, 0.0001), 0.5)
    # One with the third: the pair of the other two, which is asked about the other way round as well.
    checked = vouched(weighed, lambda one, _: answer[one // 3])
    return weighed, checked, np.concatenate([np.ones(number, np.bool_), true])


@pytest.mark.parametrize("truly", [0.3, 0.6, 0.85])
def test_where_the_model_is_wrong_the_bounds_reach_to_the_truth(truly: float) -> None:
    weighed, checked, true = world(0.95, truly)
    table = reliability(weighed.probability, true)
    assert not table.within[0]
    assert checked.low[0] < table.share[0] < checked.high[0] == pytest.approx(0.95)
    assert checked.said[0] == pytest.approx(truly, abs=0.06)


def test_of_the_least_probable_pairs_nothing_is_said() -> None:
    _, checked, _ = world(0.03, 0.1)
    assert checked.settled[0] > 0
    assert np.isnan([checked.low[0], checked.high[0]]).all()


def test_pairs_of_two_clusters_vouch_as_one() -> None:
    weighed, alone, _ = world(0.95, 0.9)
    # All pairs lie in one cluster.
    answer = np.where(np.arange(1_000) % 10 > 0, 0.9999, 0.0001)
    together = vouched(replace(weighed, labels=np.zeros(3_000, np.int64)), lambda one, _: answer[one // 3])
    assert together.settled[0] == 1_000
    assert together.low[0] < 0.1
    assert alone.low[0] > 0.5


def test_where_the_model_is_right_the_bounds_are_near_it() -> None:
    _, checked, _ = world(0.97, 0.97)
    assert checked.low[0] > 0.93
    assert checked.high[0] - checked.low[0] < 0.07


def test_the_more_is_settled_the_narrower_the_bounds() -> None:
    widths = [float((checked.high - checked.low)[0]) for _, checked, _ in (world(0.7, 0.7, settling=share) for share in (0.1, 0.4, 0.9))]
    assert widths[0] > widths[1] > widths[2]
