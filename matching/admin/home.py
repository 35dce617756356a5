"""What the front page says to a steward: my tasks, the oldest, the most valuable, and what changed since yesterday and by whom."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from golden_records.admin.presentation import presentation
from golden_records.authors import who
from golden_records.entities import ENTITIES, entity_type
from golden_records.limits import within
from golden_records.models import MergeReceipt, MoveKind, MoveReceipt, QuarantinedRow
from matching.admin.queue import ORDERS, to_do
from matching.models import Judgement, Proposal, ProposalState, ReviewTask, TaskClaim, TaskState

SHOWN: Final = 5
LOOKED_AT: Final = 1_000
"""Of what happened lately, so many rows are looked at, the newest: the cost does not grow with the tables."""

Rows = Iterable[tuple[datetime, str]]


@dataclass(frozen=True, slots=True)
class Mine:
    """How many tasks wait for one person, and why; `query` is that part of the queue."""

    words: str | Promise
    note: str | Promise
    count: int
    query: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A task with the names of its two golden records, and what kind of records they are."""

    task: ReviewTask
    left: str
    right: str
    kind: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened since yesterday: how often, by whom most, and where to look; `is_more` where not all was looked at."""

    words: str | Promise
    count: int
    by: tuple[tuple[str, int], ...]
    address: str
    is_more: bool


def mine(user_id: int) -> list[Mine]:
    """Count what waits for one person. Each in an index of few rows."""
    today = timezone.localdate()
    open_tasks = within(ReviewTask.objects.filter(state=TaskState.OPEN)).order_by()
    own = Proposal.objects.filter(task_id=OuterRef("pk"), state=ProposalState.WAITING, proposed_by_id=user_id)
    second = within(ReviewTask.objects.filter(awaits_second=True)).order_by()
    back = open_tasks.filter(Q(assignee__isnull=True) | Q(assignee_id=user_id), deferred_until__lte=today, awaits_second=False)
    return [
        Mine(_("For me"), _("handed to me"), open_tasks.filter(to_do(), assignee_id=user_id).count(), "assignee=me"),
        Mine(_("Second opinions"), _("colleagues answered first"), second.exclude(Exists(own)).count(), "state=second"),
        Mine(_("Back today"), _("were deferred until now"), back.count(), "order=oldest"),
        Mine(_("My answers that wait"), _("for a second steward"), second.filter(Exists(own)).count(), "state=second"),
    ]


def under_way(user_id: int) -> list[Asked]:
    """Give the tasks that one person has claimed, the last first."""
    held = TaskClaim.objects.filter(user_id=user_id, until__gt=timezone.now(), task__state=TaskState.OPEN)
    seen = within(ReviewTask.objects.filter(claim__in=held)).order_by("-claim__claimed_at")
    return _named(list(seen[:SHOWN]))


def first(order: str) -> list[Asked]:
    """Give the first tasks to do in one of the orders of the queue."""
    return _named(list(within(ReviewTask.objects.filter(to_do())).order_by(*ORDERS[order])[:SHOWN]))


def since_yesterday() -> list[Happened]:
    """Tell what happened since the beginning of yesterday: merges, splits and moves, new golden records, rows in quarantine, answers."""
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    merges = _lately(MergeReceipt, "merged_at", "merged_by")
    moves = _lately(MoveReceipt, "moved_at", "moved_by", kind=MoveKind.MOVE)
    splits = _lately(MoveReceipt, "moved_at", "moved_by", kind=MoveKind.SPLIT)
    answers = _lately(Judgement, "judged_at", "judged_by", task__isnull=False)
    rows = ((at, code) for at, code in _lately(QuarantinedRow, "quarantined_at", "source__code"))
    told = [
        _happened(_("Answers"), answers, start, "matching_judgement", who),
        _happened(_("Merges"), merges, start, "golden_records_mergereceipt", who),
        _happened(_("Splits"), splits, start, "golden_records_movereceipt", who),
        _happened(_("Moves"), moves, start, "golden_records_movereceipt", who),
        *(_born(name, start) for name in ENTITIES),
        _happened(_("Rows put in quarantine"), rows, start, "golden_records_quarantinedrow", str),
    ]
    return [each for each in told if each.count]


def _lately(model: Any, at: str, by: str, **only: object) -> Rows:
    rows: Rows = within(model.objects.filter(**only)).order_by("-pk").values_list(at, by)[:LOOKED_AT]
    return rows


def _happened(words: str | Promise, rows: Rows, start: datetime, model: str, name: Callable[[str], str]) -> Happened:
    late = [by for at, by in rows if at >= start]
    by = Counter(name(each) for each in late).most_common(3)
    return Happened(words, len(late), tuple(by), reverse(f"admin:{model}_changelist"), is_more=len(late) >= LOOKED_AT)


def _born(name: str, start: datetime) -> Happened:
    """Count the golden records that came into being: their ids begin with the time of it."""
    golden: Any = entity_type(name).golden
    least = UUID(int=int(start.timestamp() * 1_000) << 80)
    count = within(golden._default_manager.filter(pk__gte=least)).order_by()[: LOOKED_AT * 10].count()
    address = reverse(f"admin:golden_records_{golden._meta.model_name}_changelist")
    words = _("New: %(records)s") % {"records": golden._meta.verbose_name_plural}
    return Happened(words, count, (), address, is_more=count >= LOOKED_AT * 10)


def _named(tasks: Sequence[ReviewTask]) -> list[Asked]:
    names: dict[Any, str] = {}
    for name in {task.entity for task in tasks}:
        ids = {key for task in tasks if task.entity == name for key in (task.left_golden_id, task.right_golden_id)}
        names |= {golden.pk: str(golden) for golden in entity_type(name).goldens.filter(pk__in=ids).defer("lineage")}
    return [
        Asked(
            task,
            names.get(task.left_golden_id, ""),
            names.get(task.right_golden_id, ""),
            capfirst(str(presentation(entity_type(task.entity)).label)),
        )
        for task in tasks
    ]
