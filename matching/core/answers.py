"""What people said of pairs, as what a model learns from."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.core.em import Answered
from matching.core.grades import Levels, Rows
from matching.core.links import Constraints


@dataclass(frozen=True, slots=True)
class Answers:
    """Pairs of rows that people settled: `same` or different. Each pair once, left < right, in ascending order."""

    left: Rows
    right: Rows
    same: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.left)


def answers_of(settled: Constraints) -> Answers:
    """Take what must, and what must not, be together as answers; of a pair that is both, nothing is learnt."""
    same, different = _pairs(settled.must_link), _pairs(settled.cannot_link)
    pairs = sorted(same ^ different)
    left, right = np.array(pairs, np.int32).reshape(-1, 2).T
    return Answers(left, right, np.array([pair in same for pair in pairs], np.bool_))


def _pairs(settled: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    return {(min(pair), max(pair)) for pair in settled if pair[0] != pair[1]}


@dataclass(frozen=True, slots=True)
class Graded:
    """Levels, strata and probabilities of some pairs."""

    levels: Levels
    strata: NDArray[np.uint8]
    probability: NDArray[np.float64]


def answered(answers: Answers, answered_pairs: Graded, candidates: Graded) -> Answered:
    """Count the answers by pattern of levels, and the candidate pairs that they speak for.

    These are the ones of the same pattern whose probability lies where people were asked: a pattern's pairs with a rare and
    with a common value are not told by each other.
    """
    keys = np.column_stack([answered_pairs.strata, answered_pairs.levels])
    patterns, place = np.unique(keys, axis=0, return_inverse=True)
    place = place.ravel()
    same = np.bincount(place, answers.same.astype(np.float64), minlength=len(patterns)).astype(np.float64)
    total = np.bincount(place, minlength=len(patterns)).astype(np.float64)
    lowest, highest = answered_pairs.probability.min(), answered_pairs.probability.max()
    asked = np.flatnonzero((candidates.probability >= lowest) & (candidates.probability <= highest))
    alike = np.column_stack([candidates.strata[asked], candidates.levels[asked]])
    every, where = np.unique(np.concatenate([patterns, alike]), axis=0, return_inverse=True)
    counts = np.bincount(where.ravel()[len(patterns) :], minlength=len(every))[where.ravel()[: len(patterns)]]
    return Answered(patterns[:, 1:], patterns[:, 0], same, total - same, np.maximum(counts, total).astype(np.float64))
