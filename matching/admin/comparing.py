"""The page that compares two records: what they score, and by which blocking rules they meet or why not."""

from typing import Any, Final

from golden_records.admin.acting import words_of
from golden_records.entities import EntityType
from golden_records.errors import MdmError
from matching.admin.waterfall import waterfall
from matching.core.meeting import Meeting
from matching.pair_explanations import explain_records

_PILLS: Final = {Meeting.MET: "active", Meeting.COMMON: "queued", Meeting.CHANCE: "queued"}


def compare_context(entity: EntityType, *, left: str, right: str) -> dict[str, Any]:
    """What the page shows of two records named SOURCE:ID; with one of them missing, only the form."""
    if not left or not right:
        return {}
    one, other = (tuple(text.partition(":")[::2]) for text in (left, right))
    try:
        found = explain_records(entity, (one[0], one[1]), (other[0], other[1]))
    except MdmError as error:
        return {"error": words_of(error)}
    rules = sorted(found.explanation.rules, key=lambda rule: list(Meeting).index(rule.meeting))
    return {
        "found": found,
        "waterfall": waterfall(found.explanation.steps),
        "rules": [(rule, _PILLS.get(rule.meeting, "")) for rule in rules],
    }
