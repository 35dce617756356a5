"""The open questions: which are asked, and how they follow when golden records merge or come apart. Written here alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q

from golden_records import history
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.models import RecordState
from matching.judgements import GoldenPair, golden_pair, judged_pairs
from matching.models import JudgementValue, MatchDecision, ReviewTask, TaskKind, TaskState

_SETTLED: Final = (JudgementValue.DIFFERENT, JudgementValue.UNSURE)
_ALIGNED: Final = ("left_golden_id", "right_golden_id", "state", "version")


@dataclass(frozen=True, slots=True)
class AskedPair:
    """Two records in different golden records that might be one; a decision on the pair is stored."""

    left_record_id: int
    right_record_id: int
    kind: TaskKind


def ask(entity: EntityType, pairs: Sequence[AskedPair], *, change: Change) -> list[ReviewTask]:
    """Open a task for each pair of golden records that these pairs of records put in doubt: the strongest pair speaks for all.

    Not asked: what is open already, and what a steward has answered DIFFERENT or UNSURE on any members of the two. A constant
    number of statements. The caller holds the golden records.
    """
    if not pairs:
        return []
    asked = {record_id for pair in pairs for record_id in (pair.left_record_id, pair.right_record_id)}
    golden_ids = set(entity.records.filter(id__in=asked).values_list("golden_id", flat=True))
    members = _members(entity, golden_ids - {None})
    best = _best_of_each(entity, pairs, members)
    settled = judged_pairs(entity, members, _SETTLED).keys() | _open_pairs(entity, best)
    tasks = [
        ReviewTask(
            entity=entity.name,
            kind=kind,
            left_golden_id=left,
            right_golden_id=right,
            left_record_id=decision.left_record_id,
            right_record_id=decision.right_record_id,
            decision=decision,
            probability=decision.probability,
            opened_at=change.at,
        )
        for (left, right), (decision, kind) in sorted(best.items())
        if (left, right) not in settled
    ]
    ReviewTask.objects.bulk_create(tasks, batch_size=1_000)
    history.write_history(ReviewTask, tasks, change=change, kind="+")
    return tasks


def save_answer(task: ReviewTask, *, change: Change) -> None:
    """Write a task that was answered, or whose answer was taken back."""
    task.version += 1
    ReviewTask.objects.bulk_update(
        [task], ["state", "answer", "comment", "decided_by", "decided_at", "merge", "version", "left_golden_id", "right_golden_id"]
    )
    history.write_history(ReviewTask, [task], change=change, kind="~")


def realign(entity: EntityType, golden_ids: Iterable[UUID], *, change: Change) -> None:
    """Let the unanswered questions of these golden records follow their records, after a merge or its undoing.

    A question whose records came together, that another one asks too, or that a judgement settles, is obsolete; one whose records
    came apart again is open again.
    """
    members = _members(entity, golden_ids)
    named = Q(left_record_id__in=members) | Q(right_record_id__in=members)
    tasks = list(ReviewTask.objects.filter(named, entity=entity.name, state__in=(TaskState.OPEN, TaskState.OBSOLETE)))
    others = {record_id for task in tasks for record_id in (task.left_record_id, task.right_record_id)} - members.keys()
    golden_of = members | _goldens_of(entity, others)
    settled = judged_pairs(entity, golden_of, _SETTLED).keys()
    taken: set[GoldenPair] = set()
    changed = [task for task in sorted(tasks, key=_first_asked) if _align(task, golden_of, settled, taken)]
    # First those that make room, or two open questions would for a moment be on one pair.
    for state in (TaskState.OBSOLETE, TaskState.OPEN):
        ReviewTask.objects.bulk_update([task for task in changed if task.state == state], _ALIGNED)
    history.write_history(ReviewTask, changed, change=change, kind="~")


def _align(task: ReviewTask, golden_of: Mapping[int, UUID], settled: Iterable[GoldenPair], taken: set[GoldenPair]) -> bool:
    before = (task.state, task.left_golden_id, task.right_golden_id)
    left, right = golden_of.get(task.left_record_id), golden_of.get(task.right_record_id)
    pair = golden_pair(left, right) if left and right and left != right else None
    if pair is None or pair in settled or pair in taken:
        task.state = TaskState.OBSOLETE
    else:
        taken.add(pair)
        task.state = TaskState.OPEN
        task.left_golden_id, task.right_golden_id = pair
    if (task.state, task.left_golden_id, task.right_golden_id) == before:
        return False
    task.version += 1
    return True


def _first_asked(task: ReviewTask) -> tuple[bool, float, int]:
    return task.state != TaskState.OPEN, -task.probability, task.pk


def _members(entity: EntityType, golden_ids: Iterable[UUID]) -> dict[int, UUID]:
    rows = entity.records.filter(golden_id__in=list(golden_ids), state=RecordState.ACTIVE)
    return dict(rows.values_list("id", "golden_id"))


def _goldens_of(entity: EntityType, record_ids: Iterable[int]) -> dict[int, UUID]:
    rows = entity.records.filter(id__in=list(record_ids), golden_id__isnull=False)
    return dict(rows.values_list("id", "golden_id"))


def _best_of_each(
    entity: EntityType, pairs: Sequence[AskedPair], golden_of: Mapping[int, UUID]
) -> dict[GoldenPair, tuple[MatchDecision, TaskKind]]:
    kinds = {tuple(sorted((pair.left_record_id, pair.right_record_id))): pair.kind for pair in pairs}
    decisions = MatchDecision.objects.filter(
        entity=entity.name, left_record_id__in={left for left, _ in kinds}, right_record_id__in={right for _, right in kinds}
    )
    best: dict[GoldenPair, tuple[MatchDecision, TaskKind]] = {}
    for decision in decisions.order_by("probability", "weight", "-id"):
        kind = kinds.get((decision.left_record_id, decision.right_record_id))
        left, right = golden_of.get(decision.left_record_id), golden_of.get(decision.right_record_id)
        if kind and left and right and left != right:
            best[golden_pair(left, right)] = (decision, kind)
    return best


def _open_pairs(entity: EntityType, pairs: Iterable[GoldenPair]) -> set[GoldenPair]:
    wanted = list(pairs)
    rows = ReviewTask.objects.filter(entity=entity.name, state=TaskState.OPEN, left_golden_id__in=[left for left, _ in wanted])
    return set(rows.values_list("left_golden_id", "right_golden_id"))
