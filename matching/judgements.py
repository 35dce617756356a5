"""What stewards said of pairs of records, and what follows from it for golden records. Written here alone.

A judgement binds the two records wherever they are, and with them the golden records that they belong to: if a is in A, b in B
and a is DIFFERENT from b, then A and B are different, whoever else joins them.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from golden_records import history
from golden_records.change import Change
from golden_records.entities import EntityType
from matching.models import Judgement, JudgementValue, ReviewTask

GoldenPair = tuple[UUID, UUID]


def standing(entity: EntityType, record_ids: Iterable[int]) -> "list[Judgement]":
    """Give the judgements in force that name one of these records. One statement."""
    ids = list(record_ids)
    named = Q(left_record_id__in=ids) | Q(right_record_id__in=ids)
    return list(Judgement.objects.filter(named, entity=entity.name, withdrawn_at__isnull=True))


def all_standing(entity: EntityType, value: JudgementValue) -> list[tuple[int, int]]:
    """Give every pair of records that stewards gave this answer."""
    rows = Judgement.objects.filter(entity=entity.name, withdrawn_at__isnull=True, value=value)
    return list(rows.order_by("id").values_list("left_record_id", "right_record_id"))


def judge(task: ReviewTask, *, value: JudgementValue, user: User, comment: str, change: Change) -> Judgement:
    """Write what a steward says of a task's pair; an earlier answer on the pair gives way and is kept as withdrawn."""
    earlier = Judgement.objects.filter(
        entity=task.entity,
        left_record_id=task.left_record_id,
        right_record_id=task.right_record_id,
        withdrawn_at__isnull=True,
    )
    _withdraw(list(earlier), user=user, change=change)
    judgement = Judgement.objects.bulk_create(
        [
            Judgement(
                entity=task.entity,
                left_record_id=task.left_record_id,
                right_record_id=task.right_record_id,
                value=value,
                task=task,
                steward=user,
                comment=comment,
                judged_at=change.at,
            )
        ]
    )[0]
    history.write_history(Judgement, [judgement], change=change, kind="+")
    return judgement


def withdraw_of_task(task: ReviewTask, *, user: User, change: Change) -> None:
    """Take back what was said on a task."""
    _withdraw(list(Judgement.objects.filter(task=task, withdrawn_at__isnull=True)), user=user, change=change)


def _withdraw(judgements: list[Judgement], *, user: User, change: Change) -> None:
    for judgement in judgements:
        judgement.withdrawn_at, judgement.withdrawn_by = change.at, user
    if judgements:
        Judgement.objects.bulk_update(judgements, ["withdrawn_at", "withdrawn_by"])
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
