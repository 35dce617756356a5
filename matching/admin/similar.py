"""Decided tasks that looked like one, and what stewards said of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from django.db.models import Q

from golden_records.entities import entity_type
from matching.models import WITHIN_ONE, ReviewTask, TaskState

_LOOKED_AT: Final = 150
"""Decided tasks that are looked at on either side: those whose probability is nearest, which an index gives."""

_FURTHEST: Final = 2
"""In so many comparisons at most a decided task may have another level than this one."""

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Past:
    """A decided task, with the names of its golden records, and in how many comparisons it differs from the present one."""

    task: ReviewTask
    names: tuple[str, str]
    apart: int


@dataclass(frozen=True, slots=True)
class Similar:
    """Decided tasks of the nearest level pattern: how many there were, how they were answered, and the nearest few of them."""

    count: int
    same: int
    different: int
    unsure: int
    exact: bool
    shown: tuple[Past, ...]


def similar_to(task: ReviewTask) -> Similar | None:
    """Find the decided tasks whose evidence is most like a task's; None where nothing like it was ever decided. Three statements.

    Those of exactly its pattern of levels speak where there are any; else those that differ in a comparison or two.
    """
    levels = task.decision.levels
    found = [(apart, each) for each in _nearest(task) if (apart := _apart(levels, each.decision.levels)) <= _FURTHEST]
    if not found:
        return None
    exact = any(apart == 0 for apart, _ in found)
    of_interest = sorted(
        (pair for pair in found if not exact or pair[0] == 0),
        key=lambda pair: (pair[0], abs(pair[1].probability - task.probability), -pair[1].pk),
    )
    counted = Counter(each.answer for _, each in of_interest)
    shown = of_interest[:_SHOWN]
    names = _names(task.entity, [each for _, each in shown])
    return Similar(
        count=len(of_interest),
        same=counted["same"],
        different=counted["different"],
        unsure=counted["unsure"],
        exact=exact,
        shown=tuple(Past(each, names[each.pk], apart) for apart, each in shown),
    )


def _nearest(task: ReviewTask) -> list[ReviewTask]:
    decided = ReviewTask.objects.filter(state=TaskState.DECIDED, entity=task.entity, answer__isnull=False)
    # Whether two still belong together is another question than whether they are one, whatever raised that.
    within_one = Q(kind__in=WITHIN_ONE)
    decided = decided.filter(within_one if task.is_within_one else ~within_one)
    decided = decided.exclude(pk=task.pk).select_related("decision", "decided_by")
    below = decided.filter(probability__lte=task.probability).order_by("-probability", "id")[:_LOOKED_AT]
    above = decided.filter(probability__gt=task.probability).order_by("probability", "-id")[:_LOOKED_AT]
    return list(chain(below, above))


def _apart(one: Sequence[int], other: Sequence[int]) -> int:
    if len(one) != len(other):
        return _FURTHEST + 1
    return sum(mine != its for mine, its in zip(one, other, strict=True))


def _names(entity: str, tasks: Sequence[ReviewTask]) -> dict[int, tuple[str, str]]:
    ids = {golden_id for task in tasks for golden_id in (task.left_golden_id, task.right_golden_id)}
    goldens = entity_type(entity).goldens.in_bulk(ids)
    return {task.pk: (str(goldens.get(task.left_golden_id, "")), str(goldens.get(task.right_golden_id, ""))) for task in tasks}
