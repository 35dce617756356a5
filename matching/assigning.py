"""Handing questions to colleagues, and putting them off. Each leaves history: who, when and why."""

from collections.abc import Callable
from datetime import date
from typing import Final

from django.contrib.auth.models import User
from django.utils import timezone

from golden_records.errors import MdmError
from matching import claims, review_queue
from matching.asked import Case, open_task
from matching.four_eyes import refuse_waiting
from matching.locks import MatchGuard, in_transaction
from matching.models import ReviewTask
from matching.stewards import by_steward, colleagues

LONGEST_NOTE: Final = 2_000


class NotForNow(MdmError):
    """A question can't be put off to a day that has come, nor handed to who may not answer it."""

    code = "bad_assignment"
    title = "It can't be handed on or deferred so"


def hand(task_id: int, *, to: User | None, user: User, note: str = "", version: int | None = None, case: Case | None = None) -> ReviewTask:
    """Give a question to a colleague, or to nobody. Raises `NotForNow` for somebody who may not answer, `StaleWrite` and `TaskClaimed`."""
    if to is not None and not colleagues().filter(pk=to.pk).exists():
        message = f"{to.get_username()} may not answer review tasks."
        raise NotForNow(message, remedy="Choose a colleague who may.")
    told = f"handed to {to.get_username()}" if to else "handed back to all"

    def change(task: ReviewTask) -> None:
        task.assignee = to

    return _change(task_id, change, user=user, told=(told, note), version=version, case=case)


def defer(
    task_id: int, *, until: date | None, user: User, note: str = "", version: int | None = None, case: Case | None = None
) -> ReviewTask:
    """Take a question out of the queue until a day, on which it is there again by itself; without a day, bring it back now.

    Raises `NotForNow` for a day that has come, `StaleWrite` and `TaskClaimed`.
    """
    if until is not None and until <= timezone.localdate():
        message = f"{until:%Y-%m-%d} has come already."
        raise NotForNow(message, remedy="Choose a later day.")
    told = f"deferred until {until:%Y-%m-%d}" if until else "no longer deferred"

    def change(task: ReviewTask) -> None:
        task.deferred_until = until

    return _change(task_id, change, user=user, told=(told, note), version=version, case=case)


def _change(
    task_id: int,
    work: Callable[[ReviewTask], None],
    *,
    user: User,
    told: tuple[str, str],
    version: int | None,
    case: Case | None,
) -> ReviewTask:
    what, note = told

    def changed(guard: MatchGuard) -> ReviewTask:
        del guard
        task = open_task(task_id, version, lock=True)
        claims.refuse_others(task_id, user)
        refuse_waiting(task)
        work(task)
        task.note = note
        correlation_id = case.correlation_id if case else ""
        change = by_steward(user, what + (f": {note}" if note else ""), correlation_id=correlation_id)
        review_queue.save(task, change=change)
        claims.release(task_id)
        return task

    return in_transaction(changed)
