"""The open questions: which are asked, and how they follow their records. Written here alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q

from golden_records import history
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.models import GoldenState, RecordState
from matching import proposals
from matching.judgements import GoldenPair, golden_pair, judged_pairs
from matching.models import Judgement, JudgementValue, MatchDecision, Outcome, ReviewTask, TaskKind, TaskState
from matching.worth import worth

_SETTLED: Final = (JudgementValue.DIFFERENT, JudgementValue.UNSURE)
_ALIGNED: Final = ("left_golden_id", "right_golden_id", "state", "version", "awaits_second", "valued_at")
_SAID: Final = ("kind", "state", "answer", "comment", "reason_code", "decided_by", "decided_at", "merge", "version")
_KEPT: Final = (*_SAID, "left_golden_id", "right_golden_id", "assignee", "deferred_until", "note", "awaits_second")


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
    homes = _homes(entity, entity.records.filter(id__any=asked).values("golden_id"))
    best = _best_of_each(entity, pairs, homes.active)
    settled = judged_pairs(entity, homes.all, _SETTLED).keys() | _open_pairs(entity, best)
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
            worth=worth(decision.probability, 0.0),
            left_source_id=homes.sources[decision.left_record_id],
            right_source_id=homes.sources[decision.right_record_id],
            opened_at=change.at,
        )
        for (left, right), (decision, kind) in sorted(best.items())
        if (left, right) not in settled
    ]
    ReviewTask.objects.bulk_create(tasks, batch_size=1_000)
    history.write_history(ReviewTask, tasks, change=change, kind="+")
    return tasks


def doubt(
    entity: EntityType, pairs: Sequence[tuple[int, int]], *, change: Change, kind: TaskKind = TaskKind.EVIDENCE_WEAKENED
) -> list[ReviewTask]:
    """Ask whether two records of one golden record still belong together; a decision on each pair is stored.

    `kind` says why: one that `is_within_one`. Not asked: what is open already, and what a steward has answered on the pair.
    """
    named = [(min(pair), max(pair)) for pair in pairs]
    if not named:
        return []
    of_pairs = {"entity": entity.name, "left_record_id__in": [left for left, _ in named]}
    judged = Judgement.objects.filter(**of_pairs, withdrawn_at__isnull=True)
    open_tasks = ReviewTask.objects.filter(**of_pairs, state=TaskState.OPEN, left_golden_id=F("right_golden_id"))
    ends = ("left_record_id", "right_record_id")
    settled = {*judged.values_list(*ends), *open_tasks.values_list(*ends)}
    rows = entity.records.filter(id__any=[each for pair in named for each in pair]).values_list("id", "golden_id", "source_id")
    golden_of, source_of = ({row[0]: row[place] for row in rows} for place in (1, 2))
    decisions = {(each.left_record_id, each.right_record_id): each for each in MatchDecision.objects.filter(**of_pairs)}
    tasks = [
        ReviewTask(
            entity=entity.name,
            kind=kind,
            left_golden_id=golden_of[pair[0]],
            right_golden_id=golden_of[pair[0]],
            left_record_id=pair[0],
            right_record_id=pair[1],
            decision=decisions[pair],
            probability=decisions[pair].probability,
            worth=worth(decisions[pair].probability, 0.0),
            left_source_id=source_of[pair[0]],
            right_source_id=source_of[pair[1]],
            opened_at=change.at,
        )
        for pair in sorted(set(named) - settled)
    ]
    ReviewTask.objects.bulk_create(tasks)
    history.write_history(ReviewTask, tasks, change=change, kind="+")
    return tasks


def save(task: ReviewTask, *, change: Change) -> None:
    """Write a task about which a steward did something; `change` says what and why."""
    task.version += 1
    ReviewTask.objects.bulk_update([task], _KEPT)
    history.write_history(ReviewTask, [task], change=change, kind="~")


def ask_again(entity: EntityType, task: ReviewTask) -> None:
    """Set a task whose answer was taken back open again, about where its records are now; obsolete where there is nothing to ask.

    Whoever calls writes it.
    """
    named = (task.left_record_id, task.right_record_id)
    homes = _homes(entity, entity.records.filter(id__any=named).values("golden_id"))
    left, right = (homes.active.get(record_id) for record_id in named)
    task.state = TaskState.OBSOLETE
    if left is None or right is None:
        return
    if left == right:
        still = task.is_within_one
        task.left_golden_id, task.right_golden_id = (left, left) if still else (task.left_golden_id, task.right_golden_id)
        task.state = TaskState.OPEN if still else TaskState.OBSOLETE
        return
    pair = golden_pair(left, right)
    if task.is_within_one:
        # The answer had parted them: whether they are one is asked as of any two.
        task.kind = TaskKind.POSSIBLE_MATCH
    task.left_golden_id, task.right_golden_id = pair
    if pair not in judged_pairs(entity, homes.all, _SETTLED).keys() | _open_pairs(entity, [pair]):
        task.state = TaskState.OPEN


def realign(entity: EntityType, golden_ids: Iterable[UUID], *, change: Change) -> None:
    """Let the unanswered questions of these golden records follow their records: after a merge, its undoing, a split, a withdrawal.

    A question whose records came together, of which one is withdrawn, whose evidence is gone, that another one asks too, or that a
    judgement settles, is obsolete (the reason of the change is in its history); one to which none of this applies any more is open
    again. An answer that waits for a second steward lapses where its question changes. Where other records of the two golden records
    speak for the same question, it is asked anew through them; so is every match that a split or an undoing left between two golden
    records. The caller holds the golden records.
    """
    own = _homes(entity, golden_ids)
    named = Q(left_record_id__any=own.all) | Q(right_record_id__any=own.all)
    waiting = ReviewTask.objects.filter(named, entity=entity.name, state__in=(TaskState.OPEN, TaskState.OBSOLETE))
    tasks = list(waiting.select_related("decision"))
    others = {record_id for task in tasks for record_id in (task.left_record_id, task.right_record_id)} - own.all.keys()
    around = _homes(entity, entity.records.filter(id__any=others).values("golden_id")) if others else _Homes({}, {}, {})
    homes = _Homes(own.active | around.active, own.all | around.all, own.sources | around.sources)
    settled = judged_pairs(entity, homes.all, _SETTLED).keys()
    taken: set[GoldenPair] = set()
    changed = [task for task in sorted(tasks, key=_first_asked) if _align(task, homes.active, settled, taken)]
    proposals.lapse([task for task in changed if task.awaits_second], change=change)
    _write_aligned(changed)
    history.write_history(ReviewTask, changed, change=change, kind="~")
    closed = {(task.left_golden_id, task.right_golden_id) for task in changed if task.state == TaskState.OBSOLETE}
    ask(entity, _left_open(entity, own.active, closed), change=change)


def _write_aligned(changed: Sequence[ReviewTask]) -> None:
    """Write questions that were closed, opened or moved. First room is made, or two open ones would for a moment be on one pair."""
    ReviewTask.objects.bulk_update([task for task in changed if task.state == TaskState.OBSOLETE], _ALIGNED)
    standing = [task for task in changed if task.state == TaskState.OPEN]
    if len(standing) > 1:
        # One may go to a pair that another leaves: the database compares row by row.
        ReviewTask.objects.filter(pk__in=[task.pk for task in standing]).update(state=TaskState.OBSOLETE)
    ReviewTask.objects.bulk_update(standing, _ALIGNED)


def neighbours(entity: EntityType, golden_ids: Iterable[UUID]) -> set[int]:
    """Give the records of these golden records, and those that `realign` looks at beside them. The caller holds the golden records."""
    own = set(_homes(entity, golden_ids).all)
    return own | _beside(entity, own)


def _beside(entity: EntityType, members: Collection[int]) -> set[int]:
    named = Q(left_record_id__in=members) | Q(right_record_id__in=members)
    asked = ReviewTask.objects.filter(named, entity=entity.name, state__in=(TaskState.OPEN, TaskState.OBSOLETE))
    found = MatchDecision.objects.filter(named, entity=entity.name).exclude(outcome=Outcome.NO_MATCH)
    ends = ("left_record_id", "right_record_id")
    rows = asked.order_by().values_list(*ends).union(found.order_by().values_list(*ends))
    return {record_id for pair in rows for record_id in pair} - set(members)


def _left_open(entity: EntityType, members: Mapping[int, UUID], closed: Collection[GoldenPair]) -> list[AskedPair]:
    """Give what the stored evidence says of these records and others: the matches, and all on questions that were closed."""
    named = Q(left_record_id__any=members) | Q(right_record_id__any=members)
    found = MatchDecision.objects.filter(named, entity=entity.name).exclude(outcome=Outcome.NO_MATCH)
    rows = list(found.order_by("id").values_list("left_record_id", "right_record_id", "outcome"))
    golden_of = _homes(entity, entity.records.filter(id__any={each for row in rows for each in row[:2]}).values("golden_id")).active
    return [
        AskedPair(left, right, TaskKind.POSSIBLE_DUPLICATE if outcome == Outcome.MATCH else TaskKind.POSSIBLE_MATCH)
        for left, right, outcome in rows
        if left in golden_of and right in golden_of and golden_of[left] != golden_of[right]
        if outcome == Outcome.MATCH or golden_pair(golden_of[left], golden_of[right]) in closed
    ]


def _align(task: ReviewTask, golden_of: Mapping[int, UUID], settled: Iterable[GoldenPair], taken: set[GoldenPair]) -> bool:
    before = (task.state, task.left_golden_id, task.right_golden_id)
    left, right = golden_of.get(task.left_record_id), golden_of.get(task.right_record_id)
    if task.is_within_one:
        # A check is asked because the evidence is strong: only weak evidence is a question that falls when it is back.
        asked = task.kind == TaskKind.CHECK or task.decision.outcome != Outcome.MATCH
        still = left is not None and left == right and task.state == TaskState.OPEN and asked
        task.state = TaskState.OPEN if still else TaskState.OBSOLETE
        task.left_golden_id = task.right_golden_id = left if still and left else task.left_golden_id
        return _has_moved(task, before)
    pair = golden_pair(left, right) if left and right and left != right else None
    # A check of what is apart is asked because the evidence says so.
    is_groundless = task.kind != TaskKind.CHECK_APART and task.decision.outcome == Outcome.NO_MATCH
    if pair is None or pair in settled or pair in taken or is_groundless:
        task.state = TaskState.OBSOLETE
    else:
        taken.add(pair)
        task.state = TaskState.OPEN
        task.left_golden_id, task.right_golden_id = pair
    return _has_moved(task, before)


def _has_moved(task: ReviewTask, before: tuple[str, UUID, UUID]) -> bool:
    if (task.state, task.left_golden_id, task.right_golden_id) == before:
        return False
    task.version += 1
    task.valued_at = None
    return True


def _first_asked(task: ReviewTask) -> tuple[bool, float, int]:
    return task.state != TaskState.OPEN, -task.probability, task.pk


@dataclass(frozen=True, slots=True)
class _Homes:
    """Where records are: those that their sources still have and whose golden record stands (`active`), and all.

    A judgement on a withdrawn record still binds. One that is there again, and was the last of its golden record, is kept where nothing
    stands until it is matched.
    """

    active: dict[int, UUID]
    all: dict[int, UUID]
    sources: dict[int, int]


def _homes(entity: EntityType, golden_ids: Any) -> _Homes:
    """Read the members of some golden records: ids, or a query for them. One statement."""
    wanted = golden_ids if hasattr(golden_ids, "query") else list(golden_ids)
    rows = list(entity.records.filter(golden_id__in=wanted).values_list("id", "golden_id", "source_id", "state", "golden__state"))
    members = {record_id: golden_id for record_id, golden_id, *_ in rows}
    standing = {row[0] for row in rows if row[3:] == (RecordState.ACTIVE, GoldenState.ACTIVE)}
    sources = {row[0]: row[2] for row in rows}
    return _Homes({record_id: members[record_id] for record_id in members if record_id in standing}, members, sources)


def _best_of_each(
    entity: EntityType, pairs: Sequence[AskedPair], golden_of: Mapping[int, UUID]
) -> dict[GoldenPair, tuple[MatchDecision, TaskKind]]:
    kinds = {tuple(sorted((pair.left_record_id, pair.right_record_id))): pair.kind for pair in pairs}
    decisions = MatchDecision.objects.filter(
        entity=entity.name, left_record_id__any={left for left, _ in kinds}, right_record_id__any={right for _, right in kinds}
    )
    best: dict[GoldenPair, tuple[MatchDecision, TaskKind]] = {}
    for decision in sorted(decisions, key=_weakest_first):
        kind = kinds.get((decision.left_record_id, decision.right_record_id))
        left, right = golden_of.get(decision.left_record_id), golden_of.get(decision.right_record_id)
        if kind and left and right and left != right:
            best[golden_pair(left, right)] = (decision, kind)
    return best


def _weakest_first(decision: MatchDecision) -> tuple[bool, float, float, int]:
    return decision.outcome == Outcome.MATCH, decision.probability, decision.weight, -decision.pk


def _open_pairs(entity: EntityType, pairs: Iterable[GoldenPair]) -> set[GoldenPair]:
    wanted = list(pairs)
    rows = ReviewTask.objects.filter(entity=entity.name, state=TaskState.OPEN, left_golden_id__any=[left for left, _ in wanted])
    return set(rows.values_list("left_golden_id", "right_golden_id"))
