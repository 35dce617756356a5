"""The use case of a steward who says that two golden records are different although nothing asks about them, and of taking that back."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import NothingToUndo, StaleWrite
from golden_records.models import RecordState
from matching import four_eyes, judgements, review_queue
from matching.locks import MatchGuard, Restart, in_transaction
from matching.models import Judgement, JudgementValue
from matching.regroup_plan import pair_of


@dataclass(frozen=True, slots=True)
class SaidApart:
    """The judgement that was made, and those that gave way to it."""

    judgement_id: int
    given_way: tuple[int, ...]


def judge_apart(entity: EntityType, one: UUID, other: UUID, *, change: Change) -> SaidApart | None:
    """Say that the oldest active records of two golden records are different: neither the engine nor a merge joins the two again.

    None where somebody said so before. Raises `StaleWrite` where one of the two has no active record any more, and `NeedsSecond` where it
    takes two stewards.
    """
    pair = judgements.golden_pair(one, other)

    def work(guard: MatchGuard) -> SaidApart | None:
        guard.enter(entity)
        guard.goldens(entity, pair)
        guard.records(entity, review_queue.neighbours(entity, pair))
        members = dict(entity.records.filter(golden_id__in=pair).values_list("id", "golden_id"))
        if judgements.judged_pairs(entity, members, (JudgementValue.DIFFERENT,)):
            return None
        four_eyes.by_one(entity, pair, change=change)
        active = entity.records.filter(golden_id__in=pair, state=RecordState.ACTIVE).order_by("-id")
        oldest = dict(active.values_list("golden_id", "id"))
        if len(oldest) < len(pair):
            message = "One of the two golden records has changed since: it has no active source record any more."
            raise StaleWrite(message, remedy="Look at them again.")
        named = pair_of(oldest[pair[0]], oldest[pair[1]])
        said, given_way = judgements.say(entity, named, value=JudgementValue.DIFFERENT, change=change)
        review_queue.realign(entity, pair, change=change)
        return SaidApart(said.pk, tuple(given_way))

    return in_transaction(work)


def take_back(judgement_id: int, *, given_way: Collection[int] = (), change: Change) -> Judgement:
    """Let what `judge_apart` said no longer stand, and what gave way to it stand again.

    Raises `NothingToUndo` where it was taken back, and `NeedsSecond` where that takes two stewards.
    """

    def work(guard: MatchGuard) -> Judgement:
        said = Judgement.objects.get(pk=judgement_id)
        entity = entity_type(said.entity)
        guard.enter(entity)
        held = _homes(entity, said)
        guard.goldens(entity, held)
        if not _homes(entity, said) <= held:
            raise Restart
        guard.records(entity, review_queue.neighbours(entity, held))
        said.refresh_from_db()
        if said.withdrawn_at is not None:
            message = f"Judgement {judgement_id} was taken back already."
            raise NothingToUndo(message, judgement=judgement_id)
        four_eyes.by_one(entity, held, change=change)
        judgements.take_back([said], change=change)
        judgements.stand_again(entity, given_way, change=change)
        review_queue.realign(entity, held, change=change)
        return said

    return in_transaction(work)


def _homes(entity: EntityType, said: Judgement) -> set[UUID]:
    rows = entity.records.filter(pk__in=(said.left_record_id, said.right_record_id), golden__isnull=False)
    return set(rows.values_list("golden_id", flat=True))
