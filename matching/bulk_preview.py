"""What would come of one answer to many questions, before it is given: which merge, which hang together, which would be refused and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from golden_records.entities import EntityType, entity_type
from matching import four_eyes
from matching.judgements import GoldenPair, golden_pair, judged_pairs
from matching.models import BulkAct, JudgementValue, ReviewTask, TaskClaim, TaskState

ANSWERS: Final[Mapping[BulkAct, JudgementValue]] = {
    BulkAct.SAME: JudgementValue.SAME,
    BulkAct.DIFFERENT: JudgementValue.DIFFERENT,
    BulkAct.UNSURE: JudgementValue.UNSURE,
}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would come of it for one task. `effect` is merge, keep, apart, part, aside, propose, settled, defer, hand or refused.

    `chain` counts the golden records that would become one with those of this task, where they are more than two.
    """

    task: ReviewTask
    names: tuple[str, str]
    effect: str
    why: str = ""
    chain: int = 0

    @property
    def is_done(self) -> bool:
        """Whether anything would be done."""
        return self.effect not in {"refused", "settled"}


def foresee(tasks: Sequence[ReviewTask], act: BulkAct, *, user_id: int, as_second: bool = False) -> list[Foreseen]:
    """Say what would come of it, task by task in this order. Nothing is written; a constant number of statements per entity type.

    With `as_second`, what would come of it where the first steward has answered already.
    """
    names, claims = _names(tasks), _claims(tasks, user_id)
    takes_two = four_eyes.asked_of(tasks) if act in ANSWERS and not as_second else {}
    joining = _Joining(_apart(tasks) if act == BulkAct.SAME else set())
    found = []
    for task in tasks:
        against = _against(task, claims)
        effect = ("refused", against) if against else _effect(task, act, is_for_two=task.pk in takes_two, joining=joining)
        found.append((task, *effect))
    return [
        Foreseen(task, (names.get(task.left_golden_id, ""), names.get(task.right_golden_id, "")), effect, why, joining.chain(task, effect))
        for task, effect, why in found
    ]


def names_of(task: ReviewTask) -> tuple[UUID, UUID]:
    """Give the two golden records that a task names."""
    return task.left_golden_id, task.right_golden_id


def _against(task: ReviewTask, claims: Mapping[int, str]) -> str:
    """Say why nothing can be done with a task now; empty where something can."""
    if task.state != TaskState.OPEN:
        return _("It is no longer open.")
    return _("An answer waits for a second steward already.") if task.awaits_second else claims.get(task.pk, "")


def _effect(task: ReviewTask, act: BulkAct, *, is_for_two: bool, joining: "_Joining") -> tuple[str, str]:
    if act not in ANSWERS:
        return str(act.value), ""
    if is_for_two:
        return "propose", _("It takes two stewards: this is the first answer.")
    if task.is_within_one:
        return {BulkAct.SAME: "keep", BulkAct.DIFFERENT: "part"}.get(act, "aside"), ""
    if act == BulkAct.SAME:
        return joining.join(*names_of(task))
    return ("apart" if act == BulkAct.DIFFERENT else "aside"), ""


@dataclass
class _Joining:
    """Which golden records would be one after the answers so far, and which pairs people called different."""

    apart: set[GoldenPair]
    home: dict[UUID, set[UUID]] = field(default_factory=dict)

    def join(self, left: UUID, right: UUID) -> tuple[str, str]:
        """Have two golden records be one, as the answer would; the effect and why not."""
        one, other = self.home.setdefault(left, {left}), self.home.setdefault(right, {right})
        if one is other:
            return "settled", _("Other answers of this selection make the two one already.")
        if any(golden_pair(first, second) in self.apart for first in one for second in other):
            return "refused", _("Somebody judged records of the two to be different. Take that judgement back first.")
        one |= other
        self.home |= dict.fromkeys(other, one)
        return "merge", ""

    def chain(self, task: ReviewTask, effect: str) -> int:
        """How many would be one with those of a task, where they are more than its two."""
        together = len(self.home.get(task.left_golden_id, ())) if effect in {"merge", "settled"} else 0
        return together if together > len(names_of(task)) else 0


def _apart(tasks: Iterable[ReviewTask]) -> set[GoldenPair]:
    found: set[GoldenPair] = set()
    for entity, own in _by_entity(tasks):
        ids = {golden_id for task in own for golden_id in names_of(task)}
        members = dict(entity.records.filter(golden_id__in=ids).values_list("id", "golden_id"))
        found |= judged_pairs(entity, members, (JudgementValue.DIFFERENT,)).keys()
    return found


def _names(tasks: Iterable[ReviewTask]) -> dict[UUID, str]:
    names: dict[UUID, str] = {}
    for entity, own in _by_entity(tasks):
        ids = {golden_id for task in own for golden_id in names_of(task)}
        goldens: Any = entity.golden._default_manager.filter(pk__in=ids).defer("lineage")
        names |= {golden.pk: str(golden) for golden in goldens}
    return names


def _claims(tasks: Sequence[ReviewTask], user_id: int) -> dict[int, str]:
    held = TaskClaim.objects.filter(task__in=[task.pk for task in tasks], until__gt=timezone.now()).exclude(user_id=user_id)
    return {
        each.task_id: _("%(name)s works on it until %(until)s.")
        % {"name": each.user.get_username(), "until": f"{timezone.localtime(each.until):%H:%M}"}
        for each in held.select_related("user")
    }


def _by_entity(tasks: Iterable[ReviewTask]) -> list[tuple[EntityType, list[ReviewTask]]]:
    groups: dict[str, list[ReviewTask]] = {}
    for task in tasks:
        groups.setdefault(task.entity, []).append(task)
    return [(entity_type(name), own) for name, own in sorted(groups.items())]
