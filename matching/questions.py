"""Which open tasks are one question: those that hang together over golden records. To a steward they are one page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from golden_records.entities import EntityType, entity_type
from golden_records.limits import sees_all_of
from matching.core.components import components
from matching.models import WITHIN_ONE, ReviewTask, TaskState

MOST_GOLDENS: Final = 20
"""Golden records of one page. Of a question with more, the ones nearest to the task are shown."""

_TASKS = ReviewTask._meta.db_table
_WITHIN_ONE: Final = ", ".join(f"'{kind.value}'" for kind in WITHIN_ONE)
# From golden record to golden record over open tasks, the nearest first; who asks for so many rows only has so many looked for.
_NEAR: Final = f"""
WITH RECURSIVE near(golden_id) AS (
    {{seeds}}
    UNION
    SELECT CASE WHEN task.left_golden_id = near.golden_id THEN task.right_golden_id ELSE task.left_golden_id END
    FROM near JOIN {_TASKS} task
      ON task.entity = %s AND task.state = '{TaskState.OPEN.value}' AND task.kind NOT IN ({_WITHIN_ONE})
     AND (task.left_golden_id = near.golden_id OR task.right_golden_id = near.golden_id)
)
SELECT golden_id FROM near LIMIT %s
"""  # noqa: S608 - the name of a table and words of ours
_SEED: Final = {"postgresql": "SELECT %s::uuid", "sqlite": "SELECT %s"}


@dataclass(frozen=True, slots=True)
class Question:
    """The golden records that are asked about, the nearest to the task first, and the open tasks between them, the likeliest first.

    `is_cut` where more golden records hang on it than are named here. A task that is not open, or that asks about two records of one
    golden record, is a question of its own.
    """

    entity: EntityType
    golden_ids: tuple[UUID, ...]
    tasks: tuple[ReviewTask, ...]
    is_cut: bool = False

    @property
    def task_ids(self) -> list[int]:
        """The numbers of its tasks."""
        return [task.pk for task in self.tasks]

    @property
    def mark(self) -> str:
        """Stands for the question as it is: another one once a task of it was answered, came or went."""
        return ",".join(f"{task.pk}.{task.version}" for task in sorted(self.tasks, key=lambda task: task.pk))


@dataclass(frozen=True, slots=True)
class Size:
    """How great the question of a task is; `leads` for the task that stands for the question in a list, whose number is given."""

    goldens: int
    tasks: int
    first_task_id: int
    leads: bool
    is_cut: bool = False


def question_of(task: ReviewTask) -> Question:
    """Find the question that a task is part of. Two statements, or none where it is a question of its own.

    To whoever may not see all that hangs together, a task is a question of its own.
    """
    entity = entity_type(task.entity)
    ends = list(dict.fromkeys((task.left_golden_id, task.right_golden_id)))
    found = _near(entity, ends, MOST_GOLDENS + 1) if _hangs_together(task) else ends
    if found == ends or not sees_all_of(entity, found):
        return Question(entity, tuple(ends), (task,))
    shown = found[:MOST_GOLDENS]
    rows = _between(entity, shown).select_related("decision__config", "decided_by", "merge")
    tasks = tuple(task if row.pk == task.pk else row for row in rows)
    return Question(entity, tuple(shown), tasks, is_cut=len(found) > MOST_GOLDENS)


def sizes(tasks: Sequence[ReviewTask]) -> Mapping[int, Size]:
    """Say of each task of a page of the queue how great its question is, and whether it is the one to show for it.

    The likeliest task stands for its question, the oldest of several; one that is no longer open stands for itself. Two statements per
    entity type, however many tasks there are, each over no more golden records than that many questions may have.
    """
    found = {task.pk: Size(len({task.left_golden_id, task.right_golden_id}), 1, task.pk, leads=True) for task in tasks}
    for name in dict.fromkeys(task.entity for task in tasks):
        mine = [task for task in tasks if task.entity == name and _hangs_together(task)]
        if mine:
            found |= _sizes(entity_type(name), mine)
    return found


def one_line_each(tasks: Sequence[ReviewTask], *, filtered: bool = False) -> list[ReviewTask]:
    """Keep of a page of tasks one for each question, with its `size`: the one that stands for it.

    Where the list is `filtered`, that one may be left out of it: then it is the first of the page, and a later page may have another.
    So it is on a page that has only tasks of questions of earlier pages, which is not to look as if nothing were open.
    """
    known = sizes(tasks)
    kept: dict[int, ReviewTask] = {}
    for task in tasks:
        task.size = known[task.pk]  # type: ignore[attr-defined]  # for the list alone
        if filtered or known[task.pk].leads:
            kept.setdefault(known[task.pk].first_task_id, task)
    return list(kept.values()) if kept or not tasks else one_line_each(tasks, filtered=True)


def beside(tasks: "QuerySet[ReviewTask]", question: Question) -> "QuerySet[ReviewTask]":
    """Keep the tasks of other questions: where `next` goes. Of a question that was answered whole no task is open anyway."""
    outside = tasks.exclude(pk__in=question.task_ids)
    return outside.exclude(left_golden_id__in=question.golden_ids).exclude(right_golden_id__in=question.golden_ids)


def _hangs_together(task: ReviewTask) -> bool:
    return task.state == TaskState.OPEN and not task.is_within_one


def _sizes(entity: EntityType, tasks: Sequence[ReviewTask]) -> dict[int, Size]:
    seeds = list(dict.fromkeys(golden_id for task in tasks for golden_id in (task.left_golden_id, task.right_golden_id)))
    most = MOST_GOLDENS * len(tasks)
    near = _near(entity, seeds, most + 1)
    rows = list(_between(entity, near).values_list("pk", "left_golden_id", "right_golden_id"))
    place = {golden_id: number for number, golden_id in enumerate(near)}
    ends = np.array([(place[left], place[right]) for _, left, right in rows], np.int32).reshape(-1, 2)
    label_of = components(len(near), ends[:, 0], ends[:, 1]).tolist()
    goldens, within, first = _counts(label_of, [(pk, label_of[place[left]]) for pk, left, _ in rows])
    found = {}
    for task in tasks:
        label = label_of[place[task.left_golden_id]]
        leader = first.get(label, task.pk)
        found[task.pk] = Size(goldens[label], within.get(label, 1), leader, leads=leader == task.pk, is_cut=goldens[label] > MOST_GOLDENS)
    return found


def _counts(label_of: Sequence[int], tasks: Iterable[tuple[int, int]]) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """Give by question how many golden records and tasks it has, and its first task."""
    goldens: dict[int, int] = {}
    for label in label_of:
        goldens[label] = goldens.get(label, 0) + 1
    within: dict[int, int] = {}
    first: dict[int, int] = {}
    for pk, label in tasks:
        within[label] = within.get(label, 0) + 1
        first.setdefault(label, pk)
    return goldens, within, first


def _between(entity: EntityType, golden_ids: Collection[UUID]) -> "QuerySet[ReviewTask]":
    tasks = ReviewTask.objects.filter(entity=entity.name, state=TaskState.OPEN).exclude(kind__in=WITHIN_ONE)
    ends = tasks.filter(left_golden_id__any=golden_ids, right_golden_id__any=golden_ids)
    return ends.order_by("-probability", "id")


def _near(entity: EntityType, seeds: Sequence[UUID], most: int) -> list[UUID]:
    """Give golden records on which open tasks hang together with some, those first; at most so many. One statement."""
    values = " UNION ".join([_SEED[connection.vendor]] * len(seeds))
    with connection.cursor() as cursor:
        cursor.execute(_NEAR.format(seeds=values), [*map(_written, seeds), entity.name, most])
        found: list[Any] = [row[0] for row in cursor.fetchall()]
    return list(dict.fromkeys([*seeds, *(value if isinstance(value, UUID) else UUID(value) for value in found)]))[:most]


def _written(golden_id: UUID) -> UUID | str:
    return golden_id if connection.features.has_native_uuid_field else golden_id.hex
