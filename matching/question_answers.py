"""An answer to a whole question, or to a part of it: which golden records are one, which are different, and which values stand.

    done = give(question, Answer(same=…, different=…), by=claire)
    take_back(done.steps, by=claire)

It is carried out task by task, each in a transaction of its own, as if the steward had answered them one after the other: first what
is the same, then what is different, last the values. What is refused is told and hinders nothing else. The steps name what was
done, so that it can be taken back in the other order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User

from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import MdmError
from golden_records.overriding import Wish
from golden_records.selectors import follow
from matching import judging_apart, overriding, regrouping, review
from matching.asked import Case
from matching.judgements import GoldenPair, golden_pair
from matching.models import WITHIN_ONE, JudgementValue, ReviewTask, TaskState
from matching.questions import Question
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look


@dataclass(frozen=True, slots=True)
class Answer:
    """What a steward says of the golden records of a question: those in `same` are one, each in `different` is none of the others.

    `of_all` answers every task that is open instead: DIFFERENT or UNSURE. `chosen` names, by attribute or group, the source record
    whose values are to stand in what becomes of `same`.
    """

    same: frozenset[UUID] = frozenset()
    different: frozenset[UUID] = frozenset()
    of_all: JudgementValue | None = None
    chosen: Mapping[str, int] = field(default_factory=dict)
    comment: str = ""
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done: a task answered, a merge or a judgement without a task, an override; `more` is what undoing needs."""

    kind: str
    id: str
    more: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in order; what was refused, in words; and how many tasks wait for somebody else to confirm."""

    steps: tuple[Step, ...]
    refused: tuple[str, ...]
    proposed: int

    @property
    def task_ids(self) -> list[int]:
        """The tasks that were answered."""
        return [int(step.id) for step in self.steps if step.kind == "task"]


def give(question: Question, answer: Answer, *, by: User, first: int | None = None) -> Done:
    """Carry an answer out. The task `first` is answered before others, where it can be."""
    giving = _Giving(question.entity, by, answer, first)
    if answer.of_all is not None:
        for task in question.tasks:
            giving.decide(task, answer.of_all)
    giving.join(answer.same)
    giving.part(answer.different, (answer.same or frozenset(question.golden_ids)) - answer.different)
    if answer.same and not giving.refused and not giving.proposed:
        giving.let_stand(answer.same, answer.chosen)
    return Done(tuple(giving.steps), tuple(dict.fromkeys(giving.refused)), giving.proposed)


def take_back(steps: Sequence[Step], *, by: User) -> list[str]:
    """Take what was done back, the last first; gives in words what could not be, where others changed things since."""
    change = Change(actor=f"steward:{by.get_username()}", reason="undo of an answer", user_id=by.pk)
    refused = []
    for step in reversed(steps):
        try:
            _UNDO[step.kind](step, by, change)
        except MdmError as error:
            refused.append(f"{error.message} {error.remedy}".strip())
    return list(dict.fromkeys(refused))


class _Giving:
    """One answer while it is carried out."""

    def __init__(self, entity: EntityType, by: User, answer: Answer, first: int | None) -> None:
        self.entity, self.by, self.comment, self.first = entity, by, answer.comment, first
        self.case = Case(reason_code=answer.reason_code)
        self.steps: list[Step] = []
        self.refused: list[str] = []
        self.proposed = 0
        self._tried: set[GoldenPair] = set()
        self._waiting: dict[JudgementValue, set[GoldenPair]] = {}
        """The pairs that wait for a second steward, by what the first one says of them."""

    def decide(self, task: ReviewTask, value: JudgementValue) -> None:
        """Answer a task."""
        self._tried.add(golden_pair(task.left_golden_id, task.right_golden_id))
        try:
            answered = review.decide(task.pk, answer=value, user=self.by, comment=self.comment, version=task.version, case=self.case)
        except MdmError as error:
            self._refuse(error)
            return
        self.steps.append(Step("task", str(task.pk)))
        if answered.state != TaskState.DECIDED:
            self.proposed += 1
            self._waiting.setdefault(value, set()).add(golden_pair(task.left_golden_id, task.right_golden_id))

    def join(self, golden_ids: frozenset[UUID]) -> None:
        """Make one of some golden records: along open tasks first, the likeliest first, then what no task is about."""
        while len(homes := self._homes(golden_ids)) > 1:
            task = next(self._open(homes, homes), None)
            if task is not None:
                self.decide(task, JudgementValue.SAME)
                continue
            pair = self._untried(homes)
            if pair is None:
                return
            self._merge(pair)

    def part(self, golden_ids: frozenset[UUID], others: frozenset[UUID]) -> None:
        """Keep some golden records apart from others: by the tasks that ask, else by a judgement of its own."""
        homes = self._homes(others)
        pairs = [(golden_id, other) for golden_id in sorted(self._homes(golden_ids)) for other in sorted(homes - {golden_id})]
        for golden_id, other in pairs:
            for task in list(self._open({golden_id}, {other})):
                self.decide(task, JudgementValue.DIFFERENT)
        for golden_id, other in pairs:
            if golden_pair(golden_id, other) not in self._tried and not self._follows(golden_id, other):
                self._say_apart(golden_id, other)

    def let_stand(self, golden_ids: frozenset[UUID], chosen: Mapping[str, int]) -> None:
        """Override what survivorship would choose by what a source record says."""
        (survivor,) = self._homes(golden_ids)
        for unit, record_id in sorted(chosen.items()):
            try:
                made = overriding.override(self.entity, survivor, Wish(unit, record_id=record_id), change=self._change("chosen in review"))
            except MdmError as error:
                self._refuse(error)
            else:
                self.steps.append(Step("override", str(made.pk)))

    def _merge(self, pair: GoldenPair) -> None:
        self._tried.add(pair)
        wish, change = Regrouping(RegroupKind.MERGE, pair[0], pair[1]), self._change("the same in review")
        try:
            seen = look(self.entity, wish, change=change)
            receipt = regrouping.carry_out(self.entity, wish, fingerprint=seen.fingerprint, change=change)
        except MdmError as error:
            self._refuse(error)
        else:
            self.steps.append(Step("merge", str(receipt.pk)))

    def _say_apart(self, one: UUID, other: UUID) -> None:
        self._tried.add(golden_pair(one, other))
        try:
            said = judging_apart.judge_apart(self.entity, one, other, change=self._change("different in review"))
        except MdmError as error:
            self._refuse(error)
        else:
            if said is not None:
                self.steps.append(Step("judgement", str(said.judgement_id), said.given_way))

    def _homes(self, golden_ids: frozenset[UUID]) -> set[UUID]:
        """Where the records of some golden records are by now."""
        return {follow(self.entity, golden_id).pk for golden_id in golden_ids}

    def _open(self, ones: set[UUID], others: set[UUID]) -> Iterator[ReviewTask]:
        """The open tasks between two sets of golden records that were not tried yet, the first asked for first."""
        ends = {"left_golden_id__any": ones | others, "right_golden_id__any": ones | others}
        tasks = ReviewTask.objects.filter(entity=self.entity.name, state=TaskState.OPEN, **ends)
        found = tasks.exclude(kind__in=WITHIN_ONE).order_by("-probability", "id")
        for task in sorted(found, key=lambda each: each.pk != self.first):
            pair = golden_pair(task.left_golden_id, task.right_golden_id)
            across = (pair[0] in ones and pair[1] in others) or (pair[1] in ones and pair[0] in others)
            if across and pair not in self._tried:
                yield task

    def _untried(self, homes: set[UUID]) -> GoldenPair | None:
        order = sorted(homes)
        pairs = (golden_pair(one, other) for place, one in enumerate(order) for other in order[place + 1 :])
        # What will be one when a second steward agrees need not be merged by hand.
        return next((pair for pair in pairs if pair not in self._tried and pair[1] not in self._kin(pair[0])), None)

    def _kin(self, golden_id: UUID) -> set[UUID]:
        """Those that will be one with a golden record when a second steward agrees to all that waits, itself among them."""
        found, last = {golden_id}, {golden_id}
        while last:
            last = {end for pair in self._waiting.get(JudgementValue.SAME, ()) if not last.isdisjoint(pair) for end in pair} - found
            found |= last
        return found

    def _follows(self, one: UUID, other: UUID) -> bool:
        """Whether two will be known to be different when a second steward agrees to all that waits."""
        apart = self._waiting.get(JudgementValue.DIFFERENT, set())
        return any(golden_pair(left, right) in apart for left in self._kin(one) for right in self._kin(other))

    def _change(self, reason: str) -> Change:
        told = f"{reason}: {self.comment}" if self.comment else reason
        return Change(actor=f"steward:{self.by.get_username()}", reason=told[: regrouping.LONGEST_REASON], user_id=self.by.pk)

    def _refuse(self, error: MdmError) -> None:
        self.refused.append(f"{error.message} {error.remedy}".strip())


def _undo_task(step: Step, by: User, change: Change) -> None:
    del change
    review.undo(int(step.id), user=by)


def _undo_merge(step: Step, by: User, change: Change) -> None:
    del by
    review.undo_merge(int(step.id), change=change)


def _undo_judgement(step: Step, by: User, change: Change) -> None:
    del by
    judging_apart.take_back(int(step.id), given_way=step.more, change=change)


def _undo_override(step: Step, by: User, change: Change) -> None:
    del by
    overriding.end_override(UUID(step.id), change=change)


_UNDO: Final[Mapping[str, Any]] = {"task": _undo_task, "merge": _undo_merge, "judgement": _undo_judgement, "override": _undo_override}
