"""Checking probabilities without labels: what third records say of the pairs of each probability.

Where one record of a pair is surely one with a third, the pair is one just if the third and the other record are. These two are
compared by their own values, often by just those that the pair lacks: in most cases they surely are, or surely are not, one. So a
share of the pairs is settled by evidence that their probability does not rest on (capture and recapture, with a third record as the
second catch), and a probability that means what it says is the share of them that is true.

What cannot be checked is allowed for: pairs that nothing settles may be true more or less often (`UNLIKE`; Rosenbaum 1987 calls this a
sensitivity analysis), and a verdict, which rests on two comparisons that are sure, is wrong as often as these allow.
What contradicts a pair in the record that has no third beside it contradicts the third as well: of the least probable pairs the
check finds too few, and says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.calibration import Counts, Shares, Truth, binned, interval, pair_trials, worth
from matching.core.grades import Rows

SURE: Final = 0.99
"""Probability from which two records surely are one, and below whose complement they surely are not."""
UNLIKE: Final = 2.0
"""How many times the odds of the pairs that no third record settles may differ from the odds of those that one does."""
MOST: Final = 5_000
"""Pairs of one bin that are looked at, evenly over the table."""
MOST_THIRDS: Final = 4
"""Third records that are asked about each record of a pair."""
_WRONG: Final = 2 * (1 - SURE)
_TELLABLE: Final = 2 * _WRONG
"""Mean probability of a bin below which true pairs can't be told from wrong verdicts."""
_TRUE, _FALSE, _OPEN = np.int8(1), np.int8(0), np.int8(-1)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Pairs of rows with their `probability`; `free` are those that no veto holds for. `labels` are the clusters, a number per row."""

    left: Rows
    right: Rows
    probability: Shares
    free: Truth
    labels: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Vouched:
    """One row per bin that holds pairs, ascending: `settled` of the pairs looked at, of which the share `said` is true.

    The model and the third records together vouch for a true share from `low` to `high`, which the mean probability is within;
    both are NaN where nothing is settled, and where so few pairs may be true that wrong verdicts outweigh them.
    """

    settled: Counts
    said: Shares
    low: Shares
    high: Shares


def vouched(pairs: Weighed, score: Callable[[Rows, Rows], Shares]) -> Vouched:
    """Say within what bounds the true share of each bin of `reliability` lies; `score` gives the probabilities of further pairs."""
    place, held = binned(pairs.probability)
    looked = [_evenly(np.flatnonzero(place == number)) for number in held.tolist()]
    if not looked:
        return Vouched(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0))
    verdicts = _verdicts(pairs, np.concatenate(looked), score)
    said = np.split(verdicts, np.cumsum([len(some) for some in looked])[:-1])
    true, false = (np.array([int((some == what).sum()) for some in said], np.int64) for what in (_TRUE, _FALSE))
    predicted = np.bincount(place, pairs.probability)[held] / np.bincount(place)[held]
    return _bounded(true, true + false, np.array([len(some) for some in looked]), predicted, _worth(pairs, looked, said))


def _worth(pairs: Weighed, looked: list[NDArray[np.int64]], said: list[NDArray[np.int8]]) -> Shares:
    """Say how many independent pairs those that are settled are worth, per bin: those of two clusters are one question."""
    settled = [places[verdicts != _OPEN] for places, verdicts in zip(looked, said, strict=True)]
    places, of = np.concatenate(settled), np.repeat(np.arange(len(settled)), [len(some) for some in settled])
    trial = None if pairs.labels is None else pair_trials(pairs.labels, pairs.left[places], pairs.right[places])
    return worth(of, trial, len(settled))


def _evenly(places: NDArray[np.int64]) -> NDArray[np.int64]:
    taken = min(len(places), MOST)
    return places[np.arange(taken) * len(places) // max(taken, 1)]


def _verdicts(pairs: Weighed, places: NDArray[np.int64], score: Callable[[Rows, Rows], Shares]) -> NDArray[np.int8]:
    """Give for each of these pairs what third records say of it: true, false, or open where none is sure or two differ."""
    one, other = pairs.left[places], pairs.right[places]
    asked = [_thirds(pairs, one, other), _thirds(pairs, other, one)]
    number = np.concatenate([which for which, _ in asked])
    rows = np.concatenate([third for _, third in asked])
    beyond = np.concatenate([other[asked[0][0]], one[asked[1][0]]])
    found = score(np.minimum(rows, beyond), np.maximum(rows, beyond)) if len(rows) else np.empty(0)
    yes, no = (np.bincount(number[sure], minlength=len(places)) > 0 for sure in (found >= SURE, found <= 1 - SURE))
    return np.where(yes == no, _OPEN, np.where(yes, _TRUE, _FALSE))


def _thirds(pairs: Weighed, records: Rows, others: Rows) -> tuple[NDArray[np.int64], Rows]:
    """Give the rows that are surely one with each of these records, but the other one of its pair: which record, and the row."""
    sure = (pairs.probability >= SURE) & pairs.free
    one, other = (np.concatenate(ends) for ends in ((pairs.left[sure], pairs.right[sure]), (pairs.right[sure], pairs.left[sure])))
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    first, end = np.searchsorted(one, records), np.searchsorted(one, records, side="right")
    # One more than is asked: the other record of the pair may be among them.
    count = np.minimum(end - first, MOST_THIRDS + 1)
    which = np.repeat(np.arange(len(records)), count)
    step = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    rows = other[first[which] + step]
    kept = rows != others[which]
    return which[kept], rows[kept]


def _bounded(true: Counts, settled: Counts, looked: Counts, predicted: Shares, trials: Shares) -> Vouched:
    nothing = settled == 0
    said = np.divide(true, settled, out=np.full(len(true), np.nan), where=~nothing)
    low, high = interval(np.where(nothing, 0.0, said) * trials, trials)
    # Rogan and Gladen (1978): of what is false so many are called true, and of what is true so many false.
    low, high = np.maximum(low - _WRONG, 0.0) / (1 - _WRONG), np.minimum(high / (1 - _WRONG), 1.0)
    part = settled / looked
    low = np.minimum(part * low + (1 - part) * _shifted(low, 1 / UNLIKE), predicted)
    high = np.maximum(part * high + (1 - part) * _shifted(high, UNLIKE), predicted)
    untold = nothing | (predicted < _TELLABLE)
    return Vouched(settled, said, np.where(untold, np.nan, low), np.where(untold, np.nan, high))


def _shifted(share: Shares, times: float) -> Shares:
    """Give the share whose odds are so many times those of a share."""
    shifted: Shares = times * share / (times * share + 1 - share)
    return shifted
