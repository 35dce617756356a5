"""Choosing the two thresholds from answers: automatic matches of a stated precision, and few matches lost below the questions.

What is promised holds with the stated confidence by one-sided bounds of Clopper and Pearson (1934). Candidates for a threshold are
tried in a fixed order, each only after the one before has passed, so that trying several costs no confidence (fixed sequence
testing; Maurer, Hothorn and Lehmacher 1995). It is taken for granted that likelier pairs are true at least as often, and that which
of the pairs of like probability were answered does not depend on the answer.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from matching.core.declarations import Thresholds

Shares = NDArray[np.float64]
FEWEST_LOW: Final = 30
"""Answers below a review threshold before one is tried."""
STEP: Final = 500
"""Of so many answers below a review threshold one more is enough for the next to be tried: far more answers, not far more work."""
MOST_MORE: Final = 100_000
"""Answers beyond which it is not worth saying how many more are needed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Answered pairs: their `probability` by the model, and whether people called them `same`."""

    probability: Shares
    same: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Aim:
    """What the thresholds shall give: `precision` of automatic matches, and at most the share `loss` of all matches below the
    questions, each with `confidence`.
    """

    precision: float = 0.99
    loss: float = 0.01
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Choice:
    """The thresholds chosen, and what they rest on.

    `precision_bound` is the least precision of the matches between the new auto threshold and the highest answered pair, by
    `answers` of which `same` said so; `more_needed` answers like these would carry the aim (0: carried; None: answers like these
    never do). `lost_bound` is how many matches are lost below the review threshold at most, by `low_answers`.
    """

    thresholds: Thresholds
    precision_bound: float
    answers: int
    same: int
    more_needed: int | None
    lost_bound: float
    low_answers: int


def choose_thresholds(asked: Asked, pairs: Shares, now: Thresholds, aim: Aim) -> Choice:
    """Choose both thresholds. `pairs` are the probabilities of all pairs that people are or would be asked about, or that match.

    What the answers do not carry stays as it is `now`: nothing is loosened on a guess.
    """
    order = np.argsort(-asked.probability, kind="stable")
    descending = Asked(asked.probability[order], asked.same[order])
    auto, used = _auto(descending, now.auto, aim)
    total, same = used, int(descending.same[:used].sum())
    review, lost, low = _review(descending, pairs, Thresholds(auto, min(now.review, auto)), aim)
    return Choice(
        thresholds=Thresholds(auto, review),
        precision_bound=lower_bound(same, total, aim.confidence),
        answers=total,
        same=same,
        more_needed=0 if auto < now.auto or _carried(descending, now.auto, aim) else more_needed(same, total, aim),
        lost_bound=lost,
        low_answers=low,
    )


def lower_bound(same: int, total: int, confidence: float) -> float:
    """Give the share that the true one is not below, with this confidence, after `same` of `total`."""
    return float(betaincinv(same, total - same + 1, 1 - confidence)) if same else 0.0


def upper_bound(same: int, total: int, confidence: float) -> float:
    """Give the share that the true one is not above, with this confidence, after `same` of `total`."""
    return float(betaincinv(same + 1, total - same, confidence)) if same < total else 1.0


def fewest(aim: Aim) -> int:
    """Give how many answers carry the precision if all say the same: before, there is nothing to test."""
    return int(np.ceil(np.log(1 - aim.confidence) / np.log(aim.precision)))


def more_needed(same: int, total: int, aim: Aim) -> int | None:
    """Give how many further answers, right as often as those so far, would carry the precision; None: none would."""
    share = same / total if total else 1.0
    if share <= aim.precision and same < total:
        return None
    low, high = total, MOST_MORE
    if lower_bound(round(share * high), high, aim.confidence) < aim.precision:
        return None
    while low < high:
        middle = (low + high) // 2
        if lower_bound(int(share * middle), middle, aim.confidence) >= aim.precision:
            high = middle
        else:
            low = middle + 1
    return high - total


def _steps(asked: Asked, first: int) -> list[int]:
    """Give the numbers of answers to test after, from the first that could carry: whole groups of equal probability."""
    last = np.flatnonzero(np.append(asked.probability[1:] != asked.probability[:-1], np.ones(min(len(asked.same), 1), np.bool_))) + 1
    return [int(number) for number in last if number >= first][:: max(first // 10, 1)]


def _auto(asked: Asked, now: float, aim: Aim) -> tuple[float, int]:
    """Give the lowest auto threshold that the answers carry, and how many they are; else the present one, and all answers above
    or around it.
    """
    found, used, same = now, 0, np.cumsum(asked.same)
    for number in _steps(asked, fewest(aim)):
        if lower_bound(int(same[number - 1]), number, aim.confidence) < aim.precision:
            break
        found, used = min(found, float(asked.probability[number - 1])), number
    return (found, used) if used else (now, min(len(asked.same), max(fewest(aim), int((asked.probability >= now).sum()))))


def _carried(asked: Asked, now: float, aim: Aim) -> bool:
    """Whether the answers on pairs down to the present threshold carry the precision."""
    above = int((asked.probability >= now).sum())
    return above > 0 and lower_bound(int(asked.same[:above].sum()), above, aim.confidence) >= aim.precision


def _review(asked: Asked, pairs: Shares, now: Thresholds, aim: Aim) -> tuple[float, float, int]:
    """Give the highest review threshold that loses no more than allowed, the bound of what it loses, and the answers below it."""
    allowed = aim.loss * float(pairs.sum())
    chosen, lost, low = now.review, 0.0, 0
    below = np.flatnonzero((asked.probability >= now.review) & (asked.probability < now.auto))[::-1]
    same, ascending, every = np.cumsum(asked.same[below]), asked.probability[below], np.sort(pairs[pairs >= now.review])
    tried = 0
    for number in np.flatnonzero(ascending[1:] != ascending[:-1]) + 1:
        if number < max(FEWEST_LOW, tried + tried // STEP):
            continue
        tried = int(number)
        share = upper_bound(int(same[tried - 1]), tried, aim.confidence)
        bound = share * float(np.searchsorted(every, ascending[tried]))
        if bound > allowed:
            break
        chosen, lost, low = float(ascending[tried]), bound, tried
    return chosen, lost, low
