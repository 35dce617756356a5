"""One answer to many questions, or many put off or handed on: task by task, each in a transaction of its own, and all taken back at once.

What is done is what was seen: a task that changed after the preview is left alone, but for what this bulk itself changed in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from golden_records.entities import entity_type
from golden_records.errors import MdmError, NothingToUndo, StaleWrite
from matching import asked, assigning, four_eyes, review
from matching.asked import Case
from matching.bulk_preview import ANSWERS
from matching.models import Bulk, BulkAct, ReviewTask, TaskState
from matching.stewards import by_steward

MOST: Final = 200
"""Tasks in one bulk: they are answered within one request, at some 20 ms each."""

DONE: Final = "done"
PROPOSED: Final = "proposed"
SETTLED: Final = "settled"
REFUSED: Final = "refused"
UNDONE: Final = "undone"

Outcome = dict[str, Any]


class BulkTooLarge(MdmError):
    """More tasks than one bulk may have."""

    code = "bulk_too_large"
    title = "Too many at once"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done, and with which tasks, as the preview showed them: their numbers and versions, in this order."""

    act: BulkAct
    seen: tuple[tuple[int, int], ...]
    case: Case
    comment: str = ""
    until: date | None = None
    to: User | None = None


def carry_out(wish: Wish, *, user: User) -> Bulk:
    """Do it, and keep what came of each task. The same wish again (its correlation id) does nothing. Raises `BulkTooLarge`.

    What is refused (`MdmError`) is told in the outcomes and stops nothing.
    """
    if len(wish.seen) > MOST:
        message = f"{len(wish.seen)} tasks are more than {MOST}."
        raise BulkTooLarge(message, remedy=f"Choose at most {MOST}.")
    with transaction.atomic():
        bulk, is_new = Bulk.objects.get_or_create(
            correlation_id=wish.case.correlation_id, defaults={"user": user, "act": wish.act, "created_at": timezone.now()}
        )
    if not is_new:
        return bulk
    for task_id, version in wish.seen:
        bulk.outcomes.append(_outcome(task_id, partial(_do, wish, task_id, version, user)))
        bulk.save(update_fields=["outcomes"])
    return bulk


def undo_all(bulk: Bulk, *, user: User) -> Bulk:
    """Take back what was done, the last first. What can't be taken back is told in the outcomes. Raises `NothingToUndo` the second time."""
    taken = Bulk.objects.filter(pk=bulk.pk, undone_at__isnull=True).update(undone_at=timezone.now())
    if not taken:
        message = f"Bulk {bulk.pk} was taken back already."
        raise NothingToUndo(message, bulk=bulk.pk)
    bulk.refresh_from_db()
    for outcome in reversed(bulk.outcomes):
        if outcome["result"] in {DONE, PROPOSED}:
            outcome.update(_outcome(outcome["task"], partial(_take_back, bulk, dict(outcome), user)))
            bulk.save(update_fields=["outcomes"])
    return bulk


def _outcome(task_id: int, work: Callable[[], Outcome]) -> Outcome:
    try:
        return {"task": task_id, "why": "", **work()}
    except MdmError as error:
        return {"task": task_id, "result": REFUSED, "why": f"{error.message} {error.remedy}".strip()}


def _do(wish: Wish, task_id: int, version: int, user: User) -> Outcome:
    task = asked.find(ReviewTask.objects.all(), task_id)
    is_ours = _is_ours(task, version, wish.case.correlation_id)
    if is_ours and task.state != TaskState.OPEN:
        speaking = _speaking(task)
        if speaking is None:
            return {"result": SETTLED}
        task = speaking
    if wish.act in ANSWERS:
        answer = ANSWERS[wish.act]
        decided = review.decide(task.pk, answer=answer, user=user, comment=wish.comment, version=task.version, case=wish.case)
        return {"result": PROPOSED if decided.awaits_second else DONE, "decided": decided.pk}
    before = {"assignee": task.assignee_id, "deferred_until": task.deferred_until.isoformat() if task.deferred_until else None}
    if wish.act == BulkAct.DEFER:
        assigning.defer(task_id, until=wish.until, user=user, note=wish.comment, version=task.version, case=wish.case)
    else:
        assigning.hand(task_id, to=wish.to, user=user, note=wish.comment, version=task.version, case=wish.case)
    return {"result": DONE, "before": before}


def _is_ours(task: ReviewTask, version: int, correlation_id: str) -> bool:
    """Whether this bulk itself changed a task since it was seen. Raises `StaleWrite` where somebody else did."""
    if task.version == version:
        return False
    history: Any = ReviewTask.history
    if history.filter(id=task.pk, version__gt=version).exclude(correlation_id=correlation_id).exists():
        message = f"Review task {task.pk} has changed since the preview."
        raise StaleWrite(message, remedy="Look at it by itself.", task=task.pk)
    return True


def _speaking(task: ReviewTask) -> ReviewTask | None:
    """Give the open task that now asks what a task asked which this bulk closed; None where its two records are together.

    When two golden records become one, two questions on a third are one. Raises `StaleWrite` where nobody asks any more.
    """
    records = entity_type(task.entity).records.filter(pk__in=(task.left_record_id, task.right_record_id))
    homes = sorted(set(records.values_list("golden_id", flat=True)))
    if len(homes) == 1:
        return None
    pair = {"left_golden_id": homes[0], "right_golden_id": homes[-1]}
    found = ReviewTask.objects.filter(entity=task.entity, state=TaskState.OPEN, **pair).first()
    if found is None:
        message = f"Review task {task.pk} was closed: a judgement keeps its golden records apart."
        raise StaleWrite(message, remedy="Take that judgement back first.", task=task.pk)
    return found


def _take_back(bulk: Bulk, outcome: Mapping[str, Any], user: User) -> Outcome:
    task_id = outcome.get("decided", outcome["task"])
    if outcome["result"] == PROPOSED:
        four_eyes.withdraw(task_id, user=user)
    elif bulk.act in {act.value for act in ANSWERS}:
        change = by_steward(user, f"undo of bulk {bulk.pk} on review task {task_id}")
        if review.undo(task_id, user=user, change=change).awaits_second:
            return {"result": PROPOSED}
    elif bulk.act == BulkAct.DEFER:
        _defer_as_before(task_id, outcome["before"]["deferred_until"], user)
    else:
        assigning.hand(task_id, to=User.objects.filter(pk=outcome["before"]["assignee"]).first(), user=user)
    return {"result": UNDONE}


def _defer_as_before(task_id: int, before: str | None, user: User) -> None:
    day = date.fromisoformat(before) if before else None
    assigning.defer(task_id, until=day if day and day > timezone.localdate() else None, user=user)
