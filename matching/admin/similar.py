"""Decided tasks that looked like one, and what stewards said of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from golden_records.entities import entity_type
from golden_records.limits import within
from matching.models import WITHIN_ONE, ReviewTask, TaskState

_READ: Final = 500
"""Decided tasks on either side, of whatever entity type, whose probability is nearest: an index gives them."""

_LOOKED_AT: Final = 100
"""Of these, on either side, so many of the same entity type are looked at."""

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
    """Find the decided tasks whose evidence is most like a task's; None where nothing like it was ever decided. Four statements.

    Those of exactly its pattern of levels speak where there are any; else those that differ in a comparison or two.
    """
    levels = task.decision.levels
    found = [(apart, *row) for *row, theirs in _nearest(task) if (apart := _apart(levels, theirs)) <= _FURTHEST]
    if not found:
        return None
    exact = any(apart == 0 for apart, *_ in found)
    of_interest = sorted(
        (row for row in found if not exact or row[0] == 0), key=lambda row: (row[0], abs(row[2] - task.probability), -row[1])
    )
    counted = Counter(answer for *_, answer in of_interest)
    apart_of = {pk: apart for apart, pk, *_ in of_interest[:_SHOWN]}
    tasks = ReviewTask.objects.select_related("decided_by").in_bulk(apart_of)
    names = _names(task.entity, list(tasks.values()))
    return Similar(
        count=len(of_interest),
        same=counted["same"],
        different=counted["different"],
        unsure=counted["unsure"],
        exact=exact,
        shown=tuple(Past(tasks[pk], names[pk], apart) for pk, apart in apart_of.items()),
    )


def _nearest(task: ReviewTask) -> list[Any]:
    """Of the decided tasks whose probability is nearest, those on the same entity type and a question of the same sort.

    Each as its number, probability, answer and levels.
    """
    decided = ReviewTask.objects.filter(state=TaskState.DECIDED)
    below = decided.filter(probability__lte=task.probability).order_by("-probability", "id")[:_READ]
    above = decided.filter(probability__gt=task.probability).order_by("probability", "-id")[:_READ]
    # Whether two still belong together is another question than whether they are one, whatever raised that.
    within_one = Q(kind__in=WITHIN_ONE)
    alike = Q(entity=task.entity, answer__isnull=False) & (within_one if task.is_within_one else ~within_one)
    found: list[Any] = []
    for side, order in ((below, "-probability"), (above, "probability")):
        rows = within(ReviewTask.objects.filter(alike, pk__in=side.values("pk"))).exclude(pk=task.pk).order_by(order, "id")
        found += rows.values_list("pk", "probability", "answer", "decision__levels")[:_LOOKED_AT]
    return found


def _apart(one: Sequence[int], other: Sequence[int]) -> int:
    if len(one) != len(other):
        return _FURTHEST + 1
    return sum(mine != its for mine, its in zip(one, other, strict=True))


def _names(entity: str, tasks: Sequence[ReviewTask]) -> dict[int, tuple[str, str]]:
    ids = {golden_id for task in tasks for golden_id in (task.left_golden_id, task.right_golden_id)}
    goldens = entity_type(entity).goldens.in_bulk(ids)
    return {task.pk: (str(goldens.get(task.left_golden_id, "")), str(goldens.get(task.right_golden_id, ""))) for task in tasks}
