"""Learning without labels: expectation maximisation over the counts of distinct level patterns.

The model is a mixture of classes that are each independent by comparison: matches, unrelated pairs and two kinds of
relatives (Larsen and Rubin 2001 have such a middle class for households). Missing values say nothing. Shipped probabilities
enter as Dirichlet priors, so that few pairs move them little.

Answers of people take part as in Larsen and Rubin (2001): a pair whose class is known counts as that class, all others by their
posterior. People see doubtful pairs alone; since the pairs they do not see are in the likelihood as well, and which pairs are
asked depends on the levels and not on the answer, that choice does not distort what is learnt (missing at random, Rubin 1976).
Within a pattern each answer speaks for the doubtful pairs that have it (Horvitz and Thompson 1952), weighed against the model's
own opinion.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from matching.core.comparators import Bound

Table = NDArray[np.float64]

MATCH, UNRELATED = 0, 1
RELATIVES: Final = (2, 3)
LEARNT, SHIPPED, TIED = range(3)
"""Where the probabilities of a class and comparison come from: the data, the config, or the unrelated pairs."""
PRIOR_PAIRS: Final = (20.0, 50.0, 100.0, 100.0)
"""How many pairs of each class the shipped probabilities are worth."""
OPINION: Final = 10.0
"""How many answers on a pattern the model's own opinion of it is worth."""
COUNTED_BY_PLACE: Final = 1 << 24
MOST_ROUNDS: Final = 200
CONVERGED: Final = 1e-7


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct rows of levels (patterns x comparisons), the stratum of each, and how many pairs have it."""

    levels: NDArray[np.uint8]
    counts: NDArray[np.float64]
    strata: NDArray[np.uint8]

    def of(self, stratum: int) -> "Patterns":
        """Give the patterns of a stratum. Stratum 0 has all: it serves pairs whose kind is not known or not the same."""
        chosen = self.strata == stratum if stratum else np.ones(len(self.strata), np.bool_)
        return Patterns(self.levels[chosen], self.counts[chosen], self.strata[chosen])


@dataclass(frozen=True, slots=True)
class Answered:
    """Patterns on which people gave answers: how many pairs of each they called `same` and `different`, and how many
    candidate pairs (`doubtful`, these among them) the answers speak for.
    """

    levels: NDArray[np.uint8]
    strata: NDArray[np.uint8]
    same: NDArray[np.float64]
    different: NDArray[np.float64]
    doubtful: NDArray[np.float64]

    def of(self, stratum: int) -> "Answered":
        """Give the patterns of a stratum, stratum 0 having all, as with candidate pairs."""
        chosen = self.strata == stratum if stratum else np.ones(len(self.strata), np.bool_)
        return Answered(self.levels[chosen], self.strata[chosen], self.same[chosen], self.different[chosen], self.doubtful[chosen])

    def known(self, guessed: Table) -> Table:
        """Give the probability of each class with the answers in mind, of what it was guessed without them."""
        total = self.same + self.different
        match = (OPINION * guessed[MATCH] + self.same) / (OPINION + total)
        rest = (1 - match) / np.maximum(1 - guessed[MATCH], 1e-12)
        known: Table = guessed * rest
        known[MATCH] = match
        # Where the model was certain of a match, what is none is unrelated.
        known[UNRELATED] += np.maximum(1 - known.sum(axis=0), 0.0)
        return known


@dataclass(frozen=True, slots=True)
class Learning:
    """What EM starts from: shipped probabilities (classes x comparisons x levels) and shares (classes).

    `pairs_in_all` is how many pairs there are, compared or not; those not compared count as unrelated. `ways` says
    per class and comparison whether the probabilities are learnt, stay as shipped, or are those of unrelated pairs.
    `at_most` bounds, per comparison, how many matches may have its low levels: a class whose names differ is another
    thing.
    `most_relatives` bounds the pairs of each kind of relatives: beyond it the class would stand for unrelated pairs.
    """

    probabilities: Table
    shares: Table
    pairs_in_all: float
    most_relatives: float
    ways: NDArray[np.int8]
    at_most: tuple[tuple[Bound, ...], ...]
    sizes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What EM ends with, and the expected number of matching pairs among those compared."""

    probabilities: Table
    shares: Table
    matches: float


def count_patterns(
    levels: NDArray[np.uint8], strata: NDArray[np.uint8], sizes: NDArray[np.int64], counts: NDArray[np.float64] | None = None
) -> Patterns:
    """Count the distinct rows of levels; `sizes` is how many levels each comparison has, the missing one included.

    `counts` says how many pairs each row stands for where that is not one.
    """
    number = strata.astype(np.int64)
    for place, size in enumerate(sizes.tolist()):
        number *= size
        number += levels[:, place]
    space = int(np.prod(sizes.astype(object))) * (int(strata.max(initial=0)) + 1)
    if space <= COUNTED_BY_PLACE:
        every = np.bincount(number, counts, minlength=1).astype(np.float64)
        distinct = np.flatnonzero(every)
        found = every[distinct]
    else:
        # By hashing: there are few distinct patterns, and sorting all pairs for them takes long.
        encoded = pa.array(number).dictionary_encode()
        distinct = encoded.dictionary.to_numpy()
        order = np.argsort(distinct)
        found = np.bincount(encoded.indices.to_numpy(), counts, minlength=len(distinct)).astype(np.float64)[order]
        distinct = distinct[order]
    rows = np.empty((len(distinct), len(sizes)), np.uint8)
    for place in range(len(sizes) - 1, -1, -1):
        distinct, rows[:, place] = np.divmod(distinct, sizes[place])
    return Patterns(rows, found, distinct.astype(np.uint8))


def learn(candidates: Patterns, sample: Patterns, start: Learning, answered: Answered | None = None) -> Learnt:
    """Learn from the candidate pairs (matches and relatives) and a random sample (unrelated pairs).

    `answered` patterns are among the candidates. Depends on the counts alone: the order of pairs and answers is no part of the
    result.
    """
    levels = candidates.levels if answered is None else np.concatenate([candidates.levels, answered.levels])
    probabilities, shares = start.probabilities.copy(), start.shares.copy()
    matches = 0.0
    for _ in range(MOST_ROUNDS):
        before = probabilities
        inside = posterior(candidates.levels, probabilities, shares) * candidates.counts
        if answered is not None:
            guessed = posterior(answered.levels, probabilities, shares)
            inside = np.concatenate([inside, (answered.known(guessed) - guessed) * answered.doubtful], axis=1)
        outside = posterior(sample.levels, probabilities, shares) * sample.counts
        probabilities = before.copy()
        sampled = _maximise(sample.levels, outside[UNRELATED], start, UNRELATED)
        probabilities[UNRELATED] = _at_least(sampled, levels, inside[UNRELATED], start)
        for which in (MATCH, *RELATIVES):
            probabilities[which] = _maximise(levels, inside[which], start, which)
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
                table[place, 1:size] = _at_most(table[place, 1:size], start.at_most[place])
    result: Table = table
    return result


def _at_least(sampled: Table, levels: NDArray[np.uint8], unrelated: Table, start: Learning) -> Table:
    """Raise the chances of levels too rare for a sample to what the candidate pairs show.

    Unrelated pairs that agree on a rare value are nearly all candidates: how many there are among all pairs is a lower
    bound of the chance, and a far better one than a sample with none of them.
    """
    table = sampled.copy()
    for place, size in enumerate(start.sizes):
        known = float((levels[:, place] > 0) @ unrelated) / max(float(unrelated.sum()), 1e-9)
        found = np.bincount(levels[:, place], unrelated, minlength=int(size))[1:size]
        bound = found / (start.pairs_in_all * max(known, 1e-9))
        raised = np.maximum(table[place, 1:size], np.minimum(bound, 0.5))
        table[place, 1:size] = raised / raised.sum()
    return table


def _at_most(chances: Table, bounds: tuple[Bound, ...]) -> Table:
    """Bound the chance of levels, taken from 1; what is above the bound goes to the levels beyond."""
    bounded = chances.copy()
    for bound in bounds:
        inside, beyond = slice(bound.lowest - 1, bound.highest), slice(bound.highest, None)
        found = bounded[inside].sum()
        if found > bound.most:
            rest = bounded[beyond].sum()
            bounded[inside] *= bound.most / found
            bounded[beyond] *= (rest + found - bound.most) / rest
    return bounded


def _shares(found: Table, start: Learning) -> Table:
    # One pair's worth of the shipped shares keeps an empty class from dying out.
    known = (found + start.shares / start.shares[MATCH]) / (start.pairs_in_all + 1)
    most = start.most_relatives / start.pairs_in_all
    known[list(RELATIVES)] = np.minimum(known[list(RELATIVES)], most)
    known[UNRELATED] = max(1 - known[MATCH] - known[list(RELATIVES)].sum(), 0.01)
    return known / known.sum()  # type: ignore[no-any-return]


def ordered(probabilities: Table, sizes: NDArray[np.int64]) -> Table:
    """Keep equality, the highest level, from saying less for a match than any other, against unrelated pairs and relatives.

    Where it would, it and the levels that would say more are pooled: they keep what they have in common, and say alike (isotonic
    regression of the ratio in a simple tree order; Robertson, Wright and Dykstra 1988). Lower levels are free among themselves:
    two firms that are both `contact` before the @ are namesakes more often than two at one domain, and a class that may not
    say so loses them to the matches.
    """
    table = probabilities.copy()
    for place, size in enumerate(sizes.tolist()):
        m = table[MATCH, place, 1:size]
        for other in (UNRELATED, *RELATIVES):
            table[other, place, 1:size] = _topped(m, table[other, place, 1:size])
    return table


def _topped(m: Table, other: Table) -> Table:
    ratio, top = m / other, len(m) - 1
    pooled = [top]
    for level in np.argsort(-ratio[:top], kind="stable").tolist():
        if ratio[level] * other[pooled].sum() <= m[pooled].sum():
            break
        pooled.append(level)
    result = other.copy()
    result[pooled] = m[pooled] * (other[pooled].sum() / m[pooled].sum())
    return result
