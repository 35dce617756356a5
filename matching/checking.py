"""Checks: a random sample of what the engine did by itself is sent to review. Samples and checked pairs are written here alone.

Answers to questions say nothing of what nobody is asked about: only a random sample of that does. It is drawn from all pairs of records
that match and are in one golden record (how right are matches?), or from the pairs of golden records that the engine left apart without
a question (how many matches are missed?). It is drawn in bands of probability, with more from those where a mistake is likelier; what
each answer stands for is kept. No pair is asked twice, and the two kinds of samples are never counted together.
"""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from golden_records import auditing
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import MdmError
from golden_records.history import ChangeKind
from matching import review_queue
from matching.active_config import active_config
from matching.decisions import DecidedBy, write_decisions
from matching.frames import Frame, put_together
from matching.left_apart import evidence_on, left_apart
from matching.locks import MatchGuard, in_transaction
from matching.models import CheckedPair, CheckKind, CheckSample, LearningState, TaskKind
from matching.review_queue import AskedPair
from matching.tables import active_records

MOST: Final = 2_000
"""Checks in one sample: it is opened in one transaction."""
Pair = tuple[int, int]


class BadSample(MdmError):
    """A sample can't be drawn as it was asked for."""

    code = "bad_sample"
    title = "The sample can't be drawn"


def order(entity: EntityType, *, size: int, seed: int | None = None, kind: CheckKind = CheckKind.TOGETHER, change: Change) -> CheckSample:
    """Queue a sample of `size` pairs; `change` says who wants it. Without a seed, one is made of the moment. Raises `BadSample`."""
    if not 0 < size <= MOST:
        message = f"A sample has from 1 to {MOST:,} pairs, not {size:,}."
        raise BadSample(message, remedy="Give another size.", size=size)
    with transaction.atomic():
        seed = seed if seed is not None else int(change.at.timestamp() * 1_000)
        sample = CheckSample.objects.create(entity=entity.name, kind=kind, size=size, seed=seed, actor=change.actor, created_at=change.at)
        auditing.told_of(CheckSample, [sample], change=change, kind=ChangeKind.CREATED)
    return sample


def draw_sample(sample_id: int) -> CheckSample:
    """Draw a sample that waits, and open its checks: all of them, or none. One that is drawn is left as it is."""
    sample = CheckSample.objects.get(pk=sample_id)
    if sample.state == LearningState.DONE:
        return sample
    entity, kind = entity_type(sample.entity), CheckKind(sample.kind)
    # Before the transaction: it may take seconds, and nobody has to wait for it.
    frame = _FRAMES[kind](entity, sample)
    drawn = frame.drawn(sample)

    def work(guard: MatchGuard) -> CheckSample:
        guard.enter(entity)
        guard.goldens(entity, {golden_id for place in drawn for golden_id in frame.homes[place]})
        sample = CheckSample.objects.select_for_update().get(pk=sample_id)
        if sample.state == LearningState.DONE:
            return sample
        change = Change(actor=sample.actor, reason=f"check sample {sample.pk}", at=timezone.now())
        unchanged = _unchanged(entity, frame, drawn)
        asked = _ASK[kind](entity, list(unchanged.values()), change)
        pairs = {place: pair for place, pair in unchanged.items() if pair in asked}
        CheckedPair.objects.bulk_create([_row(sample, frame, pair, place) for place, pair in pairs.items()], batch_size=1_000)
        sample.bands, sample.config_id = frame.told(list(pairs)), active_config(entity).id
        sample.state, sample.finished_at = LearningState.DONE, change.at
        sample.save(update_fields=["bands", "config_id", "state", "finished_at"])
        auditing.told_of(CheckSample, [sample], change=change, kind=ChangeKind.CHANGED)
        return sample

    return in_transaction(work)


def _ask_together(entity: EntityType, pairs: Sequence[Pair], change: Change) -> set[Pair]:
    """Ask whether two records of one golden record belong together. One that is asked about already is answered there."""
    review_queue.doubt(entity, pairs, change=change, kind=TaskKind.CHECK)
    return set(pairs)


def _ask_apart(entity: EntityType, pairs: Sequence[Pair], change: Change) -> set[Pair]:
    """Ask whether two golden records are one that the engine would not ask about; their evidence is kept, as that of any question.

    Not those that somebody asks about by now, or has judged.
    """
    evidence = evidence_on(entity, pairs)
    write_decisions(entity, evidence, DecidedBy(active_config(entity).id, None, change.at))
    asked = [AskedPair(found.left_record_id, found.right_record_id, TaskKind.CHECK_APART) for found in evidence]
    return {(task.left_record_id, task.right_record_id) for task in review_queue.ask(entity, asked, change=change)}


_FRAMES: Final[dict[CheckKind, Callable[[EntityType, CheckSample], Frame]]] = {
    CheckKind.TOGETHER: lambda entity, _: put_together(entity),
    CheckKind.APART: lambda entity, sample: left_apart(entity, size=sample.size, seed=sample.seed),
}
_ASK: Final[dict[CheckKind, Callable[[EntityType, Sequence[Pair], Change], set[Pair]]]] = {
    CheckKind.TOGETHER: _ask_together,
    CheckKind.APART: _ask_apart,
}


def _unchanged(entity: EntityType, frame: Frame, places: list[int]) -> dict[int, Pair]:
    """Give the pairs that are drawn, by place, without those that moved, or that another sample has drawn, since they were read."""
    pairs = {place: (int(frame.left[place]), int(frame.right[place])) for place in places}
    ids = {record_id for pair in pairs.values() for record_id in pair}
    home: dict[int, UUID] = dict(active_records(entity).filter(pk__any=ids).values_list("pk", "golden_id"))
    ends = ("left_record_id", "right_record_id")
    taken = set(CheckedPair.objects.filter(entity=entity.name, left_record_id__any=ids).values_list(*ends))
    return {
        place: pair for place, pair in pairs.items() if pair not in taken and (home.get(pair[0]), home.get(pair[1])) == frame.homes[place]
    }


def _row(sample: CheckSample, frame: Frame, pair: Pair, place: int) -> CheckedPair:
    return CheckedPair(
        sample=sample,
        entity=sample.entity,
        left_record_id=pair[0],
        right_record_id=pair[1],
        golden_id=frame.counts_as[place],
        band=int(frame.band[place]),
        probability=float(frame.probability[place]),
    )
