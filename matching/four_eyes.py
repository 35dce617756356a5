"""What takes two stewards: where it does, and what the second one may say. Without a rule, one steward is enough.

An answer to a question waits for the second one. What is done by hand (merges, splits, moves, their undoing, keeping two apart, taking a
mark off) has no such road: there it is refused, but to who may overrule.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User

from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import MdmError, StaleWrite
from matching import asked, proposals, review_queue
from matching.claims import release
from matching.covering import Matter, covered, rules_in_force
from matching.locks import MatchGuard, in_transaction
from matching.models import WITHIN_ONE, FourEyesRule, Proposal, ProposalState, ReviewTask, TaskState
from matching.stewards import by_steward

MAY_OVERRULE: Final = "matching.overrule_foureyesrule"
_LEAD: Final = "Ask a lead steward: who may overrule four eyes does it alone, and the history says so."


class AwaitsSecond(MdmError):
    """An answer was given already, and waits for a second steward."""

    code = "awaits_second_steward"
    title = "Waits for a second steward"


class NeedsSecond(MdmError):
    """This takes two people, so no program and no other page may do it."""

    code = "needs_second_steward"
    title = "It takes two stewards"


class OwnProposal(MdmError):
    """Nobody is the second to oneself; and only who proposed may withdraw."""

    code = "own_proposal"
    title = "Not for this person to say"


def asked_of(tasks: Sequence[ReviewTask]) -> Mapping[int, FourEyesRule]:
    """Give the tasks that take two stewards, with the rule that says so, by what is at stake in them and confirmed now."""
    return covered({task.pk: Matter(task.entity, frozenset((task.left_golden_id, task.right_golden_id))) for task in tasks})


def takes_two(task: ReviewTask, *, touched: Collection[UUID] = ()) -> bool:
    """Whether one steward's answer to this question is not enough, or taking it back, which reaches the golden records `touched` too."""
    return over(task.entity, {task.left_golden_id, task.right_golden_id, *touched}) is not None


def over(entity: str, golden_ids: Collection[UUID], *, by_marks: bool = False) -> FourEyesRule | None:
    """Give the rule that covers what is done to these golden records, if one does; with `by_marks`, one that goes by what is confirmed."""
    rules = [rule for rule in rules_in_force() if rule.only_confirmed or not by_marks]
    return covered({0: Matter(entity, frozenset(golden_ids))}, rules).get(0)


def by_one(entity: EntityType, golden_ids: Collection[UUID], *, change: Change, overrules: bool = False) -> Change:
    """Let one person do something to golden records by hand; gives the change as it is kept, which says where that person `overrules`.

    Whether that is allowed is for the caller to know. Raises `NeedsSecond` where a rule covers them.
    """
    return _kept(over(entity.name, golden_ids), change, overrules=overrules, instead=lambda: _question_on(entity, golden_ids))


def uncover(entity: EntityType, golden_ids: Collection[UUID], *, change: Change, overrules: bool = False) -> Change:
    """Do as `by_one` for who takes the mark of golden records off, where a rule covers them for a mark: else that were the way around."""
    return _kept(over(entity.name, golden_ids, by_marks=True), change, overrules=overrules, instead=lambda: _LEAD)


def _kept(rule: FourEyesRule | None, change: Change, *, overrules: bool, instead: Callable[[], str]) -> Change:
    if rule is None:
        return change
    if not overrules:
        why = rule.reason.rstrip(".")
        message = f"It takes two stewards to do this to these golden records: {why}."
        raise NeedsSecond(message, remedy=instead(), rule=rule.pk)
    return replace(change, reason=f"{change.reason} (alone, where it takes two)")


def _question_on(entity: EntityType, golden_ids: Collection[UUID]) -> str:
    """Say which question has two stewards do it; where there is none, who does it alone."""
    tasks = ReviewTask.objects.filter(entity=entity.name, state=TaskState.OPEN, left_golden_id__in=golden_ids)
    asked_already = tasks.filter(right_golden_id__in=golden_ids).exclude(kind__in=WITHIN_ONE).values_list("pk", flat=True).first()
    return f"Answer review task {asked_already}: a second steward agrees there." if asked_already else _LEAD


def refuse_waiting(task: ReviewTask) -> None:
    """Raise `AwaitsSecond` where an answer waits already."""
    proposal = proposals.waiting(task)
    if proposal is not None:
        name = proposal.proposed_by.get_username()
        message = f"{name} has answered review task {task.pk}, and the answer waits for a second steward."
        raise AwaitsSecond(message, remedy="Agree or disagree on the page of the task.", task=task.pk, proposal=proposal.pk)


def standing(task: ReviewTask, version: int | None) -> Proposal:
    """Give the proposal that waits on a task as somebody saw it. Raises `StaleWrite` where it is no longer so."""
    found = proposals.waiting(task)
    if found is None or (version is not None and version != task.version):
        message = f"Review task {task.pk} has changed since you opened it."
        raise StaleWrite(message, remedy="Look at it again.", task=task.pk, state=task.state)
    return found


def refuse_own(proposal: Proposal, user: User) -> None:
    """Raise `OwnProposal` where the second would be the first."""
    if proposal.proposed_by_id == user.pk:
        message = "It takes another steward than the one who answered."
        raise OwnProposal(message, remedy="Ask a colleague, or withdraw your answer.", proposal=proposal.pk)


def disagree(task_id: int, *, user: User, comment: str = "", version: int | None = None, hand_to: User | None = None) -> ReviewTask:
    """Turn a first answer down: the question is as it was before, with both opinions kept; `hand_to` says who is to settle it.

    Raises `OwnProposal` and `StaleWrite`.
    """

    def work(guard: MatchGuard) -> ReviewTask:
        del guard
        task = asked.find(ReviewTask.objects.select_for_update(), task_id)
        proposal = standing(task, version)
        refuse_own(proposal, user)
        answered = f"disagreed with {proposal.proposed_by.get_username()} on review task {task_id}"
        change = by_steward(user, answered + (f": {comment}" if comment else ""))
        proposals.close(proposal, ProposalState.DISAGREED, change=change, said=comment)
        task.awaits_second = False
        if hand_to is not None:
            task.assignee, task.note = hand_to, comment
        review_queue.save(task, change=change)
        release(task_id)
        return task

    return in_transaction(work)


def withdraw(task_id: int, *, user: User, version: int | None = None) -> ReviewTask:
    """Take one's own answer back before anybody agreed. Raises `OwnProposal` where it is somebody else's, and `StaleWrite`."""

    def work(guard: MatchGuard) -> ReviewTask:
        del guard
        task = asked.find(ReviewTask.objects.select_for_update(), task_id)
        proposal = standing(task, version)
        if proposal.proposed_by_id != user.pk:
            message = "Only who answered may withdraw the answer."
            raise OwnProposal(message, remedy="Agree or disagree.", proposal=proposal.pk)
        change = by_steward(user, f"withdrew the answer on review task {task_id}")
        proposals.close(proposal, ProposalState.WITHDRAWN, change=change)
        task.awaits_second = False
        review_queue.save(task, change=change)
        return task

    return in_transaction(work)
