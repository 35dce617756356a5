"""What becomes of one record, given what it was compared with: pure rules, the same for real time and for a sweep.

Judgements of stewards come first, then vetoes, then thresholds. A golden record is never joined through one member against
the word of another: a DIFFERENT on any member keeps the record out, and so does a veto.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from golden_records.models import LinkSource
from matching.core.decide import Outcome
from matching.models import JudgementValue, TaskKind


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member of a golden record and how the record compares with it.

    `row` is its place in the scored pairs. `locked` tells whether it shares a blocking key by a rule that may match without a
    person; other members of the same golden record are compared too, since one of them may contradict. `same_source`: the source
    of the record has this one too.
    """

    row: int
    record_id: int
    golden_id: UUID
    outcome: int
    weight: float
    vetoed: bool
    locked: bool
    same_source: bool = False
    judgement: JudgementValue | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A golden record that the record might belong to as well, and the member that says so."""

    golden_id: UUID
    candidate: Candidate
    kind: TaskKind


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where the record goes: `golden_id` None is a golden record of its own; `via` is the member that led there."""

    golden_id: UUID | None
    via: Candidate | None
    link_source: LinkSource
    questions: tuple[Question, ...]


def resolve(candidates: Sequence[Candidate], *, current: UUID | None) -> Resolution:
    """Decide for one record; `current` is the golden record that it belongs to already and stays in.

    Of several golden records that match, the one with most weight is joined, the oldest on a tie (UUIDv7 sort by age), and
    a steward is asked about the others: published ids are not merged by the engine.
    """
    groups = _by_golden(candidates)
    own = groups.pop(current, ()) if current else ()
    if current:
        best = max((c for c in own if c.outcome != Outcome.NO_MATCH), key=lambda c: (c.outcome, *_strength(c)), default=None)
        return Resolution(current, best, LinkSource.AUTO, _questions(groups))
    confirmed = [c for c in candidates if c.judgement == JudgementValue.SAME]
    if confirmed:
        via = max(confirmed, key=_strength)
        groups.pop(via.golden_id)
        return Resolution(via.golden_id, via, LinkSource.MANUAL, _questions(groups))
    matches = [best for members in groups.values() if (best := _match(members)) is not None]
    if not matches:
        return Resolution(None, None, LinkSource.AUTO, _questions(groups))
    via = max(matches, key=_strength)
    groups.pop(via.golden_id)
    return Resolution(via.golden_id, via, LinkSource.AUTO, _questions(groups))


def _by_golden(candidates: Sequence[Candidate]) -> dict[UUID, tuple[Candidate, ...]]:
    groups: dict[UUID, tuple[Candidate, ...]] = {}
    for candidate in candidates:
        groups[candidate.golden_id] = (*groups.get(candidate.golden_id, ()), candidate)
    return groups


def _match(members: Sequence[Candidate]) -> Candidate | None:
    if any(member.vetoed or member.judgement == JudgementValue.DIFFERENT for member in members):
        return None
    return max((member for member in members if member.outcome == Outcome.MATCH and member.locked), key=_strength, default=None)


def _questions(groups: dict[UUID, tuple[Candidate, ...]]) -> tuple[Question, ...]:
    """Ask about each golden record that might be the same; of those that a veto speaks against, only about the likeliest counterpart."""
    found = [question for golden_id, members in groups.items() if (question := _question(golden_id, members)) is not None]
    doubted = [question for question in found if _is_doubted(question, groups[question.golden_id])]
    counterparts = [question for question in doubted if not any(member.same_source for member in groups[question.golden_id])]
    likeliest = max(counterparts, key=lambda question: _strength(question.candidate), default=None)
    return tuple(question for question in found if question not in doubted or question is likeliest)


def _question(golden_id: UUID, members: Sequence[Candidate]) -> Question | None:
    # A match outranks what is only possible: a veto leaves that of a pair for which even more speaks.
    best = max((member for member in members if member.outcome != Outcome.NO_MATCH), key=lambda c: (c.outcome, *_strength(c)), default=None)
    if best is None or any(member.judgement is not None for member in members):
        return None
    return Question(golden_id, best, TaskKind.POSSIBLE_DUPLICATE if best.outcome == Outcome.MATCH else TaskKind.POSSIBLE_MATCH)


def _is_doubted(question: Question, members: Sequence[Candidate]) -> bool:
    return question.candidate.outcome != Outcome.MATCH and any(member.vetoed for member in members)


def _strength(candidate: Candidate) -> tuple[float, int]:
    return candidate.weight, -candidate.golden_id.int
