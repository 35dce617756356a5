"""Telling a score from what was stored with it, where the code of today can't read the match config it was made under.

Nothing is computed anew: the words come from the stored document, the bits from the stored evidence. What the document does not
name is shown under its place and number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matching.core.explain import NOT_COMPARABLE, PRIOR_AND_RELATIVES, Phrase, Step, strength, veto_step


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """What was kept of a pair: levels and weights (bits) in the order of the document's comparisons, vetoes by name, the total."""

    levels: Sequence[int]
    weights: Sequence[float]
    vetoes: Sequence[str]
    weight: float


def explain_stored(
    found: StoredEvidence, document: Mapping[str, Any], left: Mapping[str, str | None], right: Mapping[str, str | None]
) -> list[Step]:
    """Tell a pair's score as steps, the total last. The bits of all steps but the last sum to the last one's.

    What prior and relatives were worth is not stored by itself: it is one step, the rest of the sum.
    """
    comparisons = list(_section(document, "comparisons").items())
    steps = []
    for place, (number, bits) in enumerate(zip(found.levels, found.weights, strict=False)):
        name, body = comparisons[place] if place < len(comparisons) else (f"comparison {place + 1}", {})
        body = body if isinstance(body, Mapping) else {}
        values = (_values(document, name, body, left), _values(document, name, body, right))
        steps.append(_step(str(name), body, number, (bits, *values)))
    rest = found.weight - sum(step.bits for step in steps)
    steps.insert(0, Step("prior", "prior", PRIOR_AND_RELATIVES, rest, phrase=Phrase(PRIOR_AND_RELATIVES)))
    known = _section(document, "vetoes")
    for name in found.vetoes:
        body = known.get(name)
        words = body.get("words", name) if isinstance(body, Mapping) else name
        steps.append(veto_step(name, str(words)))
    chance = 1 / (1 + 2.0**-found.weight)
    steps.append(Step("total", "total", f"match probability {chance:.4f}", found.weight))
    return steps


def _step(name: str, body: Mapping[str, Any], number: int, told: tuple[float, str | None, str | None]) -> Step:
    bits, left, right = told
    label = str(body.get("label", name.replace("_", " ")))
    if number == 0:
        phrase = Phrase(NOT_COMPARABLE, label)
        return Step(name, "missing", str(phrase), bits, left, right, phrase)
    levels = list(_section(body, "levels").items())
    level, given = levels[number - 1] if number <= len(levels) else (f"level {number}", {})
    words = given.get("words") if isinstance(given, Mapping) else None
    phrase = Phrase(str(words or f"{{labels}}: {level}"), label, strength(bits))
    return Step(name, str(level), str(phrase), bits, left, right, phrase)


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    body = document.get(name)
    return body if isinstance(body, Mapping) else {}


def _values(document: Mapping[str, Any], name: str, body: Mapping[str, Any], values: Mapping[str, str | None]) -> str | None:
    fields = _section(document, "fields")
    found: list[str] = []
    for field in body.get("fields") or [name]:
        names = [field] if values.get(field) is not None else _section(fields, field).get("of") or []
        texts = (values.get(attribute) for attribute in names)
        found.extend(text for text in texts if text and text not in found)
    return " ".join(found) or None
