"""The front page: how much there is, how good it is, and what waits for a person."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.core.cache import cache
from django.db.models import Avg, Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import get_language

from golden_records import viewing
from golden_records.admin.base import COUNTED_AT_MOST
from golden_records.admin.charts import ColumnChart, column_chart
from golden_records.entities import ENTITIES, EntityType
from golden_records.limits import within
from golden_records.models import GoldenState, ImportJob, MatchState, QuarantinedRow, QuarantineState, RecordState, SourceSystem
from golden_records.waiting import waiting
from matching.admin import home
from matching.admin.queue import to_do
from matching.models import Judgement, JudgementValue, MatchRun, ReviewTask, TaskState

SAMPLE: Final = 2_000
"""Golden records that the quality figures look at: the newest ones, so that the cost does not grow with the table."""

FRESH_FOR: Final = 30
"""Seconds for which counts of whole tables are kept: they cost as much as the tables are long."""

LIKELY: Final = 0.8
DAYS: Final = 14
Figure = TypeVar("Figure")
_BANDS: Final = tuple(range(0, 100, 10))


@dataclass(frozen=True, slots=True)
class EntityFigures:
    """One entity type's counts: golden records that stand, and the source records that their sources still have, by source."""

    entity: EntityType
    title: str
    records_title: str
    golden: int
    records: int
    by_source: tuple[tuple[str, int, float], ...]
    pending: int
    failed: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the attributes of an entity type are filled, over `sampled` golden records."""

    title: str
    sampled: int
    completeness: float
    attributes: tuple[tuple[str, float], ...]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures to the context of the front page. Called by django-unfold."""
    may_review, user_id = request.user.has_perm("matching.view_reviewtask"), request.user.pk or 0
    return context | {
        "figures": _kept("figures", lambda: [_figures(entity) for entity in _entities()]),
        "quality": _kept("quality", lambda: [_quality(entity) for entity in _entities()]),
        "open_tasks": _kept("open-tasks", _open_tasks),
        "likelihood": _kept("likelihood", _likelihood),
        "decided": _decided(),
        "mine": home.mine(user_id) if may_review else (),
        "under_way": home.under_way(user_id) if may_review else (),
        "oldest": _kept("oldest", lambda: home.first("oldest")) if may_review else (),
        "most_valuable": _kept("most-valuable", lambda: home.first("")) if may_review else (),
        "happened": _kept("happened", home.since_yesterday),
        "quarantined": within(QuarantinedRow.objects.filter(state=QuarantineState.OPEN)).count(),
        "imports": list(within(ImportJob.objects.select_related("source")).order_by("-id")[:4]),
        "runs": list(within(MatchRun.objects.select_related("config")).order_by("-id")[:4]),
        "may_review": may_review,
    }


def open_task_badge(request: HttpRequest) -> str:
    """The number of open review tasks, for the navigation; empty where there are none or they are not the person's concern."""
    if not request.user.has_perm("matching.view_reviewtask"):
        return ""
    waiting = within(ReviewTask.objects.filter(to_do())).order_by()[:1_000].count()
    return "999+" if waiting >= 1_000 else str(waiting or "")  # noqa: PLR2004 - as counted


def _kept(name: str, count: Callable[[], Figure]) -> Figure:
    kept: Any = cache.get_or_set(f"mdm-dashboard-{get_language()}-{name}{_scope()}", count, FRESH_FOR)  # titles are in it
    figure: Figure = kept
    return figure


def _scope() -> str:
    """Tell apart the figures of people who may see different things; empty for those who may see all."""
    seen_by = viewing.viewer()
    if seen_by is None or not seen_by.is_limited:
        return ""
    told = (None if names is None else sorted(names) for names in (seen_by.entities, seen_by.sources))
    return "-" + hashlib.sha256(repr(list(told)).encode()).hexdigest()[:16]


def _entities() -> list[EntityType]:
    seen_by = viewing.viewer()
    return [entity for entity in ENTITIES.values() if seen_by is None or seen_by.sees_entity(entity.name)]


def _figures(entity: EntityType) -> EntityFigures:
    golden: Any = entity.golden._default_manager
    records: Any = entity.record._default_manager
    # By the key of the source alone, which an index holds; the names are few, and so are the records that are withdrawn or erased.
    by_source = records.order_by().values_list("source_id").annotate(Count("pk"))
    sent, gone = dict(by_source), [dict(by_source.filter(state=state)) for state in (RecordState.WITHDRAWN, RecordState.ERASED)]
    counted = [
        (source.name, sent[source.pk] - sum(counts.get(source.pk, 0) for counts in gone))
        for source in within(SourceSystem.objects.order_by("code"))
        if source.pk in sent
    ]
    greatest = max((number for _, number in counted), default=0) or 1
    return EntityFigures(
        entity=entity,
        title=capfirst(str(entity.golden._meta.verbose_name_plural)),
        records_title=capfirst(str(entity.record._meta.verbose_name_plural)),
        # In the index of those that are active alone, whose condition this is.
        golden=_counted(golden.filter(state=GoldenState.ACTIVE)),
        records=sum(number for _, number in counted),
        by_source=tuple((name, number, number / greatest) for name, number in counted),
        pending=within(waiting(entity)).order_by().count(),
        failed=within(records.filter(match_state=MatchState.FAILED, state=RecordState.ACTIVE)).order_by().count(),
    )


def _counted(rows: QuerySet[Any]) -> int:
    """Count rows; for a limited person no further than their lists do, as there each row is asked whose it is."""
    narrowed = within(rows).order_by()
    return narrowed[:COUNTED_AT_MOST].count() if _scope() else narrowed.count()


def _quality(entity: EntityType) -> Quality:
    newest = within(entity.golden._default_manager.filter(state=GoldenState.ACTIVE)).order_by("-pk")[:SAMPLE]
    filled = newest.aggregate(n_=Count("pk"), average_=Avg("completeness"), **{spec.name: Count(spec.name) for spec in entity.attributes})
    sampled = filled.pop("n_")
    shares = ((capfirst(str(spec.label)), filled[spec.name] / sampled if sampled else 0.0) for spec in entity.attributes)
    return Quality(
        title=capfirst(str(entity.golden._meta.verbose_name_plural)),
        sampled=sampled,
        completeness=filled.pop("average_") or 0.0,
        attributes=tuple(sorted(shares, key=lambda row: -row[1])),
    )


def _open_tasks() -> tuple[int, int]:
    """How many are open, and how many of them are likely matches; counted in an index alone."""
    tasks = ReviewTask.objects.filter(state=TaskState.OPEN).order_by()
    return _counted(tasks), _counted(tasks.filter(probability__gte=LIKELY))


def _likelihood() -> ColumnChart | None:
    """The open tasks by probability, in ten bands."""

    def band(low: int) -> Q:
        upper = {} if low == _BANDS[-1] else {"probability__lt": (low + 10) / 100}
        return Q(probability__gte=low / 100, **upper)

    counts = within(ReviewTask.objects.filter(state=TaskState.OPEN)).aggregate(
        **{f"b{low}": Count("pk", filter=band(low)) for low in _BANDS}
    )
    if not any(counts.values()):
        return None
    return column_chart([(f"{low} %", f"{low} – {low + 10} %: {counts[f'b{low}']}", [counts[f"b{low}"]]) for low in _BANDS])


def _decided() -> ColumnChart | None:
    """The judgements of the last days, by answer."""
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    recent = within(Judgement.objects.filter(judged_at__gte=timezone.now() - timedelta(days=DAYS), withdrawn_at__isnull=True))
    rows = recent.order_by().annotate(day=TruncDate("judged_at")).values_list("day", "value").annotate(Count("pk"))
    counted = {(day, value): number for day, value, number in rows}
    if not counted:
        return None
    return column_chart(
        [
            (
                formats.date_format(day, "j N"),
                f"{formats.date_format(day)}: {sum(counted.get((day, value), 0) for value in JudgementValue.values)}",
                [counted.get((day, value.value), 0) for value in (JudgementValue.SAME, JudgementValue.DIFFERENT, JudgementValue.UNSURE)],
            )
            for day in days
        ]
    )
