"""Review tasks and judgements: the questions to stewards, their answers, and taking answers back. Written here alone."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from golden_records import golden, merging
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import ForbiddenMerge, MdmError, NothingToUndo, StaleWrite
from golden_records.golden import Membership
from golden_records.merging import Terms
from golden_records.models import LinkSource, MergeReceipt, RecordState
from golden_records.models.golden import new_canonical_id
from golden_records.selectors import follow
from matching import judgements, review_queue
from matching.locks import MatchGuard, Restart, in_transaction
from matching.models import Judgement, JudgementValue, ReviewTask, TaskState


class UnknownTask(MdmError):
    """There is no review task of this number: there never was, or what it was about was erased."""

    code = "unknown_review_task"
    title = "Unknown review task"


def decide(task_id: int, *, answer: JudgementValue, user: User, comment: str = "", version: int | None = None) -> ReviewTask:
    """Answer a review task. SAME merges its two golden records, DIFFERENT keeps them apart for good, UNSURE sets it aside.

    Where it asks whether two records of one golden record still belong together, SAME keeps them, whatever the evidence becomes, and
    DIFFERENT parts them: of the two, the one with fewer others that people called the same, then the younger, gets a new canonical id.

    Everything that follows is in one transaction: the judgement, the merge with its receipt, and the other open tasks that the
    merge moves or settles. `version` is that of the task as the steward saw it. Raises `StaleWrite` when the task has changed since,
    `ForbiddenMerge` when an earlier judgement says that the two are different.
    """

    def work(guard: MatchGuard) -> ReviewTask:
        task = _open_task(task_id, version)
        entity = entity_type(task.entity)
        guard.enter(entity)
        held = _touched(entity, task)
        guard.goldens(entity, held)
        task = _open_task(task_id, version)
        _check_held(held, _touched(entity, task))
        guard.records(entity, review_queue.neighbours(entity, held))
        task = _open_task(task_id, version, lock=True)
        change = Change(actor=f"steward:{user.get_username()}", reason=_reason(answer, task, comment), user_id=user.pk)
        judgement = judgements.judge(task, value=answer, comment=comment, change=change)
        touched = {task.left_golden_id, task.right_golden_id}
        if task.is_within_one:
            touched |= {_part(entity, task, change)} if answer == JudgementValue.DIFFERENT else set()
        elif answer == JudgementValue.SAME:
            task.merge = _merge(entity, task, judgement, change)
        task.state, task.answer, task.comment = TaskState.DECIDED, answer, comment
        task.decided_by, task.decided_at = user, change.at
        review_queue.save_answer(task, change=change)
        if task.merge is not None or len(touched) > len({task.left_golden_id, task.right_golden_id}):
            review_queue.realign(entity, touched, change=change)
        return task

    return in_transaction(work)


def undo(task_id: int, *, user: User | None = None, change: Change | None = None) -> ReviewTask:
    """Take an answer back: its judgement no longer stands, its merge is undone, and the question is open again.

    What came to the surviving golden record since stays there, but for records that people called the same as one that leaves. Two
    records that an answer parted stay apart, and it is asked whether they are one. `change` says who takes it back and why, where that is
    not the `user` alone. Raises `NothingToUndo` when the task is not decided,
    its merge was undone already, or later judgements hold the two together all the same.
    """

    def work(guard: MatchGuard) -> ReviewTask:
        task = _task(ReviewTask.objects.select_related("merge"), task_id)
        entity = entity_type(task.entity)
        guard.enter(entity)
        held = _touched(entity, task)
        guard.goldens(entity, held)
        _check_held(held, _touched(entity, _task(ReviewTask.objects.select_related("merge"), task_id)))
        guard.records(entity, review_queue.neighbours(entity, held))
        task = _task(ReviewTask.objects.select_for_update(of=("self",)).select_related("merge"), task_id)
        if task.state != TaskState.DECIDED:
            message = f"Review task {task_id} has no answer to take back."
            raise NothingToUndo(message, task=task_id)
        told = change or _by(user, f"undo of '{task.answer}' on review task {task_id}")
        judgements.withdraw_of_task(task, change=told)
        if task.merge is not None:
            _unmerge(entity, task.merge, told, pair=(task.left_record_id, task.right_record_id))
        task.answer, task.merge, task.decided_by, task.decided_at = None, None, None, None
        review_queue.ask_again(entity, task)
        review_queue.save_answer(task, change=told)
        review_queue.realign(entity, held | {task.left_golden_id, task.right_golden_id}, change=told)
        return task

    return in_transaction(work)


def undo_merge(receipt_id: int, *, user: User | None = None, change: Change | None = None) -> MergeReceipt:
    """Take a merge back, with the review task whose answer it was, or the judgement that it left. `user` and `change` as in `undo`."""
    task = ReviewTask.objects.filter(merge_id=receipt_id, state=TaskState.DECIDED).first()
    if task is not None:
        undo(task.pk, user=user, change=change)
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
        said = judgements.of_receipt(receipt)
        judgements.take_back(said, change=told)
        pair = (said[0].left_record_id, said[0].right_record_id) if said else None
        _unmerge(entity, receipt, told, pair=pair)
        judgements.stand_again(entity, receipt.set_aside, change=told)
        review_queue.realign(entity, held, change=told)
        return receipt

    return in_transaction(work)


def _by(user: User | None, reason: str) -> Change:
    assert user is not None  # noqa: S101 - whoever calls names one of the two
    return Change(actor=f"steward:{user.get_username()}", reason=reason, user_id=user.pk)


def _touched(entity: EntityType, task: ReviewTask) -> set[UUID]:
    """Give the golden records that an answer to a task, or taking it back, reads or changes: also where its records are now."""
    homes = entity.records.filter(pk__in=(task.left_record_id, task.right_record_id), golden__isnull=False)
    undone = _undone(entity, task.merge) if task.merge is not None else set()
    return {task.left_golden_id, task.right_golden_id, *homes.values_list("golden_id", flat=True)} | undone


def _unmerge(entity: EntityType, receipt: MergeReceipt, change: Change, *, pair: tuple[int, int] | None = None) -> None:
    """Bring what was absorbed back, with the records that people tied to its own; the caller holds all, and has taken `pair` back."""
    present = follow(entity, receipt.survivor_id).pk
    chains = judgements.chains(entity, entity.records.filter(golden_id=present).values_list("id", flat=True))
    if pair is not None and pair[1] in chains.get(pair[0], ()):
        message = "Other judgements say that the two are the same, one through another."
        raise NothingToUndo(message, remedy="Take those back first.", merge=receipt.pk)
    merging.undo_merge(receipt, change=change, chains=chains)


def _part(entity: EntityType, task: ReviewTask, change: Change) -> UUID:
    """Part the two records of a task that are in one golden record, each with those that people called the same as it."""
    rows = dict(entity.records.filter(golden_id=task.left_golden_id).values_list("id", "state"))
    chains = judgements.chains(entity, rows)
    sides = [chains[task.left_record_id], chains[task.right_record_id]]
    if sides[0] == sides[1]:
        message = "Earlier judgements say that the two are the same, one through another."
        raise ForbiddenMerge(message, remedy="Take those back first.", task=task.pk)
    leaving = min(sides, key=lambda side: (sum(rows[each] == RecordState.ACTIVE for each in side), -min(side)))
    golden_id = new_canonical_id()
    parted = [Membership(record_id, golden_id, LinkSource.AUTO, {}, keeps_waiting=True) for record_id in sorted(leaving)]
    golden.assign(entity, parted, change=change)
    return golden_id


def _undone(entity: EntityType, receipt: MergeReceipt) -> set[UUID]:
    # The survivor may have been merged into another one since: that is where the records are now.
    return {receipt.survivor_id, receipt.absorbed_id, follow(entity, receipt.survivor_id).pk}


def _check_held(held: set[UUID], touched: set[UUID]) -> None:
    """Start over where others, before the locks were had, made more golden records touched than those that are held.

    Locking more of them now would break the order of ids.
    """
    if not touched <= held:
        raise Restart


def _task(tasks: Any, task_id: int) -> ReviewTask:
    found: ReviewTask | None = tasks.filter(pk=task_id).first()
    if found is None:
        message = f"There is no review task {task_id}, or no more: a record that it was about was erased."
        raise UnknownTask(message, task=task_id)
    return found


def _open_task(task_id: int, version: int | None, *, lock: bool = False) -> ReviewTask:
    tasks = ReviewTask.objects.select_for_update() if lock else ReviewTask.objects.all()
    task = _task(tasks, task_id)
    if task.state != TaskState.OPEN or (version is not None and version != task.version):
        message = f"Review task {task_id} has changed since you opened it: it is {task.get_state_display()} now."
        raise StaleWrite(message, remedy="Look at it again before you decide.", task=task_id, state=task.state)
    return task


def _reason(answer: JudgementValue, task: ReviewTask, comment: str) -> str:
    return f"'{answer}' on review task {task.pk}" + (f": {comment}" if comment else "")


def _merge(entity: EntityType, task: ReviewTask, judgement: Judgement, change: Change) -> MergeReceipt:
    """Merge the task's golden records into the older one, unless a steward said that members of them are different."""
    pair = (task.left_golden_id, task.right_golden_id)
    members = dict(entity.records.filter(golden_id__in=pair).values_list("id", "golden_id"))
    against = judgements.judged_pairs(entity, members, (JudgementValue.DIFFERENT,))
    if against:
        earlier = next(iter(against.values()))[0]
        message = f"{earlier.author} judged records of these two to be different on {earlier.judged_at:%Y-%m-%d}."
        raise ForbiddenMerge(message, remedy="Take that judgement back first.", judgement=earlier.pk, task=earlier.task_id)
    survivor, absorbed = pair  # UUIDv7: the smaller id is the older
    return merging.merge(entity, survivor_id=survivor, absorbed_id=absorbed, change=change, terms=Terms({"judgement": judgement.pk}))
