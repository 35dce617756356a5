"""What stewards said of pairs of records, and what follows from it for golden records. Written here alone.

A judgement binds the two records wherever they are, and with them the golden records that they belong to: if a is in A, b in B
and a is DIFFERENT from b, then A and B are different, whoever else joins them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from golden_records import history
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.models import MergeReceipt, MoveReceipt
from matching.models import Judgement, JudgementValue, ReviewTask, TaskState

GoldenPair = tuple[UUID, UUID]
Pair = tuple[int, int]
"""Two source records, the one with the smaller id first."""


def standing(entity: EntityType, record_ids: Iterable[int]) -> "list[Judgement]":
    """Give the judgements in force that name one of these records. One statement."""
    ids = list(record_ids)
    named = Q(left_record_id__in=ids) | Q(right_record_id__in=ids)
    return list(Judgement.objects.filter(named, entity=entity.name, withdrawn_at__isnull=True))


def all_standing(entity: EntityType, value: JudgementValue) -> list[tuple[int, int]]:
    """Give every pair of records that stewards gave this answer."""
    rows = Judgement.objects.filter(entity=entity.name, withdrawn_at__isnull=True, value=value)
    return list(rows.order_by("id").values_list("left_record_id", "right_record_id"))


def judge(task: ReviewTask, *, value: JudgementValue, comment: str, change: Change) -> Judgement:
    """Write what a steward says of a task's pair; an earlier answer on the pair gives way and is kept as withdrawn."""
    pair = (task.left_record_id, task.right_record_id)
    earlier = Judgement.objects.filter(entity=task.entity, left_record_id=pair[0], right_record_id=pair[1], withdrawn_at__isnull=True)
    take_back(list(earlier), change=change)
    return _write([_said(task.entity, pair, value, comment, change, task=task)], change)[0]


def follow_from(receipt: MergeReceipt | MoveReceipt, said: Mapping[Pair, JudgementValue], *, change: Change) -> list[Judgement]:
    """Write what a merge, a split or a move by hand says of pairs of records; no judgement on them may stand. `change` has the reason."""
    by: dict[str, Any] = {"merge": receipt} if isinstance(receipt, MergeReceipt) else {"move": receipt}
    return _write([_said(receipt.entity, pair, value, change.reason, change, **by) for pair, value in sorted(said.items())], change)


def say(entity: EntityType, pair: Pair, *, value: JudgementValue, change: Change) -> tuple[Judgement, list[int]]:
    """Write what a steward says of two records that nothing asks about; `change` has the reason.

    Gives the judgement, and the ids of earlier ones on the pair that give way to it, kept as withdrawn.
    """
    on_it = Judgement.objects.filter(entity=entity.name, left_record_id=pair[0], right_record_id=pair[1], withdrawn_at__isnull=True)
    earlier = list(on_it)
    take_back(earlier, change=change)
    said = _write([_said(entity.name, pair, value, change.reason, change)], change)[0]
    return said, [each.pk for each in earlier]


def withdraw_of_task(task: ReviewTask, *, change: Change) -> None:
    """Take back what was said on a task."""
    take_back(list(Judgement.objects.filter(task=task, withdrawn_at__isnull=True)), change=change)


def of_receipt(receipt: MergeReceipt | MoveReceipt) -> list[Judgement]:
    """Give what followed from a merge, a split or a move by hand and still stands."""
    by = {"merge": receipt} if isinstance(receipt, MergeReceipt) else {"move": receipt}
    return list(Judgement.objects.filter(**by, withdrawn_at__isnull=True).order_by("id"))


def take_back(judgements: Sequence[Judgement], *, change: Change) -> None:
    """Let judgements no longer stand; they are kept, with who took them back and when."""
    for judgement in judgements:
        judgement.withdrawn_at, judgement.withdrawn_by_id, judgement.taken_back_by = change.at, change.user_id, change.actor
    _change(judgements, change)


def stand_again(entity: EntityType, ids: Collection[int], *, change: Change) -> None:
    """Let judgements stand again that gave way to something that was taken back, as far as that is still so.

    Not those whose own task, merge or move was taken back as well, those on whose pair another one stands, and those that say otherwise
    than where the records are now.
    """
    rows = Judgement.objects.filter(pk__in=ids, withdrawn_at__isnull=False).select_related("task", "merge", "move")
    given_way = [each for each in rows.order_by("id") if _is_meant(each)]
    if not given_way:
        return
    records = {record_id for each in given_way for record_id in _pair(each)}
    home = dict(entity.records.filter(pk__in=records).values_list("id", "golden_id"))
    taken = {_pair(each) for each in standing(entity, records)}
    back = []
    for each in given_way:
        left, right = (home.get(record_id) for record_id in _pair(each))
        fits = each.value == JudgementValue.UNSURE or (left == right) == (each.value == JudgementValue.SAME)
        if _pair(each) not in taken and fits and None not in (left, right):
            each.withdrawn_at, each.withdrawn_by_id, each.taken_back_by = None, None, ""
            taken.add(_pair(each))
            back.append(each)
    _change(back, change)


def _is_meant(judgement: Judgement) -> bool:
    """Whether what a judgement was part of still stands."""
    task = judgement.task
    answered = task is None or (task.state == TaskState.DECIDED and task.answer == judgement.value)
    acts = (judgement.merge, judgement.move)
    return answered and all(act is None or act.undone_at is None for act in acts)


def _pair(judgement: Judgement) -> Pair:
    return judgement.left_record_id, judgement.right_record_id


def _said(entity: str, pair: Pair, value: JudgementValue, comment: str, change: Change, **of: Any) -> Judgement:
    signed: dict[str, Any] = {"steward_id": change.user_id, "judged_by": change.actor, "judged_at": change.at}
    return Judgement(entity=entity, left_record_id=pair[0], right_record_id=pair[1], value=value, comment=comment, **signed, **of)


def _write(judgements: Sequence[Judgement], change: Change) -> list[Judgement]:
    written = Judgement.objects.bulk_create(judgements)
    history.write_history(Judgement, written, change=change, kind="+")
    return written


def _change(judgements: Sequence[Judgement], change: Change) -> None:
    if judgements:
        Judgement.objects.bulk_update(judgements, ["withdrawn_at", "withdrawn_by", "taken_back_by"], batch_size=1_000)
        history.write_history(Judgement, judgements, change=change, kind="~")


def judged_pairs(entity: EntityType, golden_of: Mapping[int, UUID], values: Iterable[JudgementValue]) -> dict[GoldenPair, list[Judgement]]:
    """Give the pairs of golden records between whose members one of these answers stands; `golden_of` maps their members."""
    wanted = set(values)
    found: dict[GoldenPair, list[Judgement]] = {}
    for judgement in standing(entity, golden_of):
        left, right = golden_of.get(judgement.left_record_id), golden_of.get(judgement.right_record_id)
        if judgement.value in wanted and left is not None and right is not None and left != right:
            found.setdefault(golden_pair(left, right), []).append(judgement)
    return found


def chains(entity: EntityType, record_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """Give for each of these records the ones among them that people called the same, one through another; itself at least."""
    here = set(record_ids)
    found = {record_id: {record_id} for record_id in here}
    for said in standing(entity, here):
        pair = (said.left_record_id, said.right_record_id)
        if said.value == JudgementValue.SAME and here.issuperset(pair) and found[pair[0]] is not found[pair[1]]:
            found[pair[0]] |= found[pair[1]]
            found |= dict.fromkeys(found[pair[0]], found[pair[0]])
    return {record_id: frozenset(chain) for record_id, chain in found.items()}


def golden_pair(one: UUID, other: UUID) -> GoldenPair:
    """Give two canonical ids in the order in which pairs are kept."""
    return (one, other) if one < other else (other, one)
