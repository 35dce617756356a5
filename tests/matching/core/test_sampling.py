"""Random samples: as many as asked for, from every band, the same again for the same seed."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.core.sampling import BANDS, allocate, band_of, draw

counts = st.lists(st.integers(0, 5_000), min_size=1, max_size=8)


@given(counts, st.integers(0, 3_000))
def test_as_many_are_drawn_as_asked_for_and_never_more_than_there_are(available: list[int], size: int) -> None:
    drawn = allocate(np.array(available), size)
    assert drawn.sum() == min(size, sum(available))
    assert ((drawn >= 0) & (drawn <= available)).all()


@given(counts, st.integers(20, 3_000))
def test_every_band_gives_enough_to_be_told_by_itself(available: list[int], size: int) -> None:
    drawn = allocate(np.array(available), size)
    assert (drawn >= np.minimum(available, 2)).all()


@given(counts, st.integers(0, 3_000), st.randoms(use_true_random=False))
def test_a_measure_changes_which_bands_give_and_not_how_many_are_drawn(available: list[int], size: int, random: Random) -> None:
    measure = np.array([random.random() * count for count in available])
    drawn = allocate(np.array(available), size, measure)
    assert drawn.sum() == min(size, sum(available))
    assert ((drawn >= 0) & (drawn <= available)).all()


def test_a_band_with_more_of_what_matters_gives_more_than_one_with_more_pairs() -> None:
    drawn = allocate(np.array([10_000, 500]), 100, np.array([4.0, 100.0]))
    assert drawn[1] > 4 * drawn[0] > 0


@given(st.integers(0, 2**40), st.permutations(range(50)), st.integers(0, 50))
def test_the_same_seed_draws_the_same_pairs_in_whatever_order_they_come(seed: int, order: list[int], number: int) -> None:
    left, right = np.arange(50), np.arange(50) + 100
    shuffled = np.array(order)
    drawn = set(left[draw(left, right, number, seed)].tolist())
    assert drawn == set(left[shuffled][draw(left[shuffled], right[shuffled], number, seed)].tolist())
    assert len(drawn) == number


def test_every_pair_is_drawn_as_often_as_any_other() -> None:
    left, right = np.arange(20), np.arange(20) + 7
    often = np.zeros(20)
    for seed in range(3_000):
        often[draw(left, right, 5, seed)] += 1
    assert np.abs(often / 3_000 - 0.25).max() < 0.04


@pytest.mark.parametrize(("probability", "band"), [(0.0, 0), (0.5, 1), (0.95, 4), (0.9999, len(BANDS) - 2), (1.0, len(BANDS) - 2)])
def test_a_probability_on_an_edge_belongs_to_the_band_above(probability: float, band: int) -> None:
    assert band_of(np.array([probability])).tolist() == [band]
