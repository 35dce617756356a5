"""What must always hold: the whole list, and reading it out of one snapshot of the database."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, Subquery, UUIDField

from golden_records import verifying
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import GoldenState
from golden_records.offences import Check, Offence
from golden_records.replay import unlike_history
from matching import erasure_checks
from matching.completeness import config_in_force, missed_matches, records_with_other_keys
from matching.judgements import golden_pair, judged_pairs
from matching.models import FourEyesRule, Judgement, JudgementValue, Proposal, ProposalState, ReasonCode, ReviewTask, TaskState
from matching.snapshot import Question, on_one_snapshot
from matching.tables import active_records

MOST_NAMED: Final = 100
_AT_ONCE: Final = 500
_SETTLED: Final = (JudgementValue.DIFFERENT, JudgementValue.UNSURE)


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a check: how many offences there are, the first of them, and how long it took."""

    check: Check
    count: int
    offences: tuple[Offence, ...]
    seconds: float


def verify(*, checks: "Sequence[Check] | None" = None, most_named: int = MOST_NAMED) -> Iterator[Finding]:
    """Run the checks, all by default, on one snapshot of the database; names the first offences of each and counts them all.

    Nobody is kept from writing meanwhile, and nothing is written. On SQLite the caller must take all findings before it writes.
    """
    passes = groupby(CHECKS if checks is None else checks, key=lambda check: check.along or check)
    groups = [tuple(group) for _, group in passes]
    questions = [Question(partial(_found, group, most_named), max(check.effort for check in group)) for group in groups]
    answers = on_one_snapshot(questions)
    yield from chain.from_iterable(answers)


def _found(checks: Sequence[Check], most_named: int) -> list[Finding]:
    """Find the offences against a check, or against checks that are found along with each other: the seconds are then of them all."""
    begun = time.monotonic()
    found = checks[0].along() if checks[0].along and len(checks) > 1 else ((checks[0].name, offence) for offence in checks[0].find())
    counts, named = Counter[str](), defaultdict[str, list[Offence]](list)
    for name, offence in found:
        counts[name] += 1
        if counts[name] <= most_named:
            named[name].append(offence)
    seconds = time.monotonic() - begun
    return [Finding(check, counts[check.name], tuple(named[check.name]), seconds) for check in checks]


def _judgements_bind() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        apart = Q(value=JudgementValue.SAME) & ~Q(left=F("right"))
        together = Q(value=JudgementValue.DIFFERENT, left=F("right"))
        standing = Judgement.objects.filter(entity=entity.name, withdrawn_at__isnull=True)
        rows = _with_goldens(standing, entity).filter(apart | together, left__isnull=False, right__isnull=False).order_by("id")
        for judgement in rows.iterator():
            ids: dict[str, str | int] = {
                "judgement": judgement.pk,
                "left record": judgement.left_record_id,
                "right record": judgement.right_record_id,
            }
            said, found = ("the same", "apart") if judgement.value == JudgementValue.SAME else ("different", "together")
            told = f"A steward said that the two are {said}, and they are {found}."
            yield Offence(entity.name, ids, told, "Take the judgement back in the review queue, or answer it again.")


def _tasks_cohere() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        tasks = ReviewTask.objects.filter(entity=entity.name)
        remedy = "Send one of the two records again with a change: what is asked of it follows."
        for task in _with_goldens(tasks.filter(state=TaskState.OPEN), entity).order_by("id").iterator():
            if told := _incoherence(entity, task):
                yield Offence(entity.name, {"task": task.pk}, told, remedy)
        unsigned = Q(answer__isnull=True) | Q(decided_by__isnull=True) | Q(decided_at__isnull=True)
        unjudged = ~Exists(Judgement.objects.filter(task_id=OuterRef("pk")))
        for task in tasks.filter(unsigned | unjudged, state=TaskState.DECIDED).order_by("id").iterator():
            told = "It is decided, and no judgement or no person stands for it."
            yield Offence(entity.name, {"task": task.pk}, told, "Bring the judgement back out of history, or undo the task.")


def _incoherence(entity: EntityType, task: Any) -> str | None:
    if task.is_within_one:
        together = task.left is not None and task.left == task.right == task.left_golden_id == task.right_golden_id
        return None if together else "It asks whether two records belong together, and they are not together where it says."
    if task.left is None or task.right is None or task.left == task.right:
        return "It is open, and its records are in one golden record or in none."
    pair = golden_pair(task.left, task.right)
    if pair != (task.left_golden_id, task.right_golden_id):
        return "It is open, and its records are in other golden records than it says."
    if entity.goldens.filter(pk__in=pair, state=GoldenState.ACTIVE).count() != len(pair):
        return "It is open, and one of its golden records does not stand."
    # Of withdrawn records too: what was said of them still binds.
    members = dict(entity.records.filter(golden_id__in=pair).values_list("id", "golden_id"))
    if judged_pairs(entity, members, _SETTLED):
        return "It is open, and a judgement on members of the two has settled it."
    return None


def _proposals_cohere() -> Iterator[Offence]:
    remedy = "Somebody wrote to the database beside the service: compare the question with its history."
    waiting = Proposal.objects.filter(task_id=OuterRef("pk"), state=ProposalState.WAITING)
    alone = ReviewTask.objects.filter(awaits_second=True).exclude(Exists(waiting))
    unknown = ReviewTask.objects.filter(Exists(waiting), awaits_second=False)
    for tasks, told in ((alone, "It waits for a second steward, and no first one answered."), (unknown, "An answer waits on it unseen.")):
        for key, entity in tasks.order_by("id").values_list("pk", "entity"):
            yield Offence(entity, {"task": key}, told, remedy)
    seconded = Proposal.objects.filter(state=ProposalState.AGREED, closed_by=F("proposed_by")).order_by("id")
    for key, entity in seconded.values_list("pk", "entity"):
        yield Offence(entity, {"proposal": key}, "One person was both stewards.", remedy)


def _with_goldens(rows: Any, entity: EntityType) -> Any:
    """Add where the two records of each row are: `left` and `right`; none for one that is not active."""
    sides = {side: active_records(entity).filter(pk=OuterRef(f"{side}_record_id")).values("golden_id")[:1] for side in ("left", "right")}
    return rows.annotate(**{side: Subquery(query, output_field=UUIDField()) for side, query in sides.items()})


def _keys_are_current() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        active = config_in_force(entity)
        for record in records_with_other_keys(entity, active) if active else ():
            told = "Its stored blocking keys are not those of its values: others would not find it."
            yield Offence(entity.name, {"record": record}, told, "Let its source send it again with a change, which writes its keys anew.")


def _matches_are_complete() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        active = config_in_force(entity)
        for left, right in missed_matches(entity, active) if active else ():
            told = "The two match by a key that they share; they are apart, and nobody is asked."
            remedy = "Let the source of one send it again with a change: it is matched anew."
            yield Offence(entity.name, {"left record": left, "right record": right}, told, remedy)


def _replay() -> Iterator[Offence]:
    for model in (ReviewTask, Judgement, Proposal, FourEyesRule, ReasonCode):
        yield from unlike_history(model, entity="")


CHECKS: Final = (
    *verifying.CHECKS,
    *erasure_checks.CHECKS,
    Check("judgements bind", "Records that a steward called the same are together, those called different are apart.", _judgements_bind),
    Check("task coherence", "An open question is on two golden records that stand; a decided one has its judgement.", _tasks_cohere),
    Check("four eyes", "An answer waits where its question says so, and nobody was the second to oneself.", _proposals_cohere),
    Check("replay of review", "Every question, judgement and proposal is what the last entry of its history says.", _replay),
    Check("blocking keys", "Every matched record is found under the keys of its present values.", _keys_are_current, effort=19),
    Check(
        "auto-match completeness",
        "Records that match by a key they share are together, asked about, or judged.",
        _matches_are_complete,
        effort=11,
    ),
)
"""Everything that is checked, in the order in which it is told. What the service does not have yet is not in it."""
