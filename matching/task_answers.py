"""What an answer to one task does to golden records, and taking that back. Whoever calls holds all that it touches."""

from uuid import UUID

from golden_records import golden, merging
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import ForbiddenMerge, NothingToUndo
from golden_records.golden import Membership
from golden_records.merging import Terms
from golden_records.models import LinkSource, MergeReceipt, RecordState
from golden_records.models.golden import new_canonical_id
from golden_records.selectors import follow
from matching import judgements, review_queue
from matching.models import Judgement, JudgementValue, ReviewTask, TaskState
from matching.proposals import Said


def carry_out(entity: EntityType, task: ReviewTask, said: Said, change: Change) -> None:
    """Do what an answer says; the caller holds all."""
    assert said.answer is not None  # noqa: S101 - whoever calls has one
    judgement = judgements.judge(task, value=said.answer, comment=said.comment, change=change)
    touched = {task.left_golden_id, task.right_golden_id}
    if task.is_within_one:
        touched |= {_part(entity, task, change)} if said.answer == JudgementValue.DIFFERENT else set()
    elif said.answer == JudgementValue.SAME:
        task.merge = _merge(entity, task, judgement, change)
    task.state, task.answer, task.comment, task.reason_code = TaskState.DECIDED, said.answer, said.comment, said.reason_code
    task.decided_by_id, task.decided_at = change.user_id, change.at
    task.deferred_until, task.note = None, ""
    review_queue.save(task, change=change)
    if task.merge is not None or len(touched) > len({task.left_golden_id, task.right_golden_id}):
        review_queue.realign(entity, touched, change=change)


def take_back(entity: EntityType, task: ReviewTask, held: set[UUID], change: Change) -> None:
    """Undo what an answer did; the caller holds all."""
    judgements.withdraw_of_task(task, change=change)
    if task.merge is not None:
        unmerge(entity, task.merge, change, pair=(task.left_record_id, task.right_record_id))
    task.answer, task.merge, task.decided_by, task.decided_at, task.reason_code = None, None, None, None, ""
    review_queue.ask_again(entity, task)
    review_queue.save(task, change=change)
    review_queue.realign(entity, held | {task.left_golden_id, task.right_golden_id}, change=change)


def unmerge(entity: EntityType, receipt: MergeReceipt, change: Change, *, pair: tuple[int, int] | None = None) -> None:
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
