"""Whether probabilities mean what they say: shares with their intervals, reliability by bins, what a threshold gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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

    `true` of them are matches: a share of `share`, which lies from `low` to `high` with the confidence asked for.
    """

    lower: Shares
    upper: Shares
    pairs: Counts
    true: Counts
    predicted: Shares
    share: Shares
    low: Shares
    high: Shares

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


def interval(successes: Counts | int, total: Counts | int, confidence: float = 0.95) -> tuple[Shares, Shares]:
    """Give the bounds of a share seen as `successes` of `total`, for numbers or arrays (Clopper and Pearson 1934).

    The true share lies inside at least as often as `confidence` says; of nothing seen, anything may be true: 0 to 1.
    """
    found, of = np.asarray(successes, np.float64), np.asarray(total, np.float64)
    tail = (1 - confidence) / 2
    low = np.where(found > 0, betaincinv(np.maximum(found, 1), of - found + 1, tail), 0.0)
    high = np.where(found < of, betaincinv(found + 1, np.maximum(of - found, 1), 1 - tail), 1.0)
    return low, high


def binned(probability: Shares, bins: Sequence[float] = BINS) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the bin of each probability, by number, and the bins that hold any, ascending.

    A probability on an edge belongs to the bin above it, but the last edge to the last bin; none may lie outside.
    """
    place = np.clip(np.searchsorted(np.asarray(bins, np.float64), probability, side="right") - 1, 0, len(bins) - 2)
    return place, np.flatnonzero(np.bincount(place, minlength=len(bins) - 1))


def reliability(probability: Shares, truth: Truth, bins: Sequence[float] = BINS, confidence: float = 0.95) -> Reliability:
    """Compare the probabilities of pairs with the share of them that is true, in bins with these ascending edges."""
    edges = np.asarray(bins, np.float64)
    place, held = binned(probability, bins)
    pairs = np.bincount(place)[held].astype(np.int64)
    true = np.bincount(place, truth)[held].astype(np.int64)
    predicted = np.bincount(place, probability)[held] / pairs
    low, high = interval(true, pairs, confidence)
    return Reliability(edges[held], edges[held + 1], pairs, true, predicted, true / pairs, low, high)


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
