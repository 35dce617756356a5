"""Learning without labels: expectation maximisation over the counts of distinct level patterns.

The model is a mixture of classes that are each independent by comparison: matches, unrelated pairs and two kinds of
relatives (Larsen and Rubin 2001 have such a middle class for households). Missing values say nothing. Shipped probabilities
enter as Dirichlet priors, so that few pairs move them little.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]

MATCH, UNRELATED = 0, 1
RELATIVES: Final = (2, 3)
LEARNT, SHIPPED, TIED = range(3)
"""Where the probabilities of a class and comparison come from: the data, the config, or the unrelated pairs."""
PRIOR_PAIRS: Final = (20.0, 50.0, 100.0, 100.0)
"""How many pairs of each class the shipped probabilities are worth."""
MOST_ROUNDS: Final = 200
CONVERGED: Final = 1e-7


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct rows of levels (patterns x comparisons) and how many pairs have each."""

    levels: NDArray[np.uint8]
    counts: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Learning:
    """What EM starts from: shipped probabilities (classes x comparisons x levels) and shares (classes).

    `pairs_in_all` is how many pairs there are, compared or not; those not compared count as unrelated. `ways` says
    per class and comparison whether the probabilities are learnt, stay as shipped, or are those of unrelated pairs.
    `most_different` bounds, per comparison, how many matches may differ: a class whose names differ is another thing.
    `most_relatives` bounds the pairs of each kind of relatives: beyond it the class would stand for unrelated pairs.
    """

    probabilities: Table
    shares: Table
    pairs_in_all: float
    most_relatives: float
    ways: NDArray[np.int8]
    most_different: Table
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
        outside = posterior(sample.levels, probabilities, shares) * sample.counts
        probabilities = before.copy()
        probabilities[UNRELATED] = _maximise(sample.levels, outside[UNRELATED], start, UNRELATED)
        for which in (MATCH, *RELATIVES):
            probabilities[which] = _maximise(candidates.levels, inside[which], start, which)
        tied = start.ways == TIED
        probabilities[tied] = np.broadcast_to(probabilities[UNRELATED], probabilities.shape)[tied]
        probabilities = ordered(probabilities, start.sizes)
        matches = float(inside[MATCH].sum())
        shares = _shares(inside.sum(axis=1), start)
        if np.abs(probabilities - before).max() < CONVERGED:
            break
    return Learnt(probabilities, shares, matches)


def posterior(levels: NDArray[np.uint8], probabilities: Table, shares: Table) -> Table:
    """Give the probability of each class (classes x patterns)."""
    logs = np.log(shares)[:, None] + np.zeros((len(shares), len(levels)))
    for place in range(levels.shape[1]):
        logs += np.log(probabilities[:, place])[:, levels[:, place]]
    logs -= logs.max(axis=0)
    odds = np.exp(logs)
    return odds / odds.sum(axis=0)  # type: ignore[no-any-return]


def _maximise(levels: NDArray[np.uint8], weights: Table, start: Learning, which: int) -> Table:
    table = start.probabilities[which].copy()
    for place, size in enumerate(start.sizes):
        if start.ways[which, place] == LEARNT:
            prior = start.probabilities[which, place, 1:size] * PRIOR_PAIRS[which]
            found = np.bincount(levels[:, place], weights, minlength=int(size))[1:size] + prior
            table[place, 1:size] = found / found.sum()
            if which == MATCH:
                table[place, 1:size] = _at_most(table[place, 1:size], float(start.most_different[place]))
    return table


def _at_most(chances: Table, most: float) -> Table:
    """Bound the chance of the lowest level, the others in proportion."""
    if chances[0] <= most:
        return chances
    bounded = chances * (1 - most) / (1 - chances[0])
    bounded[0] = most
    return bounded


def _shares(found: Table, start: Learning) -> Table:
    # One pair's worth of the shipped shares keeps an empty class from dying out.
    known = (found + start.shares / start.shares[MATCH]) / (start.pairs_in_all + 1)
    most = start.most_relatives / start.pairs_in_all
    known[list(RELATIVES)] = np.minimum(known[list(RELATIVES)], most)
    known[UNRELATED] = max(1 - known[MATCH] - known[list(RELATIVES)].sum(), 0.01)
    return known / known.sum()  # type: ignore[no-any-return]


def ordered(probabilities: Table, sizes: NDArray[np.int64]) -> Table:
    """Keep the evidence for a match from falling as levels rise, against unrelated pairs and against relatives.

    A learnt ratio that falls is noise or chance selection; the offenders are pooled (isotonic regression of the log
    ratio, weighted by how often matches have the level).
    """
    table = probabilities.copy()
    for place, size in enumerate(sizes):
        m = table[MATCH, place, 1:size]
        for other in (UNRELATED, *RELATIVES):
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
