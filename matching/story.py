"""The story of a golden record: everything that happened to it, change by change, whoever did it and wherever it is kept.

A change is what one person or program did at one moment, under one correlation id. A page of changes takes the same number of
statements, however long the story is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from golden_records.entities import EntityType
from golden_records.models import ChangeEvent, EmptiedEvent, Endorsement, Erasure, MergeReceipt, MoveReceipt, Override, SurvivorshipVersion
from matching.models import Judgement

MOST_EVENTS: Final = 2_000
"""Of one page: of a merge of more records, the rest is counted by its receipt."""

Key = tuple[datetime, str]


@dataclass(slots=True)
class Happening:
    """One change, with all that it was seen from this golden record. History rows are as django-simple-history keeps them."""

    at: datetime
    correlation_id: str
    events: list[ChangeEvent] = field(default_factory=list)
    versions: list[Any] = field(default_factory=list)
    merges: list[Any] = field(default_factory=list)
    moves: list[Any] = field(default_factory=list)
    overrides: list[Any] = field(default_factory=list)
    marks: list[Any] = field(default_factory=list)
    judgements: list[Any] = field(default_factory=list)
    rules: list[Any] = field(default_factory=list)
    erasures: list[Erasure] = field(default_factory=list)

    @property
    def signed(self) -> tuple[str, str]:
        """Who did it, as changes are signed, and why."""
        for entry in (*self.merges, *self.moves, *self.overrides, *self.marks, *self.judgements, *self.rules, *self.versions):
            return entry.actor, entry.history_change_reason or ""
        told: Any = next(iter((*self.events, *self.erasures)), None)
        return (told.actor, told.reason or "") if told is not None else ("", "")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One page of a story, newest first."""

    golden_id: UUID
    changes: tuple[Happening, ...]
    has_more: bool


def of(entity: EntityType, golden_id: UUID, *, page: int, size: int) -> Chapter:
    """Read a page of the story of a golden record; `page` counts from 1. Ten statements, eleven where something was erased."""
    streams = _streams(entity, golden_id)
    keys = _page(streams, page, size)
    happenings = {key: Happening(*key) for key in keys[:size]}
    wanted = [correlation_id for _, correlation_id in happenings]
    for name, stream in streams.items() if happenings else ():
        rows = stream.rows.filter(correlation_id__in=wanted).order_by(stream.order)
        for row in rows[:MOST_EVENTS]:
            happening = happenings.get((getattr(row, stream.at), row.correlation_id))
            if happening is not None:
                getattr(happening, name).append(row)
    return Chapter(golden_id, tuple(happenings.values()), len(keys) > size)


@dataclass(frozen=True, slots=True)
class _Stream:
    """One place where something of the story is kept: the rows on a golden record, and what its moment is called there."""

    rows: "QuerySet[Any]"
    at: str = "history_date"
    order: str = "history_id"


def _streams(entity: EntityType, golden_id: UUID) -> Mapping[str, _Stream]:
    history: Any = entity.golden
    records: Any = entity.record
    ever_here = records.history.filter(golden_id=golden_id).order_by().values("id")
    on_records = Q(left_record_id__in=ever_here) | Q(right_record_id__in=ever_here)
    judgements = Judgement.objects.filter(on_records, entity=entity.name).order_by().values("id")
    emptied = EmptiedEvent.objects.filter(event_id__in=ChangeEvent.objects.filter(golden_id=golden_id).order_by().values("id"))
    born = entity.goldens.filter(pk=golden_id).values("created_at")
    return {
        "events": _Stream(ChangeEvent.objects.filter(golden_id=golden_id), "at", "id"),
        "versions": _Stream(history.history.filter(id=golden_id)),
        "merges": _Stream(MergeReceipt.history.filter(Q(survivor_id=golden_id) | Q(absorbed_id=golden_id), entity=entity.name)),
        "moves": _Stream(MoveReceipt.history.filter(Q(from_id=golden_id) | Q(to_id=golden_id), entity=entity.name)),
        "overrides": _Stream(Override.history.filter(golden_id=golden_id, entity=entity.name)),
        "marks": _Stream(Endorsement.history.filter(golden_id=golden_id, entity=entity.name)),
        "judgements": _Stream(Judgement.history.filter(id__in=judgements)),
        "rules": _Stream(SurvivorshipVersion.history.filter(entity=entity.name, history_date__gte=born[:1])),
        "erasures": _Stream(
            Erasure.objects.filter(Q(golden_id=golden_id) | Q(pk__in=emptied.order_by().values("erasure_id")), entity=entity.name),
            "at",
            "id",
        ),
    }


def _page(streams: Mapping[str, _Stream], page: int, size: int) -> list[Key]:
    """Give the moments and correlation ids of a page's changes, newest first, and one more where there are more. One statement."""
    first, *others = (_keys(stream) for stream in streams.values())
    rows: Iterable[Any] = first.union(*others).order_by("-moment", "-correlation_id")[(page - 1) * size : page * size + 1]
    return [(moment, correlation_id) for moment, correlation_id in rows]


def _keys(stream: _Stream) -> "QuerySet[Any]":
    rows: QuerySet[Any] = stream.rows.order_by().annotate(moment=F(stream.at)).values_list("moment", "correlation_id")
    return rows
