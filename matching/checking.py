"""Checks: a random sample of what the engine put together by itself is sent to review. Samples and checked pairs are written here alone.

Answers to questions say nothing of the matches that nobody is asked about: only a random sample of those does. It is drawn from all
pairs of records that match and are in one golden record, apart from what people judged, and in bands of probability with more from those
where a mistake is likelier; what each answer stands for is kept. No pair is asked twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import F, OuterRef, Subquery, UUIDField
from django.utils import timezone

from golden_records import auditing
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import MdmError
from golden_records.history import ChangeKind
from matching import review_queue
from matching.active_config import active_config
from matching.core.sampling import BANDS, Numbers, allocate, band_of, draw
from matching.locks import MatchGuard, in_transaction
from matching.models import CheckedPair, CheckSample, Judgement, LearningState, MatchDecision, Outcome, TaskKind
from matching.tables import active_records

MOST: Final = 2_000
"""Checks in one sample: it is opened in one transaction."""
_AT_ONCE: Final = 10_000
Pair = tuple[int, int]


class BadSample(MdmError):
    """A sample can't be drawn as it was asked for."""

    code = "bad_sample"
    title = "The sample can't be drawn"


@dataclass(frozen=True, slots=True)
class Frame:
    """All pairs that a sample may be drawn from, with their bands and golden records; `asked` are those that were drawn before."""

    left: Numbers
    right: Numbers
    band: Numbers
    probability: Any
    golden_ids: tuple[UUID, ...]
    asked: Any


def order(entity: EntityType, *, size: int, seed: int | None = None, change: Change) -> CheckSample:
    """Queue a sample of `size` pairs; `change` says who wants it. Without a seed, one is made of the moment. Raises `BadSample`."""
    if not 0 < size <= MOST:
        message = f"A sample has from 1 to {MOST:,} pairs, not {size:,}."
        raise BadSample(message, remedy="Give another size.", size=size)
    with transaction.atomic():
        seed = seed if seed is not None else int(change.at.timestamp() * 1_000)
        sample = CheckSample.objects.create(entity=entity.name, size=size, seed=seed, actor=change.actor, created_at=change.at)
        auditing.told_of(CheckSample, [sample], change=change, kind=ChangeKind.CREATED)
    return sample


def draw_sample(sample_id: int) -> CheckSample:
    """Draw a sample that waits, and open its checks: all of them, or none. One that is drawn is left as it is."""
    sample = CheckSample.objects.get(pk=sample_id)
    if sample.state == LearningState.DONE:
        return sample
    entity = entity_type(sample.entity)
    # Before the transaction: it may take seconds, and nobody has to wait for it.
    frame = _frame(entity)
    drawn = _drawn(frame, sample)

    def work(guard: MatchGuard) -> CheckSample:
        guard.enter(entity)
        guard.goldens(entity, {frame.golden_ids[place] for place in drawn})
        sample = CheckSample.objects.select_for_update().get(pk=sample_id)
        if sample.state == LearningState.DONE:
            return sample
        change = Change(actor=sample.actor, reason=f"check sample {sample.pk}", at=timezone.now())
        pairs = _unchanged(entity, frame, drawn)
        CheckedPair.objects.bulk_create([_row(sample, frame, pair, place) for place, pair in pairs.items()], batch_size=1_000)
        review_queue.doubt(entity, list(pairs.values()), change=change, kind=TaskKind.CHECK)
        sample.bands, sample.config_id = _told(frame, list(pairs)), active_config(entity).id
        sample.state, sample.finished_at = LearningState.DONE, change.at
        sample.save(update_fields=["bands", "config_id", "state", "finished_at"])
        auditing.told_of(CheckSample, [sample], change=change, kind=ChangeKind.CHANGED)
        return sample

    return in_transaction(work)


def _frame(entity: EntityType) -> Frame:
    ends = ("left_record_id", "right_record_id")
    judged = set(Judgement.objects.filter(entity=entity.name, withdrawn_at__isnull=True).values_list(*ends))
    asked = set(CheckedPair.objects.filter(entity=entity.name).values_list(*ends))
    rows = [row for row in _together(entity) if row[:2] not in judged or row[:2] in asked]
    left, right = (np.array([row[end] for row in rows], np.int64) for end in (0, 1))
    probability = np.array([row[2] for row in rows], np.float64)
    before = np.array([row[:2] in asked for row in rows], np.bool_)
    return Frame(left, right, band_of(probability), probability, tuple(row[3] for row in rows), before)


def _together(entity: EntityType) -> Iterator[tuple[int, int, float, UUID]]:
    """Give every pair that matches and is in one golden record: ids, probability, golden record."""
    homes = {
        side: Subquery(active_records(entity).filter(pk=OuterRef(f"{side}_record_id")).values("golden_id")[:1], output_field=UUIDField())
        for side in ("left", "right")
    }
    matches: Any = MatchDecision.objects.filter(entity=entity.name, outcome=Outcome.MATCH)
    found = matches.annotate(**homes).filter(left=F("right")).order_by()
    yield from found.values_list("left_record_id", "right_record_id", "probability", "left").iterator(chunk_size=_AT_ONCE)


def _drawn(frame: Frame, sample: CheckSample) -> list[int]:
    """Give the places of the pairs that are drawn."""
    wanted = allocate(np.bincount(frame.band[~frame.asked], minlength=len(BANDS) - 1), sample.size)
    places: list[int] = []
    for number in range(len(BANDS) - 1):
        free = np.flatnonzero((frame.band == number) & ~frame.asked)
        places += free[draw(frame.left[free], frame.right[free], int(wanted[number]), sample.seed)].tolist()
    return places


def _told(frame: Frame, places: list[int]) -> list[dict[str, float]]:
    """Say of each band how many pairs there are, and how many were drawn."""
    there, drawn = (np.bincount(bands, minlength=len(BANDS) - 1).tolist() for bands in (frame.band, frame.band[places]))
    edges = zip(BANDS, BANDS[1:], there, drawn, strict=False)
    return [{"lower": lower, "upper": upper, "pairs": pairs, "drawn": number} for lower, upper, pairs, number in edges]


def _unchanged(entity: EntityType, frame: Frame, places: list[int]) -> dict[int, Pair]:
    """Give the pairs that are drawn, by place, without those that moved, or that another sample has drawn, since they were read."""
    pairs = {place: (int(frame.left[place]), int(frame.right[place])) for place in places}
    ids = {record_id for pair in pairs.values() for record_id in pair}
    home = dict(active_records(entity).filter(pk__any=ids).values_list("pk", "golden_id"))
    ends = ("left_record_id", "right_record_id")
    taken = set(CheckedPair.objects.filter(entity=entity.name, left_record_id__any=ids).values_list(*ends))
    return {
        place: pair for place, pair in pairs.items() if pair not in taken and all(home.get(end) == frame.golden_ids[place] for end in pair)
    }


def _row(sample: CheckSample, frame: Frame, pair: Pair, place: int) -> CheckedPair:
    return CheckedPair(
        sample=sample,
        entity=sample.entity,
        left_record_id=pair[0],
        right_record_id=pair[1],
        golden_id=frame.golden_ids[place],
        band=int(frame.band[place]),
        probability=float(frame.probability[place]),
    )
