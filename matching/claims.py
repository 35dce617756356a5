"""Who looks at a question now: a lease, so that two stewards do not work on the same one.

A courtesy, not a lock: what is right rests on the versions of tasks. A lease ends by itself, and activity renews it.
"""

from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from golden_records import history
from golden_records.errors import MdmError, StaleWrite
from matching.models import ReviewTask, TaskClaim, TaskState
from matching.stewards import by_steward

LEASE: Final = timedelta(minutes=10)


class TaskClaimed(MdmError):
    """Another steward works on this question."""

    code = "task_claimed"
    title = "Claimed by another steward"


def claim(task_id: int, *, user: User) -> TaskClaim:
    """Have a question to oneself for `LEASE` from now, or for as long again. Raises `TaskClaimed` where another one has it.

    Of two at once one gets it. Raises `StaleWrite` where there is nothing to answer any more.
    """
    _require_open(ReviewTask.objects.filter(pk=task_id).first(), task_id)
    now = timezone.now()
    taken = {"user": user, "until": now + LEASE}
    mine = TaskClaim.objects.filter(task_id=task_id)
    if not mine.filter(user=user, until__gt=now).update(**taken) and not mine.filter(until__lte=now).update(**taken, claimed_at=now):
        try:
            with transaction.atomic():
                return TaskClaim.objects.create(task_id=task_id, claimed_at=now, **taken)
        except IntegrityError:
            # Somebody else has it, or had it when this looked.
            refuse_others(task_id, user)
            mine.filter(until__lte=now).update(**taken, claimed_at=now)
            refuse_others(task_id, user)
    return TaskClaim.objects.select_related("user").get(task_id=task_id)


def take_over(task_id: int, *, user: User, note: str = "") -> TaskClaim:
    """Have a question to oneself, whoever has it; the history of the task says from whom it was taken and why.

    Without a note, what was noted on it before stays.
    """
    with transaction.atomic():
        task = _require_open(ReviewTask.objects.select_for_update().filter(pk=task_id).first(), task_id)
        before = holder(task_id)
        now = timezone.now()
        TaskClaim.objects.update_or_create(task_id=task_id, defaults={"user": user, "claimed_at": now, "until": now + LEASE})
        if before is not None and before.user_id != user.pk:
            reason = f"taken over from {before.user.get_username()}" + (f": {note}" if note else "")
            change = by_steward(user, reason)
            if note:
                ReviewTask.objects.filter(pk=task_id).update(note=note)
            history.write_history(ReviewTask, [task], change=change, kind="~")
    return TaskClaim.objects.select_related("user").get(task_id=task_id)


def release(task_id: int) -> None:
    """Let others have it: it is answered, deferred or handed on."""
    TaskClaim.objects.filter(task_id=task_id).delete()


def holder(task_id: int) -> TaskClaim | None:
    """Give the claim that holds now."""
    return TaskClaim.objects.filter(task_id=task_id, until__gt=timezone.now()).select_related("user").first()


def refuse_others(task_id: int, user: User) -> None:
    """Raise `TaskClaimed`, with who has it until when, where that is not this person."""
    held = holder(task_id)
    if held is not None and held.user_id != user.pk:
        name, until = held.user.get_username(), timezone.localtime(held.until)
        message = f"{name} has claimed review task {task_id} until {until:%H:%M}."
        raise TaskClaimed(message, remedy="Take another one, or take it over.", task=task_id, holder=name, until=held.until.isoformat())


def by_others(user_id: int | None, now: datetime | None = None) -> Q:
    """Say of tasks that somebody other than this person has claimed them."""
    held = TaskClaim.objects.filter(task_id=OuterRef("pk"), until__gt=now or timezone.now())
    return Q(Exists(held.exclude(user_id=user_id) if user_id is not None else held))


def _require_open(task: ReviewTask | None, task_id: int) -> ReviewTask:
    if task is None or task.state != TaskState.OPEN:
        message = f"Review task {task_id} is no longer open."
        raise StaleWrite(message, remedy="Take another one.", task=task_id)
    return task
