"""Review tasks and judgements: the questions to stewards, their answers, and taking answers back. Written here alone."""

from typing import Final
from uuid import UUID

from django.contrib.auth.models import User

from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import NothingToUndo
from golden_records.models import MergeReceipt
from golden_records.selectors import follow
from matching import asked, claims, four_eyes, judgements, proposals, reasons, review_queue, task_answers
from matching.asked import Case, open_task
from matching.locks import MatchGuard, Restart, in_transaction
from matching.models import JudgementValue, ProposalState, ReviewTask, TaskState
from matching.proposals import Said
from matching.stewards import by_steward

NO_CASE: Final = Case()

UnknownTask = asked.UnknownTask


def decide(
    task_id: int, *, answer: JudgementValue, user: User, comment: str = "", version: int | None = None, case: Case = NO_CASE
) -> ReviewTask:
    """Answer a review task. SAME merges its two golden records, DIFFERENT keeps them apart for good, UNSURE sets it aside.

    Where it asks whether two records of one golden record still belong together, SAME keeps them, whatever the evidence becomes, and
    DIFFERENT parts them: of the two, the one with fewer others that people called the same, then the younger, gets a new canonical id.

    Everything that follows is in one transaction: the judgement, the merge with its receipt, and the other open tasks that the
    merge moves or settles. Where it takes two stewards (`matching.four_eyes`), nothing follows yet: the task is open still, and has
    `awaits_second`. `version` is that of the task as the steward saw it. Raises `StaleWrite` when the task has changed since,
    `ForbiddenMerge` when an earlier judgement says that the two are different, `TaskClaimed` while another steward has it,
    and `AwaitsSecond` where an answer waits already.
    """

    def work(guard: MatchGuard) -> ReviewTask:
        task, entity = _held_open(guard, task_id, version)
        claims.refuse_others(task_id, user)
        four_eyes.refuse_waiting(task)
        said = Said(answer, comment, reasons.fitting(case.reason_code, answer))
        if four_eyes.takes_two(task):
            change = by_steward(user, f"proposed {_reason(said, task)}", correlation_id=case.correlation_id)
            proposals.propose(task, said, change=change)
            review_queue.save(task, change=change)
        else:
            task_answers.carry_out(entity, task, said, by_steward(user, _reason(said, task), correlation_id=case.correlation_id))
        claims.release(task_id)
        return task

    return in_transaction(work)


def agree(task_id: int, *, user: User, comment: str = "", version: int | None = None) -> ReviewTask:
    """Be the second steward, and let what the first one said be done now: an answer, or taking one back.

    Raises `OwnProposal` for the first one, `StaleWrite` where nothing waits any more, and what `decide` and `undo` raise.
    """

    def work(guard: MatchGuard) -> ReviewTask:
        task, entity, held = _held(guard, task_id)
        proposal = four_eyes.standing(task, version)
        four_eyes.refuse_own(proposal, user)
        said = Said(JudgementValue(proposal.answer) if proposal.answer else None, proposal.comment, proposal.reason_code)
        change = by_steward(user, f"{_reason(said, task)} (proposed by {proposal.proposed_by.get_username()})")
        proposals.close(proposal, ProposalState.AGREED, change=change, said=comment)
        task.awaits_second = False
        if said.answer is None:
            task_answers.take_back(entity, task, held, change)
        else:
            task_answers.carry_out(entity, task, said, change)
        claims.release(task_id)
        return task

    return in_transaction(work)


def undo(task_id: int, *, user: User | None = None, change: Change | None = None) -> ReviewTask:
    """Take an answer back: its judgement no longer stands, its merge is undone, and the question is open again.

    What came to the surviving golden record since stays there, but for records that people called the same as one that leaves. Two
    records that an answer parted stay apart, and it is asked whether they are one. `change` says who takes it back and why, where that is
    not the `user` alone. An answer of the user's own that waits for a second steward is withdrawn. Where it takes two stewards, it is
    proposed to take the answer back, and the task is decided still. Raises `NothingToUndo` when the task is not decided,
    its merge was undone already, or later judgements hold the two together all the same; `NeedsSecond` where a program asks for what
    takes two.
    """
    own = ReviewTask.objects.filter(pk=task_id, awaits_second=True).first() if user is not None else None
    if own is not None and user is not None and (first := proposals.waiting(own)) and first.proposed_by_id == user.pk:
        return four_eyes.withdraw(task_id, user=user)

    def work(guard: MatchGuard) -> ReviewTask:
        task, entity, held = _held(guard, task_id)
        if task.state != TaskState.DECIDED:
            message = f"Review task {task_id} has no answer to take back."
            raise NothingToUndo(message, task=task_id)
        four_eyes.refuse_waiting(task)
        told = change or _by(user, f"undo of '{task.answer}' on review task {task_id}")
        if not four_eyes.takes_two(task, touched=held):
            task_answers.take_back(entity, task, held, told)
            return task
        if user is None:
            message = f"It takes two stewards to take the answer to review task {task_id} back."
            raise four_eyes.NeedsSecond(message, remedy="Take it back on the page of the task.", task=task_id)
        proposals.propose(task, Said(None), change=told)
        review_queue.save(task, change=told)
        return task

    return in_transaction(work)


def undo_merge(receipt_id: int, *, user: User | None = None, change: Change | None = None, overrules: bool = False) -> MergeReceipt:
    """Take a merge back, with the review task whose answer it was, or the judgement that it left. `user` and `change` as in `undo`.

    Where it takes two stewards, that is proposed on the task, and told by `NeedsSecond`; a merge by hand is taken back only by one who may
    overrule that, and does (`overrules`).
    """
    task = ReviewTask.objects.filter(merge_id=receipt_id, state=TaskState.DECIDED).first()
    if task is not None:
        if undo(task.pk, user=user, change=change).awaits_second:
            message = f"It takes two stewards: that you want to take the answer to review task {task.pk} back waits for a second one."
            raise four_eyes.NeedsSecond(message, remedy="Ask a colleague to agree on the page of the task.", task=task.pk)
        return MergeReceipt.objects.get(pk=receipt_id)

    def work(guard: MatchGuard) -> MergeReceipt:
        receipt = MergeReceipt.objects.get(pk=receipt_id)
        entity = entity_type(receipt.entity)
        guard.enter(entity)
        held = _undone(entity, receipt)
        guard.goldens(entity, held)
        _check_held(held, _undone(entity, receipt))
        guard.records(entity, review_queue.neighbours(entity, held))
        told = change or _by(user, f"undo of merge {receipt_id}")
        told = four_eyes.by_one(entity, held, change=told, overrules=overrules)
        said = judgements.of_receipt(receipt)
        judgements.take_back(said, change=told)
        pair = (said[0].left_record_id, said[0].right_record_id) if said else None
        task_answers.unmerge(entity, receipt, told, pair=pair)
        judgements.stand_again(entity, receipt.set_aside, change=told)
        review_queue.realign(entity, held, change=told)
        return receipt

    return in_transaction(work)


def _by(user: User | None, reason: str) -> Change:
    assert user is not None  # noqa: S101 - whoever calls names one of the two
    return by_steward(user, reason)


def _held_open(guard: MatchGuard, task_id: int, version: int | None) -> tuple[ReviewTask, EntityType]:
    """Lock all that an answer to an open task reads or changes, and give the task as it is then."""
    task = open_task(task_id, version)
    entity = entity_type(task.entity)
    guard.enter(entity)
    held = _touched(entity, task)
    guard.goldens(entity, held)
    task = open_task(task_id, version)
    _check_held(held, _touched(entity, task))
    guard.records(entity, review_queue.neighbours(entity, held))
    return open_task(task_id, version, lock=True), entity


def _held(guard: MatchGuard, task_id: int) -> tuple[ReviewTask, EntityType, set[UUID]]:
    """Lock all that taking an answer back, or a second answer, reads or changes; give the task as it is then, and the golden records."""
    tasks = ReviewTask.objects.select_related("merge")
    task = asked.find(tasks, task_id)
    entity = entity_type(task.entity)
    guard.enter(entity)
    held = _touched(entity, task)
    guard.goldens(entity, held)
    _check_held(held, _touched(entity, asked.find(tasks, task_id)))
    guard.records(entity, review_queue.neighbours(entity, held))
    return asked.find(tasks.select_for_update(of=("self",)), task_id), entity, held


def _touched(entity: EntityType, task: ReviewTask) -> set[UUID]:
    """Give the golden records that an answer to a task, or taking it back, reads or changes: also where its records are now."""
    homes = entity.records.filter(pk__in=(task.left_record_id, task.right_record_id), golden__isnull=False)
    undone = _undone(entity, task.merge) if task.merge is not None else set()
    return {task.left_golden_id, task.right_golden_id, *homes.values_list("golden_id", flat=True)} | undone


def _undone(entity: EntityType, receipt: MergeReceipt) -> set[UUID]:
    # The survivor may have been merged into another one since: that is where the records are now.
    return {receipt.survivor_id, receipt.absorbed_id, follow(entity, receipt.survivor_id).pk}


def _check_held(held: set[UUID], touched: set[UUID]) -> None:
    """Start over where others, before the locks were had, made more golden records touched than those that are held.

    Locking more of them now would break the order of ids.
    """
    if not touched <= held:
        raise Restart


def _reason(said: Said, task: ReviewTask) -> str:
    what = f"'{said.answer}' on review task {task.pk}" if said.answer else f"undo of '{task.answer}' on review task {task.pk}"
    return what + (f": {said.comment}" if said.comment else "")
