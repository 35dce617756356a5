"""The page that compares two records: what they score, and by which blocking rules they meet or why not."""

from dataclasses import replace
from typing import Any, Final

from django.http import Http404

from golden_records import limits, viewing
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
    seen_by = viewing.viewer()
    try:
        with viewing.plainly():
            found = explain_records(entity, (one[0], one[1]), (other[0], other[1]))
    except MdmError as error:
        return {"error": words_of(error)}
    if not all(limits.sees(entity.record, each.pk) for each in (found.left, found.right)):
        raise Http404
    steps = found.explanation.steps
    if seen_by is not None:
        # They are scored by what they are; what they are is not shown.
        found = replace(found, left=_as_seen(entity, found.left), right=_as_seen(entity, found.right))
        steps = tuple(replace(step, left=None, right=None) for step in steps)
    rules = sorted(found.explanation.rules, key=lambda rule: list(Meeting).index(rule.meeting))
    return {
        "found": found,
        "waterfall": waterfall(steps),
        # The reason of a rule may quote the key under which two meet.
        "rules": [(rule if seen_by is None else replace(rule, reason=""), _PILLS.get(rule.meeting, "")) for rule in rules],
    }


def _as_seen(entity: EntityType, record: Any) -> Any:
    return entity.records.select_related("source", "golden").get(pk=record.pk)
