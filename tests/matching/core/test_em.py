"""Expectation maximisation: what is learnt from patterns whose classes are known."""

from dataclasses import replace

import numpy as np
import pytest

from matching.core.em import LEARNT, MATCH, RELATIVES, SHIPPED, STARTS, UNRELATED, Learning, Learnt, Table, learn, ordered
from matching.core.patterns import Patterns

SIZES = np.array([3, 5, 3])
"""A name (different, same), an e-mail (different, same domain, same before the @, same), a telephone (different, same)."""
NAME = np.array([[0.1, 0.9], [0.99, 0.01], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
EMAIL = np.array(
    [[0.1, 0.2, 0.01, 0.69], [0.84, 0.01, 0.149, 0.001], [0.6, 0.3, 0.05, 0.05], [0.7, 0.01, 0.28, 0.01], [0.3, 0.3, 0.1, 0.3]]
)
PHONE = np.array([[0.15, 0.85], [0.999, 0.001], [0.4, 0.6], [0.97, 0.03], [0.9, 0.1]])
PAIRS = 1_000_000.0


def table(email: Table = EMAIL) -> Table:
    """Put the chances of levels in classes x comparisons x levels."""
    found = np.ones((5, 3, 5))
    found[:, 0, 1:3], found[:, 1, 1:5], found[:, 2, 1:3] = NAME, email, PHONE
    return found


def start(matches: float = 2_000.0) -> Learning:
    """Start from chances that are shipped, all but right, with no word on how many namesakes there are."""
    ways = np.full((5, 3), LEARNT, np.int8)
    ways[list(RELATIVES), 0] = SHIPPED
    counts = np.array([matches, 0.0, 100.0, 100.0, 100.0])
    counts[UNRELATED] = PAIRS - counts.sum()
    shipped = table(email=0.8 * EMAIL + 0.05)
    return Learning(shipped, counts / PAIRS, PAIRS, 20_000.0, ways, ((), (), ()), SIZES, np.zeros(3, np.bool_))


def population(*, matches: float, namesakes: float) -> Patterns:
    """Count the patterns of so many matches and namesakes among unrelated pairs, as often as they are expected."""
    levels = np.array([[name, email, phone] for name in (1, 2) for email in (1, 2, 3, 4) for phone in (1, 2)], np.uint8)
    sizes = np.array([matches, PAIRS - matches - namesakes, 0.0, namesakes, 0.0])
    counts = (sizes @ (NAME[:, levels[:, 0] - 1] * EMAIL[:, levels[:, 1] - 1] * PHONE[:, levels[:, 2] - 1])).astype(np.float64)
    return Patterns(levels, counts, np.zeros(len(levels), np.uint8))


def learnt(matches: float, namesakes: float, begin: Learning) -> Learnt:
    every = population(matches=matches, namesakes=namesakes)
    return learn(every, every, begin)


@pytest.mark.parametrize("namesakes", [200.0, 3_000.0, 12_000.0])
def test_matches_are_not_taken_over_by_namesakes_however_many(namesakes: float) -> None:
    found = learnt(3_000.0, namesakes, start())
    assert found.matches == pytest.approx(3_000, rel=0.1)
    assert found.probabilities[MATCH, 1, 1:] == pytest.approx(EMAIL[MATCH], abs=0.07)


@pytest.mark.parametrize("matches", [600.0, 20_000.0])
def test_where_learning_starts_is_no_part_of_where_it_ends(matches: float) -> None:
    one, other = learnt(3_000.0, 3_000.0, start()), learnt(3_000.0, 3_000.0, start(matches))
    assert other.matches == pytest.approx(one.matches, rel=0.1)
    assert len(STARTS) >= 3


def test_chances_of_every_class_sum_to_one() -> None:
    found = learnt(3_000.0, 6_000.0, start())
    assert found.probabilities[:, 0, 1:3].sum(axis=1) == pytest.approx(1)
    assert found.probabilities[:, 1, 1:5].sum(axis=1) == pytest.approx(1)


def test_relatives_that_are_not_seen_stay_possible() -> None:
    found = learnt(3_000.0, 0.0, start())
    assert (found.shares[list(RELATIVES)] * PAIRS > 0.5).all()


def test_equality_says_most_and_lower_levels_are_free() -> None:
    given = table()
    given[UNRELATED, 1, 1:5] = [0.1, 0.2, 0.3, 0.4]
    found = ordered(given, SIZES)
    bits = np.log2(found[MATCH, 1, 1:5] / found[UNRELATED, 1, 1:5])
    assert bits.max() == pytest.approx(bits[-1])
    assert bits[1] > bits[2]
    assert found[UNRELATED, 1, 1:5].sum() == pytest.approx(1)
    assert np.array_equal(found[3], given[3])


def test_no_level_is_held_where_equality_says_most_already() -> None:
    given = table()
    assert np.array_equal(ordered(given, SIZES), given)


def test_the_order_of_patterns_is_no_part_of_what_is_learnt() -> None:
    every = population(matches=3_000, namesakes=3_000)
    turned = replace(every, levels=every.levels[::-1], counts=every.counts[::-1])
    one, other = learn(every, every, start()), learn(turned, turned, start())
    assert np.abs(one.probabilities - other.probabilities).max() <= 1e-9


def test_what_candidates_agree_on_by_being_candidates_is_no_evidence() -> None:
    every = population(matches=3_000.0, namesakes=0.0)
    # Whoever has the name in common has the last value in common too, as firms of one name are in one country.
    shared = every.levels.copy()
    shared[:, 2] = np.where((every.levels[:, 0] == 2) | (every.levels[:, 1] > 1), 2, every.levels[:, 2])
    candidates = Patterns(shared, np.where((shared[:, :2] > 1).any(axis=1), every.counts, 0.0), every.strata)
    begin = replace(start(), ways=np.full((5, 3), LEARNT, np.int8))
    entailed = learn(candidates, every, replace(begin, entailed=np.array([False, False, True])))
    apart = learn(candidates, every, begin)
    bits = [float(np.log2(found.probabilities[MATCH, 2, 2] / found.probabilities[UNRELATED, 2, 2])) for found in (apart, entailed)]
    assert bits[0] > 2
    assert bits[1] < 0.1
