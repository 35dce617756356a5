"""How far a source is trusted in an attribute: less as its record grows old, and less where its value is not valid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MOST: Final = 100

Curve = Callable[[int, int, int], int]
"""What is left of `span` after `age` of `period` days: all at age 0, nothing from the period on, never more than the day before."""


def linear(span: int, age: int, period: int) -> int:
    """As much is lost every day."""
    return span * (period - age) // period


def fast_first(span: int, age: int, period: int) -> int:
    """Most is lost at the beginning: half of the period costs three quarters."""
    return span * (period - age) ** 2 // period**2


def slow_first(span: int, age: int, period: int) -> int:
    """Most is lost at the end: half of the period costs a quarter."""
    return span * (period**2 - age**2) // period**2


def at_once(span: int, age: int, period: int) -> int:
    """All is lost at the end of the period."""
    del age, period
    return span


CURVES: Final[Mapping[str, Curve]] = MappingProxyType(
    {"linear": linear, "fast_first": fast_first, "slow_first": slow_first, "at_once": at_once}
)


@dataclass(frozen=True, slots=True)
class Trust:
    """The trust in one source as to one attribute, from 0 to 100.

    `maximum` while the record is new (None: the general trust in the source), `minimum` from `period` days on, by `curve` between;
    without a period it stays. An invalid value is trusted `invalid_at_most`.
    """

    maximum: int | None = None
    minimum: int = 0
    period: int | None = None
    curve: Curve = linear
    invalid_at_most: int = MOST

    def at(self, age: int, *, general: int, is_valid: bool) -> int:
        """Give the trust in a record of this age, in days."""
        start = general if self.maximum is None else self.maximum
        trust = start if self.period is None else self._decayed(start, age, self.period)
        return trust if is_valid else min(trust, self.invalid_at_most)

    def _decayed(self, start: int, age: int, period: int) -> int:
        # Where the general trust is below the minimum, there is nothing to lose.
        minimum = min(self.minimum, start)
        return minimum if age >= period else minimum + self.curve(start - minimum, age, period)

    def next_change(self, age: int, *, general: int, is_valid: bool) -> int | None:
        """Give the first later age at which the trust is another; None where it stays for good."""
        if self.period is None or age >= self.period:
            return None
        now = self.at(age, general=general, is_valid=is_valid)
        if self.at(self.period, general=general, is_valid=is_valid) == now:
            return None
        # It never grows: the first age with less is found by halving.
        low, high = age, self.period
        while high - low > 1:
            middle = (low + high) // 2
            if self.at(middle, general=general, is_valid=is_valid) == now:
                low = middle
            else:
                high = middle
        return high


PLAIN: Final = Trust()
"""The general trust in the source, at any age."""
