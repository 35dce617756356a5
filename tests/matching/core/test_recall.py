"""How many matches are missed, and which share is found: intervals that cover, by samples of samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.core.estimate import Answered, weights_of
from matching.core.recall import Between, matches_among, missed, recall
from matching.core.sampling import allocate

NOBODY = Answered(np.zeros(0), np.zeros(0, bool), np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))


def answers(same: list[bool], weight: float = 1.0) -> Answered:
    size = len(same)
    return Answered(np.full(size, 0.1), np.array(same, bool), np.full(size, weight), np.zeros(size, np.int64), np.arange(size))


@pytest.mark.parametrize(("looked_at", "drawn"), [(0.05, 200), (0.3, 120), (1.0, 80)])
def test_intervals_of_what_is_missed_cover_the_truth(looked_at: float, drawn: int) -> None:
    """Three bands, of which a part is looked at, and of that some are answered: in 95 of 100 samples or more the truth is inside."""
    random = np.random.default_rng(20_261_130)
    sizes, shares = np.array([20_000, 3_000, 600]), np.array([0.001, 0.02, 0.3])
    band = np.repeat(np.arange(3), sizes)
    inside = 0
    for _ in range(300):
        same = random.random(len(band)) < shares[band]
        seen = random.random(len(band)) < looked_at
        found = np.bincount(band[seen], minlength=3)
        wanted = allocate(found, drawn, found * shares)
        places = np.concatenate(
            [random.choice(np.flatnonzero(seen & (band == number)), wanted[number], replace=False) for number in range(3)]
        )
        stratum = band[places]
        weight = weights_of(stratum, dict(enumerate((found / looked_at).tolist())))
        told = missed(Answered(np.full(len(places), 0.1), same[places], weight, stratum, np.arange(len(places))), looked_at)
        inside += told.low <= same.sum() <= told.high
    assert inside / 300 >= 0.95


@given(st.lists(st.booleans(), max_size=60), st.floats(0.01, 1))
def test_what_is_missed_lies_between_its_ends_and_is_told_surer_where_more_was_seen(same: list[bool], reached: float) -> None:
    some, all_of_them = missed(answers(same, 1 / reached), reached), missed(answers(same), 1.0)
    assert 0 <= some.low <= some.value + 1e-9
    assert some.value <= some.high + 1e-9
    assert some.high - some.low >= all_of_them.high - all_of_them.low - 1e-9


def test_of_no_pairs_none_are_the_same_and_of_no_answers_all_may_be() -> None:
    assert matches_among(NOBODY, 0) == Between(0.0, 0.0, 0.0)
    assert matches_among(NOBODY, 40) == Between(0.0, 0.0, 40.0)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6)), min_size=3, max_size=3))
def test_what_is_found_by_asking_too_is_never_less_and_all_lie_between_their_ends(ends: list[tuple[float, float, float]]) -> None:
    automatic, asked, missing = (Between(value, low, high) for low, value, high in map(sorted, ends))
    found = recall(automatic, asked, missing)
    for share in (found.automatic, found.found):
        assert 0 <= share.low <= share.value + 1e-12
        assert share.value <= share.high + 1e-12 <= 1 + 1e-12
    assert found.found.value >= found.automatic.value - 1e-12


def test_a_share_is_told_of_all_three() -> None:
    found = recall(Between(80, 78, 82), Between(10, 8, 12), Between(10, 5, 20))
    assert (found.automatic.value, found.found.value) == (0.8, 0.9)
    assert found.found.low == pytest.approx(86 / 106)
    assert found.found.high == pytest.approx(94 / 99)
