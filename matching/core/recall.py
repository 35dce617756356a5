"""How many of all matches are found: from samples of what was matched, answered questions, and samples of what was left apart.

Three figures that know nothing of each other are put together so that all of their intervals hold at once (Bonferroni): what is told of
their ratio holds at least as often as it says, mostly more often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammaincinv

from matching.core.estimate import Answered, weighted_share

_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Between:
    """A figure, and between which ends it lies."""

    value: float
    low: float
    high: float

    def __add__(self, other: "Between") -> "Between":
        """Add what lies between such ends."""
        return Between(self.value + other.value, self.low + other.low, self.high + other.high)


@dataclass(frozen=True, slots=True)
class Recall:
    """Of all matches, the share that was matched unseen (`automatic`), and that with those that people are asked about (`found`)."""

    automatic: Between
    found: Between


def matches_among(found: Answered, pairs: float, confidence: float = 0.95) -> Between:
    """Estimate how many of so many `pairs` are the same, by answers on a sample of them. Of no pairs none are; of no answers all may be."""
    share = weighted_share(found, confidence=confidence)
    return Between(share.share * pairs, share.low * pairs, share.high * pairs)


def missed(found: Answered, reached: float, confidence: float = 0.95) -> Between:
    """Estimate how many matches were left apart, by answers on pairs of which only the share `reached` was looked at, at random.

    Two things are left to chance, and each has half of the doubt: which of the pairs that were seen were answered, and which pairs were
    seen. The latter is a number of rare events, with the exact ends of Garwood (1936), nearer together the more of all pairs were seen.
    """
    half = 1 - (1 - confidence) / 2
    seen = matches_among(found, float(found.weight.sum()) * reached, half)
    tail, left = (1 - half) / 2, np.sqrt(1 - reached)
    low = seen.low - (seen.low - float(gammaincinv(seen.low, tail))) * left if seen.low > 0 else 0.0
    high = seen.high + (float(gammaincinv(seen.high + 1, 1 - tail)) - seen.high) * left
    return Between(seen.value / reached, max(float(low), 0.0) / reached, float(high) / reached)


def each_confidence(confidence: float = 0.95) -> float:
    """Give how sure each of the parts of `recall` must be so that all hold at once."""
    return 1 - (1 - confidence) / _PARTS


def recall(automatic: Between, asked: Between, missing: Between) -> Recall:
    """Put how many matches were made, asked about and missed together; their ends must hold with `each_confidence`."""
    return Recall(_share([automatic], [asked, missing]), _share([automatic, asked], [missing]))


def _share(some: Sequence[Between], others: Sequence[Between]) -> Between:
    one, other = sum(some, Between(0.0, 0.0, 0.0)), sum(others, Between(0.0, 0.0, 0.0))
    return Between(_ratio(one.value, other.value), _ratio(one.low, other.high), _ratio(one.high, other.low))


def _ratio(one: float, other: float) -> float:
    return one / (one + other) if one + other > 0 else 1.0
