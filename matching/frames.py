"""What random samples of checks are drawn from: pairs, in bands of probability. Of what the engine put together it is read here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db.models import F, OuterRef, Subquery, UUIDField
from numpy.typing import NDArray

from golden_records.entities import EntityType
from matching.core.sampling import BANDS, Numbers, Shares, allocate, band_of, draw
from matching.models import CheckedPair, CheckSample, Judgement, MatchDecision, Outcome
from matching.tables import active_records

_AT_ONCE: Final = 10_000
Homes = tuple[UUID, UUID]
Band = dict[str, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """All pairs that a sample may be drawn from, a place each: the golden records of their two records (`homes`), and their band.

    `asked` are those that were drawn before; pairs that count as from one golden record (`counts_as`) hang together. `bands` says of each
    band how many pairs there are, and how much it is to weigh in the draw (`measure`) where that is not by its pairs.
    """

    left: Numbers
    right: Numbers
    band: Numbers
    probability: Shares
    homes: tuple[Homes, ...]
    counts_as: tuple[UUID, ...]
    asked: NDArray[np.bool_]
    bands: tuple[Band, ...]

    def drawn(self, sample: CheckSample) -> list[int]:
        """Give the places of the pairs that are drawn."""
        free = np.bincount(self.band[~self.asked], minlength=len(self.bands))
        wanted = allocate(free, sample.size, np.array([band.get("measure", there) for band, there in zip(self.bands, free, strict=True)]))
        places: list[int] = []
        for number in range(len(self.bands)):
            places_free = np.flatnonzero((self.band == number) & ~self.asked)
            drawn = draw(self.left[places_free], self.right[places_free], int(wanted[number]), sample.seed)
            places += places_free[drawn].tolist()
        return places

    def told(self, places: list[int]) -> list[Band]:
        """Say of each band how many pairs there are, and how many were drawn."""
        drawn = np.bincount(self.band[places], minlength=len(self.bands)).tolist()
        return [{**band, "drawn": number} for band, number in zip(self.bands, drawn, strict=True)]


def put_together(entity: EntityType) -> Frame:
    """Read every pair that matches and is in one golden record, apart from what people judged without being asked by a sample."""
    ends = ("left_record_id", "right_record_id")
    judged = set(Judgement.objects.filter(entity=entity.name, withdrawn_at__isnull=True).values_list(*ends))
    asked = set(CheckedPair.objects.filter(entity=entity.name).values_list(*ends))
    rows = [row for row in _together(entity) if row[:2] not in judged or row[:2] in asked]
    left, right = (np.array([row[end] for row in rows], np.int64) for end in (0, 1))
    probability = np.array([row[2] for row in rows], np.float64)
    before = np.array([row[:2] in asked for row in rows], np.bool_)
    band = band_of(probability)
    there = np.bincount(band, minlength=len(BANDS) - 1).tolist()
    bands: list[Band] = [
        {"lower": lower, "upper": upper, "pairs": pairs} for lower, upper, pairs in zip(BANDS, BANDS[1:], there, strict=False)
    ]
    homes = tuple((row[3], row[3]) for row in rows)
    return Frame(left, right, band, probability, homes, tuple(row[3] for row in rows), before, tuple(bands))


def _together(entity: EntityType) -> Iterator[tuple[int, int, float, UUID]]:
    """Give every pair that matches and is in one golden record: ids, probability, golden record."""
    homes = {
        side: Subquery(active_records(entity).filter(pk=OuterRef(f"{side}_record_id")).values("golden_id")[:1], output_field=UUIDField())
        for side in ("left", "right")
    }
    matches: Any = MatchDecision.objects.filter(entity=entity.name, outcome=Outcome.MATCH)
    found = matches.annotate(**homes).filter(left=F("right")).order_by()
    yield from found.values_list("left_record_id", "right_record_id", "probability", "left").iterator(chunk_size=_AT_ONCE)
