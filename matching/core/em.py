"""Learning without labels: expectation maximisation over the counts of distinct level patterns.

The model is a mixture of three classes that are each independent by comparison: matches, unrelated pairs and relatives
(Larsen and Rubin 2001 have such a middle class for households). Missing values say nothing. Shipped probabilities
enter as Dirichlet priors, so that few pairs move them little.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]

MATCH, UNRELATED, RELATIVE = range(3)
MOST_ROUNDS: Final = 200
CONVERGED: Final = 1e-7


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct rows of levels (patterns x comparisons) and how many pairs have each."""

    levels: NDArray[np.uint8]
    counts: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Learning:
    """What EM starts from: shipped probabilities (3 x comparisons x levels), shares (3), and the weight of the priors.

    `pairs_in_all` is how many pairs there are, compared or not. Those not compared count as unrelated.
    """

    probabilities: Table
    shares: Table
    pairs_in_all: float
    prior_pairs: tuple[float, float, float]
    sizes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What EM ends with, and the expected number of matching pairs among those compared."""

    probabilities: Table
    shares: Table
    matches: float


def count_patterns(levels: NDArray[np.uint8], sizes: NDArray[np.int64]) -> Patterns:
    """Count the distinct rows of levels; `sizes` is how many levels each comparison has, the missing one included."""
    base = np.cumprod(np.append(1, sizes[:-1])).astype(np.int64)
    number = levels.astype(np.int64) @ base
    distinct, counts = np.unique(number, return_counts=True)
    return Patterns(((distinct[:, None] // base) % sizes).astype(np.uint8), counts.astype(np.float64))


def learn(candidates: Patterns, sample: Patterns, start: Learning) -> Learnt:
    """Learn from the candidate pairs (matches and relatives) and a random sample (unrelated pairs).

    Depends on the counts alone: the order of the pairs is no part of the result.
    """
    probabilities, shares = start.probabilities.copy(), start.shares.copy()
    matches = 0.0
    for _ in range(MOST_ROUNDS):
        before = probabilities
        inside = posterior(candidates.levels, probabilities, shares) * candidates.counts
        outside = posterior(sample.levels, probabilities, shares)[UNRELATED] * sample.counts
        probabilities = np.stack([
            _maximise(candidates.levels, inside[MATCH], start, MATCH),
            _maximise(sample.levels, outside, start, UNRELATED),
            _maximise(candidates.levels, inside[RELATIVE], start, RELATIVE),
        ])  # fmt: skip
        probabilities = ordered(probabilities, start.sizes)
        matches = float(inside[MATCH].sum())
        shares = _shares(matches, float(inside[RELATIVE].sum()), start)
        if np.abs(probabilities - before).max() < CONVERGED:
            break
    return Learnt(probabilities, shares, matches)


def posterior(levels: NDArray[np.uint8], probabilities: Table, shares: Table) -> Table:
    """Give the probability of each class (3 x patterns)."""
    logs = np.log(shares)[:, None] + np.zeros((3, len(levels)))
    for place in range(levels.shape[1]):
        logs += np.log(probabilities[:, place])[:, levels[:, place]]
    logs -= logs.max(axis=0)
    odds = np.exp(logs)
    return odds / odds.sum(axis=0)  # type: ignore[no-any-return]


def _maximise(levels: NDArray[np.uint8], weights: Table, start: Learning, which: int) -> Table:
    table = np.ones_like(start.probabilities[which])
    for place, size in enumerate(start.sizes):
        prior = start.probabilities[which, place, 1:size] * start.prior_pairs[which]
        found = np.bincount(levels[:, place], weights, minlength=int(size))[1:size] + prior
        table[place, 1:size] = found / found.sum()
    return table


def _shares(matches: float, relatives: float, start: Learning) -> Table:
    known = np.array([matches + 1, 0.0, relatives + 1]) / (start.pairs_in_all + 2)
    known[UNRELATED] = max(1 - known.sum(), 0.01)
    return known / known.sum()  # type: ignore[no-any-return]


def ordered(probabilities: Table, sizes: NDArray[np.int64]) -> Table:
    """Keep the evidence for a match from falling as levels rise, against unrelated pairs and against relatives.

    A learnt ratio that falls is noise or chance selection; the offenders are pooled (isotonic regression of the log
    ratio, weighted by how often matches have the level).
    """
    table = probabilities.copy()
    for place, size in enumerate(sizes):
        m = table[MATCH, place, 1:size]
        for other in (UNRELATED, RELATIVE):
            ratio = pool_adjacent(np.log(m / table[other, place, 1:size]), m + table[other, place, 1:size])
            table[other, place, 1:size] = m / np.exp(ratio)
    return table


def pool_adjacent(values: Table, weights: Table) -> Table:
    """Give the non-decreasing sequence nearest to the values in weighted squares (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, mass, count = value, weight, 1
        while blocks and blocks[-1][0] > mean:
            earlier, earlier_mass, earlier_count = blocks.pop()
            mean = (earlier * earlier_mass + mean * mass) / (earlier_mass + mass)
            mass, count = mass + earlier_mass, count + earlier_count
        blocks.append((mean, mass, count))
    return np.repeat([block[0] for block in blocks], [block[2] for block in blocks])
