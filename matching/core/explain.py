"""Why a pair has its score, step by step, in words that a steward uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.core.declarations import Comparison, plural
from matching.core.model import MatchModel
from matching.core.score import Evidence, probability, relatives_bits, total_weight

GRADES: Final = (
    (8.0, "very strong evidence for", "very strong evidence against"),
    (4.0, "strong evidence for", "strong evidence against"),
    (1.0, "evidence for", "evidence against"),
    (0.2, "weak evidence for", "weak evidence against"),
)
_NO_GRADE: Final = "says little"
_PRIOR: Final = "before comparing: one pair in {count} is a match"
PRIOR_AND_RELATIVES: Final = "before comparing, and what relatives would share as well"
_RELATIVES: Final = "relatives, such as a household or branches, share as much"
NOT_COMPARABLE: Final = "no {label} that can be compared"
_MISSING: Final = ("no {label} on either side", "no {label} on one side", NOT_COMPARABLE)

WORDS: Final = (*(word for grade in GRADES for word in grade[1:]), _NO_GRADE, _PRIOR, PRIOR_AND_RELATIVES, _RELATIVES, *_MISSING)
"""Every word that is said here: with the words of levels and vetoes, all that a step may say."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a step says, as a pattern and what stands in it, so that a page may say it in another language.

    `label` stands in `{label}` and `{labels}`, `count` in `{count}`; `strength` is said behind it.
    """

    pattern: str
    label: str = ""
    strength: str = ""
    count: float = 0.0

    def __str__(self) -> str:
        """Say it in English."""
        said = self.pattern.replace("{labels}", plural(self.label)).replace("{label}", self.label).replace("{count}", f"{self.count:,.0f}")
        return f"{said}: {self.strength}" if self.strength else said


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the sum: `bits` are added; `left` and `right` are the values compared, None where missing.

    `phrase` is what the words are made of, for who says it in another language; None of the total.
    """

    comparison: str
    level: str
    words: str
    bits: float
    left: str | None = None
    right: str | None = None
    phrase: Phrase | None = None


def explain(
    found: Evidence, model: MatchModel, left_values: Mapping[str, str | None], right_values: Mapping[str, str | None]
) -> list[Step]:
    """Tell a pair's score as steps: the prior first, one per comparison, relatives, vetoes, and the total last.

    The bits of all steps but the last sum to the last one's. Values are keyed by field of the config, or by
    attribute. Total bits are cut at 60 either way, as in scoring.
    """
    levels, weights, strata = found.levels[None, :], found.weights[None, :], np.array([found.stratum], np.uint8)
    prior = float(model.prior_bits[found.stratum])
    steps = [_said("prior", "prior", Phrase(_PRIOR, count=1 + 2**-prior), prior)]
    for place, comparison in enumerate(model.config.comparisons):
        values = (_values(comparison, model, left_values), _values(comparison, model, right_values))
        steps.append(_step(comparison, int(found.levels[place]), float(found.weights[place]), values))
    shared = -float(relatives_bits(weights, levels, strata, model)[0])
    if shared < -0.005:  # noqa: PLR2004 - rounds to nothing
        steps.append(_said("relatives", "relatives", Phrase(_RELATIVES), shared))
    for number, veto in enumerate(model.config.vetoes):
        if found.vetoes >> number & 1:
            steps.append(veto_step(veto.name, veto.words))
    total = float(total_weight(weights, levels, strata, model)[0])
    chance = float(probability(np.array([total]))[0])
    steps.append(Step("total", "total", f"match probability {chance:.4f}", total))
    return steps


def _step(comparison: Comparison, number: int, bits: float, values: tuple[str | None, str | None]) -> Step:
    if number == 0:
        pattern = _MISSING[sum(value is not None for value in values)]
        return _said(comparison.name, "missing", Phrase(pattern, comparison.label), bits, values)
    level = comparison.levels[number - 1]
    return _said(comparison.name, level.name, Phrase(level.words, comparison.label, strength(bits)), bits, values)


def _said(comparison: str, level: str, phrase: Phrase, bits: float, values: tuple[str | None, str | None] = (None, None)) -> Step:
    return Step(comparison, level, str(phrase), bits, *values, phrase=phrase)


def veto_step(name: str, words: str) -> Step:
    """A step for a veto: it weighs nothing and decides."""
    return Step(name, "veto", f"veto: {words}", 0.0, phrase=Phrase(words))


def strength(bits: float) -> str:
    """Put bits into words: 'strong evidence for'."""
    for least, speaks_for, speaks_against in GRADES:
        if abs(bits) >= least:
            return speaks_for if bits > 0 else speaks_against
    return _NO_GRADE


def _values(comparison: Comparison, model: MatchModel, values: Mapping[str, str | None]) -> str | None:
    attributes = {field.name: field.of for field in model.config.fields}
    found: list[str] = []
    for field in comparison.fields:
        given = values.get(field)
        texts = [given] if given is not None else [values.get(name) for name in attributes[field]]
        found.extend(text for text in texts if text and text not in found)
    return " ".join(found) or None
