"""Finding the question that somebody wants to do something about, as that person saw it."""

from dataclasses import dataclass
from typing import Any

from golden_records.errors import MdmError, StaleWrite
from matching.models import ReviewTask, TaskState


class UnknownTask(MdmError):
    """There is no review task of this number: there never was, or what it was about was erased."""

    code = "unknown_review_task"
    title = "Unknown review task"


@dataclass(frozen=True, slots=True)
class Case:
    """What may come with an answer: a reason code (`matching.reasons`), and the correlation id of something greater that it is part of."""

    reason_code: str = ""
    correlation_id: str = ""


def find(tasks: Any, task_id: int) -> ReviewTask:
    """Find a task among `tasks`. Raises `UnknownTask`."""
    found: ReviewTask | None = tasks.filter(pk=task_id).first()
    if found is None:
        message = f"There is no review task {task_id}, or no more: a record that it was about was erased."
        raise UnknownTask(message, task=task_id)
    return found


def open_task(task_id: int, version: int | None, *, lock: bool = False) -> ReviewTask:
    """Find an open task of this version, if one is given. Raises `UnknownTask`, and `StaleWrite` where it has changed since."""
    task = find(ReviewTask.objects.select_for_update() if lock else ReviewTask.objects.all(), task_id)
    if task.state != TaskState.OPEN or (version is not None and version != task.version):
        message = f"Review task {task_id} has changed since you opened it: it is {task.get_state_display()} now."
        raise StaleWrite(message, remedy="Look at it again before you decide.", task=task_id, state=task.state)
    return task
