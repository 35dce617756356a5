"""Learning without labels: expectation maximisation over the counts of distinct level patterns.

The model is a mixture of classes that are each independent by comparison: matches, unrelated pairs and three kinds of
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
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matching.core.comparators import Bound
from matching.core.patterns import Patterns

Table = NDArray[np.float64]

MATCH, UNRELATED = 0, 1
RELATIVES: Final = (2, 3, 4)
LEARNT, SHIPPED, TIED = range(3)
"""Where the probabilities of a class and comparison come from: the data, the config, or the unrelated pairs."""
PRIOR_PAIRS: Final = (20.0, 50.0, 100.0, 100.0, 100.0)
"""How many pairs of each class the shipped probabilities are worth."""
_WORTH: Final = np.array(PRIOR_PAIRS)[:, None, None]
SHARE_PAIRS: Final = 20.0
"""How many matches' worth of relatives the shipped shares are."""
OPINION: Final = 10.0
"""How many answers on a pattern the model's own opinion of it is worth."""
STARTS: Final = ((1.0, 1.0), (0.25, 4.0), (4.0, 0.25))
"""Where learning starts: how many times the shipped share of matches, and of relatives."""
SHORT_ROUNDS: Final = 8
SAME_PLACE: Final = 1e-5
"""Likelihoods that differ by less, as a share of them, are of the same place."""
MOST_ROUNDS: Final = 80
CONVERGED: Final = 1e-6


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
    `entailed` marks the comparisons that agree wherever anything else does: what unrelated pairs have of them is learnt from
    the candidates, and not from the sample.
    """

    probabilities: Table
    shares: Table
    pairs_in_all: float
    most_relatives: float
    ways: NDArray[np.int8]
    at_most: tuple[tuple[Bound, ...], ...]
    sizes: NDArray[np.int64]
    entailed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What EM ends with, and the expected number of matching pairs among those compared."""

    probabilities: Table
    shares: Table
    matches: float


def learn(candidates: Patterns, sample: Patterns, start: Learning, answered: Answered | None = None) -> Learnt:
    """Learn from the candidate pairs (matches and relatives) and a random sample (unrelated pairs).

    `answered` patterns are among the candidates. A short run from each of `STARTS` is made, and the likeliest goes on (Biernacki,
    Celeux and Govaert 2003). Depends on the counts alone: the order of pairs and answers is no part of the result.
    """
    data = _Data.of(candidates, sample, answered, start.probabilities.shape[2])
    tried = []
    for matches, relatives in STARTS:
        shares = start.shares.copy()
        shares[MATCH] *= matches
        shares[list(RELATIVES)] *= relatives
        shares[UNRELATED] = 0.0
        shares[UNRELATED] = max(1 - shares.sum(), 0.01)
        tried.append(_run(data, start, Learnt(start.probabilities, shares / shares.sum(), 0.0), SHORT_ROUNDS))
    likely = [_likelihood(data, start, learnt) for learnt in tried]
    # Starts that lead to the same place differ by what is left to converge: the first of them is taken.
    best = next(place for place, found in enumerate(likely) if found >= max(likely) - SAME_PLACE * abs(max(likely)))
    return _run(data, start, tried[best], MOST_ROUNDS)


@dataclass(frozen=True, slots=True)
class _Data:
    """What learning sees, and the levels of each as marks (patterns x (comparisons x levels), 1 where a pattern has the level):
    sums over patterns and levels are products of matrices.
    """

    candidates: Patterns
    sample: Patterns
    answered: Answered | None
    marks: csr_array
    sampled_marks: csr_array
    answered_marks: csr_array

    @classmethod
    def of(cls, candidates: Patterns, sample: Patterns, answered: Answered | None, width: int) -> "_Data":
        marks, sampled = _marks(candidates.levels, width), _marks(sample.levels, width)
        return cls(candidates, sample, answered, marks, sampled, marks[:0] if answered is None else _marks(answered.levels, width))


def _marks(levels: NDArray[np.uint8], width: int) -> csr_array:
    count, comparisons = levels.shape
    places = levels + np.arange(comparisons, dtype=np.int32) * np.int32(width)
    ends = np.arange(0, count * comparisons + 1, comparisons, dtype=np.int32)
    return csr_array((np.ones(count * comparisons), places.ravel(), ends), (count, comparisons * width))


def _sums(marks: csr_array, weights: Table) -> Table:
    """Sum weights (classes x patterns) by level: classes x (comparisons x levels)."""
    return (marks.T @ weights.T).T  # type: ignore[no-any-return]


def _run(data: _Data, start: Learning, known: Learnt, rounds: int) -> Learnt:
    """Go on from what is known until nothing moves, or for so many rounds."""
    probabilities, shares, matches = known.probabilities, known.shares, known.matches
    tied = start.ways == TIED
    for _ in range(rounds):
        before = probabilities
        inside = _posterior(data.marks, probabilities, shares) * data.candidates.counts
        outside = _posterior(data.sampled_marks, probabilities, shares)[UNRELATED] * data.sample.counts
        found, total = _sums(data.marks, inside), inside.sum(axis=1)
        if data.answered is not None:
            guessed = _posterior(data.answered_marks, probabilities, shares)
            told = (data.answered.known(guessed) - guessed) * data.answered.doubtful
            found, total = found + _sums(data.answered_marks, told), total + told.sum(axis=1)
        found = found.reshape(probabilities.shape)
        seen = found.copy()
        seen[UNRELATED] = _sums(data.sampled_marks, outside[None]).reshape(seen.shape[1:])
        seen[UNRELATED, start.entailed] = found[UNRELATED, start.entailed]
        probabilities = _maximise(seen, start)
        probabilities[UNRELATED] = _at_least(probabilities[UNRELATED], found[UNRELATED], float(total[UNRELATED]), start)
        probabilities[tied] = np.broadcast_to(probabilities[UNRELATED], probabilities.shape)[tied]
        probabilities = ordered(probabilities, start.sizes)
        matches, shares = float(total[MATCH]), _shares(total, start)
        if np.abs(probabilities - before).max() < CONVERGED:
            break
    return Learnt(probabilities, shares, matches)


def posterior(levels: NDArray[np.uint8], probabilities: Table, shares: Table) -> Table:
    """Give the probability of each class (classes x patterns)."""
    return _posterior(_marks(levels, probabilities.shape[2]), probabilities, shares)


def _posterior(marks: csr_array, probabilities: Table, shares: Table) -> Table:
    logs = _logs(marks, probabilities, shares)
    logs -= logs.max(axis=0)
    odds = np.exp(logs)
    return odds / odds.sum(axis=0)  # type: ignore[no-any-return]


def _logs(marks: csr_array, probabilities: Table, shares: Table) -> Table:
    """Give the log probability of each class with each pattern (classes x patterns)."""
    return (marks @ np.log(probabilities).reshape(len(shares), -1).T + np.log(shares)).T  # type: ignore[no-any-return]


def _likelihood(data: _Data, start: Learning, learnt: Learnt) -> float:
    """Give the log likelihood of all pairs, those not compared being unrelated, with that of the shipped probabilities."""
    counts = data.candidates.counts
    pairs = np.logaddexp.reduce(_logs(data.marks, learnt.probabilities, learnt.shares), axis=0) @ counts
    pairs += max(start.pairs_in_all - counts.sum(), 0.0) * np.log(learnt.shares[UNRELATED])
    free = (start.ways == LEARNT) & (np.arange(len(start.ways)) != UNRELATED)[:, None]
    prior = start.probabilities * np.log(learnt.probabilities) * _WORTH
    return float(pairs + prior[free].sum())


def _levels_there(start: Learning) -> NDArray[np.bool_]:
    """Mark the levels that comparisons have (comparisons x levels), the missing one not among them."""
    level = np.arange(start.probabilities.shape[2])
    return (level > 0) & (level < start.sizes[:, None])


def _maximise(found: Table, start: Learning) -> Table:
    """Give the likeliest probabilities where they are learnt, after so many pairs of each class and level."""
    there = _levels_there(start)
    counts = np.where(there, found + start.probabilities * _WORTH, 0.0)
    learnt = there & (start.ways == LEARNT)[:, :, None]
    table: Table = np.where(learnt, counts / counts.sum(axis=2, keepdims=True), start.probabilities)
    for place, bounds in enumerate(start.at_most):
        if bounds:
            chances = table[MATCH, place, 1 : start.sizes[place]]
            table[MATCH, place, 1 : start.sizes[place]] = _at_most(chances, bounds)
    return table


def _at_least(sampled: Table, found: Table, unrelated: float, start: Learning) -> Table:
    """Raise the chances of levels too rare for a sample to what the candidate pairs show.

    Unrelated pairs that agree on a rare value are nearly all candidates: how many there are among all pairs is a lower
    bound of the chance, and a far better one than a sample with none of them.
    """
    there = _levels_there(start)
    known = np.where(there, found, 0.0).sum(axis=1, keepdims=True) / max(unrelated, 1e-9)
    bound = found / (start.pairs_in_all * np.maximum(known, 1e-9))
    raised = np.where(there, np.maximum(sampled, np.minimum(bound, 0.5)), 0.0)
    return np.where(there, raised / raised.sum(axis=1, keepdims=True), sampled)


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
    # What the shipped shares are worth keeps a class of relatives from dying out where it is rare.
    worth = np.full(len(found), SHARE_PAIRS)
    worth[MATCH] = 1.0
    known = (found + worth * start.shares / start.shares[MATCH]) / (start.pairs_in_all + 1)
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
        ratio = m / table[:, place, 1:size]
        for other in np.flatnonzero(ratio[:, :-1].max(axis=1, initial=0.0) > ratio[:, -1]).tolist():
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
