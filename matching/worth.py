"""What it is worth to answer a question: how unsure the engine is, times the money that hangs on it."""

from math import isfinite, log2
from typing import Final

FLOOR: Final = 1_000.0
"""What is at stake where no project has any revenue, in the same units as revenue."""

_CERTAIN: Final = 1e-6


def uncertainty(probability: float) -> float:
    """Give the entropy of a probability in bits: 1 where both answers are as likely, near 0 where the answer is known before."""
    p = min(1.0 - _CERTAIN, max(_CERTAIN, probability))
    return -(p * log2(p) + (1.0 - p) * log2(1.0 - p))


def worth(probability: float, value: float) -> float:
    """Give the worth of an answer: `uncertainty(probability) * (FLOOR + value)`; `value` is revenue, in any currency, at least 0.

    A person's answer is worth what it tells, which is the entropy of the engine's guess, as often as money rests on it. The floor keeps
    questions without revenue in the order of their uncertainty, and above a nearly certain one with a little revenue.
    """
    if not isfinite(value):
        message = f"A value at stake is a number, not {value}."
        raise ValueError(message)
    return uncertainty(probability) * (FLOOR + max(0.0, value))
