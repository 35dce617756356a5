"""Why a pair has its score, step by step, in words that a steward uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.core.declarations import Comparison
from matching.core.model import MatchModel
from matching.core.score import Evidence, probability, relatives_bits, total_weight

GRADES: Final = ((8.0, "very strong evidence"), (4.0, "strong evidence"), (1.0, "evidence"), (0.2, "weak evidence"))
"""From how many bits on, either way, evidence is called so; below the last it says little."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the sum: `bits` are added; `left` and `right` are the values compared, None where missing.

    `told` is what the words are made of, for who says it in another language: the level's words (or the veto's) with `{label}` and
    `{labels}` in them, where `label` is what was compared.
    """

    comparison: str
    level: str
    words: str
    bits: float
    left: str | None = None
    right: str | None = None
    told: str = ""
    label: str = ""


def explain(
    found: Evidence, model: MatchModel, left_values: Mapping[str, str | None], right_values: Mapping[str, str | None]
) -> list[Step]:
    """Tell a pair's score as steps: the prior first, one per comparison, relatives, vetoes, and the total last.

    The bits of all steps but the last sum to the last one's. Values are keyed by field of the config, or by
    attribute. Total bits are cut at 60 either way, as in scoring.
    """
    levels, weights, strata = found.levels[None, :], found.weights[None, :], np.array([found.stratum], np.uint8)
    prior = float(model.prior_bits[found.stratum])
    steps = [Step("prior", "prior", f"before comparing: one pair in {1 + 2**-prior:,.0f} is a match", prior)]
    for place, comparison in enumerate(model.config.comparisons):
        values = (_values(comparison, model, left_values), _values(comparison, model, right_values))
        steps.append(_step(comparison, int(found.levels[place]), float(found.weights[place]), values))
    shared = -float(relatives_bits(weights, levels, strata, model)[0])
    if shared < -0.005:  # noqa: PLR2004 - rounds to nothing
        steps.append(Step("relatives", "relatives", "relatives, such as a household or branches, share as much", shared))
    for number, veto in enumerate(model.config.vetoes):
        if found.vetoes >> number & 1:
            steps.append(Step(veto.name, "veto", f"veto: {veto.words}", 0.0, told=veto.words))
    total = float(total_weight(weights, levels, strata, model)[0])
    chance = float(probability(np.array([total]))[0])
    steps.append(Step("total", "total", f"match probability {chance:.4f}", total))
    return steps


def _step(comparison: Comparison, number: int, bits: float, values: tuple[str | None, str | None]) -> Step:
    if number == 0:
        told = _missing(values)
        return Step(comparison.name, "missing", told.replace("{label}", comparison.label), bits, *values, told, comparison.label)
    level = comparison.levels[number - 1]
    words = f"{comparison.in_words(number)}: {strength(bits)}"
    return Step(comparison.name, level.name, words, bits, *values, level.words, comparison.label)


def _missing(values: tuple[str | None, str | None]) -> str:
    known = sum(value is not None for value in values)
    return ("no {label} on either side", "no {label} on one side", "no {label} that can be compared")[known]


def strength(bits: float) -> str:
    """Put bits into words: 'strong evidence for'."""
    for least, words in GRADES:
        if abs(bits) >= least:
            return f"{words} {'for' if bits > 0 else 'against'}"
    return "says little"


def _values(comparison: Comparison, model: MatchModel, values: Mapping[str, str | None]) -> str | None:
    attributes = {field.name: field.of for field in model.config.fields}
    found: list[str] = []
    for field in comparison.fields:
        given = values.get(field)
        texts = [given] if given is not None else [values.get(name) for name in attributes[field]]
        found.extend(text for text in texts if text and text not in found)
    return " ".join(found) or None
