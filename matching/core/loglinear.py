"""Log-linear models of incomplete tables: how many things no list holds, from how many each combination of lists does."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating[Any]]
_ROUNDS: Final = 100
_CONVERGED: Final = 1e-9
_LARGEST_LOG: Final = 40.0
_RIDGE: Final = 1e-7
"""Keeps the equations solvable where two lists never meet, and their interaction has no finite estimate."""
_LEAST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Unseen:
    """An estimate of what no list holds: `missed` things, and its variance (infinite: the lists say nothing of each other)."""

    missed: float
    variance: float


@dataclass(frozen=True, slots=True)
class _Fit:
    design: Numbers
    mean: Numbers
    covariance: Numbers
    intercept: float
    deviance: float


def unseen(counts: Numbers) -> Unseen:
    """Estimate the first cell of `counts` (2^lists cells; a cell's number has a bit for each list that holds it).

    Poisson log-linear models of the other cells, from independence upwards by the pairwise interaction with the largest score
    statistic (Fienberg 1972, Biometrika 59; Rao 1948), averaged by their Bayesian information criterion (Buckland, Burnham and
    Augustin 1997, Biometrics 53). The error counts chance, the choice of the model, and things that come in groups, as seen in
    the deviance. The content of the first cell itself is not looked at.
    """
    lists = int(np.log2(len(counts)))
    met = counts[np.bitwise_count(np.arange(len(counts))) > 1].sum()
    if lists < 2 or met <= 0:  # noqa: PLR2004 - one list says nothing of what it misses
        return Unseen(0.0, np.inf)
    bits = (np.arange(1, len(counts))[:, None] >> np.arange(lists) & 1).astype(np.float64)
    fits = _models(bits, counts[1:])
    informations = np.array([fit.deviance + fit.design.shape[1] * np.log(max(counts[1:].sum(), 2.0)) for fit in fits])
    weights = np.exp((informations.min() - informations) / 2)
    weights /= weights.sum()
    logs = np.array([fit.intercept for fit in fits])
    mean = float(weights @ logs)
    errors = np.array([_scale(fit) * fit.covariance[0, 0] for fit in fits]) + (logs - mean) ** 2
    missed = float(np.exp(mean))
    # What is missed is itself a count: its own chance comes on top of the model's.
    return Unseen(missed, missed**2 * float(np.expm1(min(weights @ errors, _LARGEST_LOG))) + missed)


def unseen_mixed(counts: Numbers) -> Unseen:
    """Estimate what no list holds where things differ in how easily they are caught, and lists are alike.

    Chao (1987), Biometrics 43: (t - 1) / t * f1 (f1 - 1) / (2 (f2 + 1)), with f1 and f2 the things held by one and by two of t
    lists, and her variance. Too much where lists differ greatly in size; infinite variance where nothing is held twice.
    """
    lists = int(np.log2(len(counts)))
    held = np.bitwise_count(np.arange(len(counts)))
    once, twice = float(counts[held == 1].sum()), float(counts[held == 2].sum())  # noqa: PLR2004 - f2
    if lists < 2 or twice <= 0:  # noqa: PLR2004 - one list says nothing of what it misses
        return Unseen(0.0, np.inf)
    ratio = once / twice
    missed = (lists - 1) / lists * max(once * (once - 1), 0.0) / (2 * (twice + 1))
    return Unseen(missed, twice * (ratio**4 / 4 + ratio**3 + ratio**2 / 2))


def chao_bound(counts: Numbers) -> float:
    """Give a lower bound of what no list holds, where lists differ in size and things in how easily they are caught.

    Chao (1987), Biometrics 43, for catches that vary by list: (f1^2 - sum z_i^2) / (2 (f2 + 1)), with z_i held by list i alone.
    Two lists give Lincoln and Petersen's estimate. It holds for lists that do not repel each other.
    """
    held = np.bitwise_count(np.arange(len(counts)))
    alone, twice = counts[held == 1], counts[held == 2].sum()  # noqa: PLR2004 - f2
    return float((alone.sum() ** 2 - (alone**2).sum()) / (2 * (twice + 1)))


def _models(bits: Numbers, counts: Numbers) -> list[_Fit]:
    """Fit the model of independence, and larger ones while the criterion falls."""
    pairs = np.stack([bits[:, one] * bits[:, other] for one, other in combinations(range(bits.shape[1]), 2)], axis=1)
    penalty = np.log(max(counts.sum(), 2.0))
    fits = [_fit(np.column_stack([np.ones(len(bits)), bits]), counts)]
    # As many numbers as cells would be no model.
    while pairs.shape[1] and fits[-1].design.shape[1] + 1 < len(counts):
        scores = _scores(fits[-1], pairs, counts)
        best = int(np.argmax(scores))
        larger = _fit(np.column_stack([fits[-1].design, pairs[:, best]]), counts)
        fits.append(larger)
        if fits[-2].deviance - larger.deviance < penalty:
            break
        pairs = np.delete(pairs, best, axis=1)
    return fits


def _fit(design: Numbers, counts: Numbers) -> _Fit:
    """Fit a Poisson regression by iterated weighted least squares."""
    mean = counts + 0.5
    coefficients = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        before = coefficients
        information = design.T @ (design * mean[:, None]) + _RIDGE * np.eye(design.shape[1])
        working = mean * np.log(mean) + counts - mean
        coefficients = np.linalg.solve(information, design.T @ working)
        mean = np.exp(np.clip(design @ coefficients, -_LARGEST_LOG, _LARGEST_LOG))
        if np.abs(coefficients - before).max() < _CONVERGED:
            break
    information = design.T @ (design * mean[:, None]) + _RIDGE * np.eye(design.shape[1])
    likely = np.where(counts > 0, counts * np.log(np.maximum(counts, _LEAST) / mean), 0.0)
    return _Fit(design, mean, np.linalg.inv(information), float(coefficients[0]), float(2 * (likely - counts + mean).sum()))


def _scores(fit: _Fit, columns: Numbers, counts: Numbers) -> Numbers:
    """Give Rao's score statistic of adding each column to a fitted model."""
    slope = columns.T @ (counts - fit.mean)
    weighted = columns * fit.mean[:, None]
    shared = fit.design.T @ weighted
    spread = (columns * weighted).sum(axis=0) - (shared * (fit.covariance @ shared)).sum(axis=0)
    scores: Numbers = slope**2 / np.maximum(spread, _LEAST)
    return scores


def _scale(fit: _Fit) -> float:
    """Give how much more the counts vary than independent things would."""
    freedom = len(fit.mean) - fit.design.shape[1]
    return max(1.0, fit.deviance / freedom) if freedom else 1.0
