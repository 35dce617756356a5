"""What answers on samples say of the whole: weighted shares with intervals that know of clusters and strata.

An answer stands for as many pairs as its `weight` says: pairs there are in its stratum over those answered there (Horvitz and Thompson
1952, with the unanswered taken as missing at random within a stratum). Answers of one `trial` are true or false together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.calibration import interval

Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]
Truth = NDArray[np.bool_]
_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers on pairs, a place each: what people said (`same`), and for how many pairs it stands in which stratum and trial."""

    probability: Shares
    same: Truth
    weight: Shares
    stratum: Numbers
    trial: Numbers

    def __len__(self) -> int:
        """Count the answers."""
        return len(self.same)

    def where(self, chosen: Truth) -> "Answered":
        """Give some of the answers."""
        return Answered(self.probability[chosen], self.same[chosen], self.weight[chosen], self.stratum[chosen], self.trial[chosen])


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval: `true` of `answers`, which are worth `trials` that have nothing to do with each other.

    Of no answers anything may be true: the interval is 0 to 1.
    """

    share: float
    low: float
    high: float
    true: int
    answers: int
    trials: float


def weights_of(stratum: Numbers, sizes: Mapping[int, int]) -> Shares:
    """Give the weight of each answer: how many pairs its stratum has, over how many were answered in it; at least one."""
    answered = np.bincount(stratum, minlength=1)
    table = np.array([max(sizes.get(number, 0) / count, 1.0) if count else 0.0 for number, count in enumerate(answered.tolist())])
    found: Shares = table[stratum]
    return found


def weighted_share(found: Answered, truth: Truth | None = None, confidence: float = 0.95) -> Share:
    """Estimate which share of all pairs that the answers stand for is true: `same`, or what `truth` says of each.

    The interval is that of Clopper and Pearson at the effective number of answers (Korn and Graubard 1998): the smaller of what unequal
    weights and trials leave (Kish 1965) and of what the variance between trials within strata shows.
    """
    true = found.same if truth is None else truth
    total = float(found.weight.sum())
    if total <= 0:
        return Share(0.0, 0.0, 1.0, 0, 0, 0.0)
    share = min(float(found.weight @ true) / total, 1.0)
    trials = _trials(found, true, share)
    low, high = interval(share * trials, trials, confidence)
    return Share(share, float(low), float(high), int(true.sum()), len(found), trials)


def _trials(found: Answered, true: Truth, share: float) -> float:
    _, unit = np.unique(np.stack([found.stratum, found.trial]), axis=1, return_inverse=True)
    unit = unit.ravel()
    weights = np.bincount(unit, found.weight)
    alike = float(weights.sum() ** 2 / (weights**2).sum())
    if not _NOTHING < share < 1 - _NOTHING:
        return alike
    stratum = np.zeros(len(weights), np.int64)
    stratum[unit] = found.stratum
    residual = np.bincount(unit, found.weight * (true - share))
    units = np.bincount(stratum)
    mean = np.divide(np.bincount(stratum, residual), units, out=np.zeros(len(units)), where=units > 0)
    spread = np.bincount(stratum, (residual - mean[stratum]) ** 2)
    # Of one alone nothing is known of how it varies: it counts as it deviates from the whole.
    lone = np.bincount(stratum, residual**2)
    variance = float(np.where(units > 1, spread * units / np.maximum(units - 1, 1), lone).sum() / weights.sum() ** 2)
    return min(alike, share * (1 - share) / variance) if variance > 0 else alike


@dataclass(frozen=True, slots=True)
class Curve:
    """What taking the pairs from each `threshold` on as matches gives: `precision` and `recall`, a share with its interval each."""

    threshold: Shares
    precision: tuple[Share, ...]
    recall: tuple[Share, ...]


def curve(found: Answered, thresholds: Shares, confidence: float = 0.95) -> Curve:
    """Estimate precision and recall from each threshold on. Recall is among the pairs that the answers stand for, and no others."""
    from_here = [found.probability >= threshold for threshold in thresholds]
    true = found.where(found.same)
    precision = tuple(weighted_share(found.where(chosen), confidence=confidence) for chosen in from_here)
    recall = tuple(weighted_share(true, true.probability >= threshold, confidence) for threshold in thresholds)
    return Curve(thresholds, precision, recall)


def alpha(said_same: Numbers, said: Numbers) -> float | None:
    """Give how far stewards agree beyond chance: Krippendorff's alpha (2004) for two answers and any number of stewards a question.

    Per question that at least two answered, how many `said` something and how many of them `said_same`. 1 is full agreement, 0 what chance
    gives. None where everybody gave one and the same answer to everything: chance then explains all of it.
    """
    chosen = said > 1
    same, of = said_same[chosen].astype(np.float64), said[chosen].astype(np.float64)
    total = float(of.sum())
    if not total:
        return None
    observed = float((2 * same * (of - same) / (of - 1)).sum()) / total
    expected = 2 * float(same.sum()) * (total - float(same.sum())) / (total * (total - 1))
    return 1 - observed / expected if expected else None
