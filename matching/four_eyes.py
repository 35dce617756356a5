"""Questions that take two stewards: where they do, and what the second one may say. Without a rule, one steward is enough."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.contrib.auth.models import User

from golden_records.errors import MdmError, StaleWrite
from matching import asked, proposals, review_queue, valuing
from matching.claims import release
from matching.locks import MatchGuard, in_transaction
from matching.models import FourEyesRule, Proposal, ProposalState, ReviewTask
from matching.stewards import by_steward


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


def rules_in_force() -> list[FourEyesRule]:
    """Give the rules in force. One statement."""
    return list(FourEyesRule.objects.filter(is_active=True))


def covering(rules: Iterable[FourEyesRule], task: ReviewTask, value: Decimal) -> FourEyesRule | None:
    """Give the first rule that a task falls under, where `value` is at stake."""
    fits = (rule for rule in rules if rule.entity in {"", task.entity} and (rule.value_from is None or value >= rule.value_from))
    return next(fits, None)


def asked_of(tasks: Sequence[ReviewTask]) -> Mapping[int, FourEyesRule]:
    """Give the tasks that take two stewards, with the rule that says so, by what is at stake in them now."""
    rules = rules_in_force()
    if not rules:
        return {}
    values = valuing.stakes(tasks) if any(rule.value_from is not None for rule in rules) else {}
    found = {task.pk: covering(rules, task, values.get(task.pk, Decimal(0))) for task in tasks}
    return {key: rule for key, rule in found.items() if rule is not None}


def takes_two(task: ReviewTask) -> bool:
    """Whether one steward's answer to this question is not enough."""
    return task.pk in asked_of([task])


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
