"""The evidence on a pair as a waterfall in bits: each step starts where the one before it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matching.admin.evidence_words import sentence
from matching.core.explain import Step

WIDTH: Final = 100.0
_TELLING: Final = 0.05
"""Evidence of less than this many bits, either way, is drawn as none."""

_LEAST: Final = 0.8
"""A bar is never thinner than this, or it could not be seen."""


@dataclass(frozen=True, slots=True)
class Told:
    """A step that is said and not drawn."""

    step: Step
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `words` say what it stands for; `start` and `width` are in hundredths of the plot; `after` is the running sum.

    `tone` is for, against, none or total.
    """

    step: Step
    words: str
    after: float
    start: float
    width: float
    tone: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The bars in their order, where zero is, the sum in bits; what was not compared, and the vetoes, apart from them."""

    bars: tuple[Bar, ...]
    zero: float
    total: float
    missing: tuple[Told, ...]
    vetoes: tuple[Told, ...]

    @property
    def probability(self) -> float:
        """What the sum comes to as a probability."""
        return float(1 / (1 + 2.0**-self.total))


def waterfall(steps: Sequence[Step]) -> Waterfall:
    """Lay the steps of `matching.core.explain` out on one scale that holds zero and every running sum."""
    told = [step for step in steps if step.level not in ("missing", "veto", "total")]
    sums = [0.0]
    for step in told:
        sums.append(sums[-1] + step.bits)
    low, high = min(sums), max(sums)
    scale = WIDTH / (high - low) if high - low > _TELLING else 0.0
    bars = [
        Bar(
            step=step,
            words=sentence(step),
            after=after,
            start=(min(before, after) - low) * scale,
            width=max(_LEAST, abs(step.bits) * scale),
            tone=_tone(step.bits),
        )
        for step, before, after in zip(told, sums, sums[1:], strict=False)
    ]
    total = next((step for step in steps if step.level == "total"), None)
    if total is not None:
        start = (min(0.0, sums[-1]) - low) * scale
        width = max(_LEAST, abs(sums[-1]) * scale)
        bars.append(Bar(step=total, words=sentence(total), after=total.bits, start=start, width=width, tone="total"))
    return Waterfall(
        bars=tuple(bars),
        zero=-low * scale,
        total=total.bits if total is not None else sums[-1],
        missing=tuple(Told(step, sentence(step)) for step in steps if step.level == "missing"),
        vetoes=tuple(Told(step, sentence(step)) for step in steps if step.level == "veto"),
    )


def _tone(bits: float) -> str:
    if abs(bits) < _TELLING:
        return "none"
    return "for" if bits > 0 else "against"
