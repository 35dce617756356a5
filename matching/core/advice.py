"""Advice on the two thresholds: how many questions others would spare at a stated precision, and on which answers that rests.

What is promised holds with the stated confidence by one-sided bounds of what the answers are worth (`matching.core.estimate`).
Thresholds are tried in a fixed order, each only after the one before has passed, so that trying several costs no confidence (Maurer,
Hothorn and Lehmacher 1995).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from matching.core.declarations import Thresholds
from matching.core.estimate import Answered, Share, Shares, weighted_share
from matching.core.thresholds import FEWEST_LOW, Aim, fewest, more_needed

GRID: Final = np.array([*np.round(np.arange(0.05, 0.995, 0.01), 2), 0.995, 0.999, 0.9995, 0.9999])
"""Thresholds that are tried: numbers that a person would write."""

_HARDLY: Final = 0.05
"""Share of matches among questions above which these are worth asking, however few of all matches they are."""


class Verdict(StrEnum):
    """What to do with a threshold."""

    KEEP = "keep"
    LOWER = "lower"
    RAISE = "raise"


@dataclass(frozen=True, slots=True)
class Advised:
    """A threshold that is advised, and what it rests on.

    `questions` is how many questions it would have spared; of an auto threshold that should rise to match more surely, and of a review
    threshold that should fall to lose fewer matches, how many more there would have been. `rests_on` is the share of matches among the
    answers that say so: for a threshold that is lowered, those between the two; `bound` is what that share is at least (of a review
    threshold that rises: at most). `more_needed` answers like these would carry the
    aim; None where answers like these never do, 0 where they carry it.
    """

    verdict: Verdict
    threshold: float
    questions: int
    rests_on: Share
    bound: float
    more_needed: int | None = 0


@dataclass(frozen=True, slots=True)
class Advice:
    """What is advised for both thresholds."""

    auto: Advised
    review: Advised

    @property
    def thresholds(self) -> Thresholds:
        """Both."""
        return Thresholds(self.auto.threshold, self.review.threshold)


@dataclass(frozen=True, slots=True)
class Known:
    """The answers that advice rests on.

    `checked` are those on pairs that the engine put together, and `apart` those on pairs below the review threshold that it left apart,
    both drawn at random; `asked` are those on questions between the two thresholds, `questions` the probabilities of all of these,
    answered or not.
    """

    checked: Answered
    asked: Answered
    questions: Shares
    apart: Answered

    @property
    def matches(self) -> float:
        """How many matches the answers stand for."""
        return sum(float(found.weight @ found.same) for found in (self.checked, self.asked, self.apart))

    @property
    def lost(self) -> float:
        """How many of them lie below the review threshold."""
        return float(self.apart.weight @ self.apart.same)


def advise(known: Known, now: Thresholds, aim: Aim) -> Advice:
    """Advise on the thresholds in force `now`. Without answers nothing is advised to change."""
    auto = _higher_auto(known.checked, now, aim) or _lower_auto(known.asked, known.questions, now, aim)
    review = _lower_review(known, now, aim) or _higher_review(known, Thresholds(min(auto.threshold, now.auto), now.review), aim)
    return Advice(auto, review)


def _sided(found: Answered, aim: Aim) -> Share:
    return weighted_share(found, confidence=2 * aim.confidence - 1)


def _higher_auto(checked: Answered, now: Thresholds, aim: Aim) -> Advised | None:
    """Where the checks show that too many matches are none, give the lowest threshold from which they are as right as they should be."""
    whole = _sided(checked, aim)
    if not whole.answers or whole.high >= aim.precision:
        return None
    for threshold in GRID[now.auto < GRID].tolist():
        here = _sided(checked.where(checked.probability >= threshold), aim)
        if here.answers and here.share >= aim.precision:
            more = round(float(checked.weight[checked.probability < threshold].sum()))
            return Advised(Verdict.RAISE, threshold, more, here, here.low)
    return Advised(Verdict.KEEP, now.auto, 0, whole, whole.low, None)


def _lower_auto(asked: Answered, questions: Shares, now: Thresholds, aim: Aim) -> Advised:
    """Give the lowest threshold down to which the answers between it and the present one carry the precision.

    Those that a further step adds must be some, and not speak against it by themselves: better pairs above don't hide them.
    """
    found = tried = Advised(Verdict.KEEP, now.auto, 0, _sided(asked.where(asked.probability > 1), aim), 0.0, fewest(aim))
    for threshold in GRID[(now.review < GRID) & (now.auto > GRID)][::-1].tolist():
        here = _sided(asked.where(asked.probability >= threshold), aim)
        if not here.answers:
            continue
        needed = more_needed(round(here.share * here.trials), round(here.trials), aim)
        tried = Advised(Verdict.KEEP, now.auto, 0, here, here.low, needed)
        if here.trials < fewest(aim):
            continue
        new = _sided(asked.where((asked.probability >= threshold) & (asked.probability < found.threshold)), aim)
        if new.answers < FEWEST_LOW:
            continue
        if here.low < aim.precision or new.high < aim.precision:
            break
        found = Advised(Verdict.LOWER, threshold, int((questions >= threshold).sum()), here, here.low)
    return found if found.verdict is Verdict.LOWER else tried


def _lower_review(known: Known, now: Thresholds, aim: Aim) -> Advised | None:
    """Where checks show that more matches are lost than allowed, give the highest threshold that keeps enough of them.

    Or the lowest down to which the questions that it adds are worth asking, where none keeps enough. Matches that were never checked are
    none of those lost: what is advised rests on answers alone.
    """
    apart, allowed = known.apart, aim.loss * known.matches
    if not len(apart) or _sided(apart, aim).low * float(apart.weight.sum()) <= allowed:
        return None
    found: Advised | None = None
    for threshold in GRID[now.review > GRID][::-1].tolist():
        here = _sided(apart.where(apart.probability >= threshold), aim)
        above = now.review if found is None else found.threshold
        new = _sided(apart.where((apart.probability >= threshold) & (apart.probability < above)), aim)
        if here.answers < FEWEST_LOW or not new.answers:
            continue
        if new.high < _HARDLY:
            break
        more = round(float(apart.weight[apart.probability >= threshold].sum()))
        found = Advised(Verdict.LOWER, threshold, more, here, here.low)
        below = apart.where(apart.probability < threshold)
        if float(below.weight @ below.same) <= allowed:
            break
    return found


def _higher_review(known: Known, now: Thresholds, aim: Aim) -> Advised:
    """Give the highest threshold below which no more matches are lost than allowed: answers there all but say 'different'."""
    asked, questions = known.asked, known.questions
    found = Advised(Verdict.KEEP, now.review, 0, _sided(asked.where(asked.probability > 1), aim), 1.0, FEWEST_LOW)
    for threshold in GRID[(now.review < GRID) & (now.auto > GRID)].tolist():
        here = _sided(asked.where(asked.probability < threshold), aim)
        if here.answers < FEWEST_LOW:
            continue
        spared = int((questions < threshold).sum())
        if here.high * spared + known.lost > aim.loss * known.matches or here.share > _HARDLY:
            break
        found = Advised(Verdict.RAISE, threshold, spared, here, here.high)
    return found
