"""Whether probabilities mean what they say: shares with their intervals, reliability by bins, what a threshold gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Shares = NDArray[np.float64]
Counts = NDArray[np.int64]
Truth = NDArray[np.bool_]
BINS: Final = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Edges that look closer where decisions are made: near nothing and near certainty."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """One row per bin that holds pairs, ascending: `pairs` of a probability from `lower` to `upper`, `predicted` on average.

    `true` of them are matches: a share of `share`, which lies from `low` to `high` with the confidence asked for. They are worth
    `trials` pairs that have nothing to do with each other: what the interval is as narrow as.
    """

    lower: Shares
    upper: Shares
    pairs: Counts
    true: Counts
    predicted: Shares
    share: Shares
    low: Shares
    high: Shares
    trials: Shares

    @property
    def within(self) -> Truth:
        """Per bin, whether what was predicted lies within the interval of what is true."""
        return (self.predicted >= self.low) & (self.predicted <= self.high)

    @property
    def error(self) -> float:
        """The mean distance of predicted and true share over all pairs (expected calibration error; 0 without pairs)."""
        total = int(self.pairs.sum())
        return float(np.abs(self.predicted - self.share) @ self.pairs) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """What taking the pairs from each `threshold` on (ascending) as matches gives, in shares from 0 to 1."""

    threshold: Shares
    precision: Shares
    recall: Shares
    pairs: Counts

    @property
    def f1(self) -> Shares:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return np.divide(2 * self.precision * self.recall, total, out=np.zeros_like(total), where=total > 0)

    @property
    def best(self) -> float:
        """The threshold of the greatest F1, the highest on a tie; 1 where there is no pair."""
        return float(self.threshold[len(self.f1) - 1 - int(np.argmax(self.f1[::-1]))]) if len(self.threshold) else 1.0


def interval(successes: Counts | Shares | float, total: Counts | Shares | float, confidence: float = 0.95) -> tuple[Shares, Shares]:
    """Give the bounds of a share seen as `successes` of `total`, for numbers or arrays (Clopper and Pearson 1934).

    The true share lies inside at least as often as `confidence` says; of nothing seen, anything may be true: 0 to 1. The numbers
    need not be whole: of trials that depend on each other, they are what these are worth (Korn and Graubard 1998).
    """
    found, of = np.asarray(successes, np.float64), np.asarray(total, np.float64)
    tail = (1 - confidence) / 2
    low = np.where(found > 0, betaincinv(np.where(found > 0, found, 1), of - found + 1, tail), 0.0)
    high = np.where(found < of, betaincinv(found + 1, np.where(found < of, of - found, 1), 1 - tail), 1.0)
    return low, high


def binned(probability: Shares, bins: Sequence[float] = BINS) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the bin of each probability, by number, and the bins that hold any, ascending.

    A probability on an edge belongs to the bin above it, but the last edge to the last bin; none may lie outside.
    """
    place = np.clip(np.searchsorted(np.asarray(bins, np.float64), probability, side="right") - 1, 0, len(bins) - 2)
    return place, np.flatnonzero(np.bincount(place, minlength=len(bins) - 1))


def pair_trials(labels: NDArray[np.integer[Any]], left: NDArray[np.integer[Any]], right: NDArray[np.integer[Any]]) -> Counts:
    """Number pairs of rows by the two clusters (a label from 0 per row) that they join: one question, however many pairs ask it."""
    one, other = labels[left].astype(np.int64), labels[right].astype(np.int64)
    number: Counts = np.minimum(one, other) * np.int64(labels.max(initial=0) + 1) + np.maximum(one, other)
    return number


def worth(place: NDArray[np.intp], trial: Counts | None, size: int) -> Shares:
    """Say how many independent pairs the pairs of each bin (a place from 0 to below `size` per pair) are worth.

    Pairs of one trial are true or false together. Of so many pairs per trial, n, all are worth (sum n)^2 / sum n^2 (Kish 1965).
    """
    pairs = np.bincount(place, minlength=size).astype(np.float64)
    if trial is None:
        return pairs
    order = np.lexsort((trial, place))
    ordered, of = trial[order], place[order]
    first = np.flatnonzero(np.append(True, (ordered[1:] != ordered[:-1]) | (of[1:] != of[:-1]))[: len(order)])
    sizes = np.diff(np.append(first, len(order))).astype(np.float64)
    squares = np.bincount(of[first], sizes**2, minlength=size)
    return np.divide(pairs**2, squares, out=np.zeros(size), where=squares > 0)


def reliability(
    probability: Shares, truth: Truth, bins: Sequence[float] = BINS, confidence: float = 0.95, trial: Counts | None = None
) -> Reliability:
    """Compare the probabilities of pairs with the share of them that is true, in bins with these ascending edges.

    Pairs with one `trial` are true or false together, as those of two clusters are; without it, each pair stands for itself.
    """
    edges = np.asarray(bins, np.float64)
    place, held = binned(probability, bins)
    pairs = np.bincount(place)[held].astype(np.int64)
    true = np.bincount(place, truth)[held].astype(np.int64)
    predicted = np.bincount(place, probability)[held] / pairs
    trials = worth(place, trial, len(edges) - 1)[held]
    low, high = interval(true / pairs * trials, trials, confidence)
    return Reliability(edges[held], edges[held + 1], pairs, true, predicted, true / pairs, low, high, trials)


def threshold_curve(probability: Shares, truth: Truth, missed: int = 0) -> ThresholdCurve:
    """Give precision and recall at each distinct probability as the threshold.

    `missed` are true pairs that were never scored: no threshold finds them. Where nothing is true, recall is 1.
    """
    order = np.argsort(-probability, kind="stable")
    descending = probability[order]
    last = np.flatnonzero(np.append(descending[1:] != descending[:-1], np.ones(min(len(descending), 1), np.bool_)))
    found = np.cumsum(truth[order])[last]
    pairs = (last + 1)[::-1]
    total = int(truth.sum()) + missed
    recall = found / total if total else np.ones(len(last))
    return ThresholdCurve(descending[last][::-1], (found / (last + 1))[::-1], recall[::-1], pairs.astype(np.int64))
