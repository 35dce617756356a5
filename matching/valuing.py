"""What is at stake in questions: the revenue of the projects behind their golden records, and from it what an answer is worth.

Worked out beside the transaction that asks, which holds locks: a new question is ordered by uncertainty alone until the sweep comes by,
within a minute. Revenue that changes later is seen in the night. Amounts are added as they are, in whatever currency: they order
questions, and are in no account.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from golden_records.entities import EntityType, entity_type
from golden_records.figures import PROJECT, of_projects, referring
from matching.models import ReviewTask, TaskState
from matching.worth import worth

CHUNK: Final = 500


def stakes(tasks: Sequence[ReviewTask]) -> dict[int, Decimal]:
    """Give the value at stake of each of these tasks. A constant number of statements for each entity type."""
    found: dict[int, Decimal] = {}
    for name in sorted({task.entity for task in tasks}):
        found |= at_stake(entity_type(name), {task.pk: _sides(task) for task in tasks if task.entity == name})
    return found


def at_stake(entity: EntityType, groups: Mapping[int, Collection[UUID]]) -> dict[int, Decimal]:
    """Give the value behind each of some groups of golden records: revenue, never below 0; a project behind several of a group counts once.

    A constant number of statements.
    """
    behind = _projects_behind(entity, {golden_id for ids in groups.values() for golden_id in ids})
    revenue = {key: figures.revenue for key, figures in of_projects({each for ids in behind.values() for each in ids}).items()}
    found = {}
    for key, golden_ids in groups.items():
        projects = {each for golden_id in golden_ids for each in behind.get(golden_id, ())}
        found[key] = max(Decimal(0), sum((revenue[each] for each in projects), Decimal(0)))
    return found


def work_on(*, after_id: int = 0, only_new: bool = True, seconds: float) -> int | None:
    """Value open tasks for a while, those that were never valued or all of them, in the order of their numbers.

    Gives the number after which to go on, or None where all are done.
    """
    end = time.monotonic() + seconds
    tasks = ReviewTask.objects.filter(state=TaskState.OPEN, **({"valued_at__isnull": True} if only_new else {})).order_by("id")
    while chunk := list(tasks.filter(pk__gt=after_id)[:CHUNK]):
        _write(chunk)
        after_id = chunk[-1].pk
        if time.monotonic() > end:
            return after_id
    return None


def _write(tasks: Sequence[ReviewTask]) -> None:
    values = stakes(tasks)
    seen = {task.pk: task.version for task in tasks}
    with transaction.atomic():
        # One that somebody writes now, or wrote since, is valued the next time: nobody waits for this.
        rows = ReviewTask.objects.select_for_update(skip_locked=True).filter(pk__in=seen).order_by("id")
        same = [row for row in rows if row.version == seen[row.pk]]
        changed = [row for row in same if _revalue(row, values[row.pk])]
        for row in changed:
            row.valued_at = timezone.now()
        ReviewTask.objects.bulk_update(changed, ["value_at_stake", "worth", "valued_at"])


def _revalue(task: ReviewTask, value: Decimal) -> bool:
    before = (task.value_at_stake, task.worth, task.valued_at is None)
    task.value_at_stake, task.worth = value, worth(task.probability, float(value))
    return (task.value_at_stake, task.worth, False) != before


def _sides(task: ReviewTask) -> set[UUID]:
    return {task.left_golden_id, task.right_golden_id}


def _projects_behind(entity: EntityType, golden_ids: Collection[UUID]) -> Mapping[UUID, set[UUID]]:
    """Give the golden projects behind golden records: itself behind a project, those that are for it behind a customer."""
    if entity is PROJECT:
        return {golden_id: {golden_id} for golden_id in golden_ids}
    rows: Any = entity.records.filter(golden_id__in=golden_ids).values_list("id", "golden_id", "source__code", "external_id")
    home, names = {}, {}
    for record_id, golden_id, source, external_id in rows:
        home[record_id], names[source, external_id] = golden_id, record_id
    behind: dict[UUID, set[UUID]] = {}
    for each in referring(entity, names):
        behind.setdefault(home[each.record_id], set()).add(each.golden_id)
    return behind
