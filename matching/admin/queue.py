"""The queue as a steward walks through it: which open task comes next, within what is filtered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from golden_records.admin.searching import FOUND
from golden_records.entities import ENTITIES
from golden_records.limits import within
from golden_records.models import SourceSystem
from matching import claims
from matching.models import Proposal, ProposalState, ReviewTask, SavedView, TaskKind, TaskState
from matching.questions import Question, beside

BANDS: Final[Mapping[str, tuple[float, float]]] = {"high": (0.8, 1.01), "middle": (0.5, 0.8), "low": (0.0, 0.5)}
VALUES: Final[Mapping[str, tuple[Decimal, Decimal | None]]] = {
    "great": (Decimal(1_000_000), None),
    "middle": (Decimal(100_000), Decimal(1_000_000)),
    "small": (Decimal("0.01"), Decimal(100_000)),
    "none": (Decimal(0), Decimal("0.01")),
}
AGES: Final[Mapping[str, tuple[int | None, int]]] = {"week": (7, 0), "month": (30, 7), "older": (None, 30)}
"""Opened at most so many days ago, at least so many."""
ORDERS: Final[Mapping[str, tuple[str, ...]]] = {"": ("-worth", "id"), "oldest": ("id",), "likely": ("-probability", "id")}
ME: Final = "me"
WHOLE: Final = "whole"
"""The parameter of an address that asks for the whole queue where a steward has a view that opens first."""
NOBODY: Final = "nobody"


def not_deferred(today: date) -> Q:
    """Say of tasks that they are not deferred, or that their day has come."""
    return Q(deferred_until__isnull=True) | Q(deferred_until__lte=today)


def to_do() -> Q:
    """Say of tasks that somebody may answer them now."""
    return Q(state=TaskState.OPEN, awaits_second=False) & not_deferred(timezone.localdate())


STATES: Final[Mapping[str, Callable[[], Q]]] = {
    "": to_do,
    "deferred": lambda: Q(state=TaskState.OPEN, awaits_second=False, deferred_until__gt=timezone.localdate()),
    "second": lambda: Q(awaits_second=True),
    "decided": lambda: Q(state=TaskState.DECIDED),
    "obsolete": lambda: Q(state=TaskState.OBSOLETE),
    "all": Q,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the queue that a steward works on, and in which order; empty strings narrow nothing, `user_id` is whose "me" it is."""

    state: str = ""
    entity: str = ""
    kind: str = ""
    band: str = ""
    value: str = ""
    age: str = ""
    source: str = ""
    assignee: str = ""
    order: str = ""
    q: str = ""
    user_id: int | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str], user_id: int | None = None) -> "Scope":
        """Read it from an address or a form; what is unknown is left out."""
        given = {name: parameters.get(name, "")[:100] for name in PARAMETERS}
        return cls(**{name: value for name, value in given.items() if value and _KNOWN[name](value)}, user_id=user_id)

    @classmethod
    def of_query(cls, query: str, user_id: int | None = None) -> "Scope":
        """Read it from the query of an address."""
        return cls.of(QueryDict(query), user_id)

    def condition(self, name: str) -> Q:
        """Say which tasks one of the parameters keeps."""
        value = getattr(self, name)
        return _CONDITIONS[name](self) if value or name == "state" else Q()

    def narrow(self, tasks: QuerySet[ReviewTask]) -> QuerySet[ReviewTask]:
        """Keep the tasks of this part of the queue, in its order."""
        for name in PARAMETERS:
            tasks = tasks.filter(self.condition(name))
        return tasks.order_by(*ORDERS[self.order])

    def open_tasks(self) -> QuerySet[ReviewTask]:
        """The tasks of this part that this person may take now: none that another one has claimed or was handed, or answered first."""
        mine = self if self.state in {"deferred", "second"} else replace(self, state="")
        tasks = mine.narrow(within(ReviewTask.objects.all())).exclude(claims.by_others(self.user_id))
        if mine.state == "second":
            own = Proposal.objects.filter(task_id=OuterRef("pk"), state=ProposalState.WAITING, proposed_by_id=self.user_id)
            return tasks.exclude(Exists(own))
        if self.user_id is not None and not self.assignee:
            tasks = tasks.filter(Q(assignee__isnull=True) | Q(assignee_id=self.user_id))
        return tasks

    def after(self, task: ReviewTask, question: Question | None = None) -> ReviewTask | None:
        """The task that follows `task` in the order, or the first one where `task` is the last; None where there is no other.

        With the `question` that it is a part of, the next task of another one.
        """
        tasks = self.open_tasks().exclude(pk=task.pk)
        if question is not None:
            tasks = beside(tasks, question)
        first = ORDERS[self.order][0]
        if first == "id":
            later = tasks.filter(pk__gt=task.pk)
        else:
            name = first.removeprefix("-")
            at = getattr(task, name)
            # The first condition is one that an index serves, and says nothing that the second does not.
            later = tasks.filter(**{f"{name}__lte": at}).filter(Q(**{f"{name}__lt": at}) | Q(pk__gt=task.pk))
        return later.first() or tasks.first()

    @property
    def query(self) -> str:
        """This part of the queue in an address."""
        return urlencode({name: value for name, value in self.parameters.items() if value})

    @property
    def parameters(self) -> dict[str, str]:
        """This part of the queue in a form."""
        return {name: getattr(self, name) for name in PARAMETERS}

    @property
    def to_keep(self) -> str:
        """This part of the queue as a saved view keeps it: without what was searched for, which may be somebody's name."""
        return replace(self, q="").query


PARAMETERS: Final = tuple(field.name for field in fields(Scope) if field.name != "user_id")

_KNOWN: Final[Mapping[str, Callable[[str], bool]]] = {
    "state": STATES.__contains__,
    "entity": ENTITIES.__contains__,
    "kind": TaskKind.values.__contains__,
    "band": BANDS.__contains__,
    "value": VALUES.__contains__,
    "age": AGES.__contains__,
    "source": bool,
    "assignee": lambda value: value in {ME, NOBODY} or (value.isdecimal() and len(value) <= 9),  # noqa: PLR2004 - as ids are
    "order": ORDERS.__contains__,
    "q": bool,
}


def _of_band(scope: Scope) -> Q:
    low, high = BANDS[scope.band]
    return Q(probability__gte=low, probability__lt=high)


def _of_value(scope: Scope) -> Q:
    low, high = VALUES[scope.value]
    return Q(value_at_stake__gte=low, **({"value_at_stake__lt": high} if high is not None else {}))


def _of_age(scope: Scope) -> Q:
    at_most, at_least = AGES[scope.age]
    now = timezone.now()
    since = {"opened_at__gt": now - timedelta(days=at_most)} if at_most else {}
    return Q(**since, opened_at__lte=now - timedelta(days=at_least))


def _of_source(scope: Scope) -> Q:
    source = SourceSystem.objects.filter(code=scope.source).values("pk")
    return Q(left_source_id__in=source) | Q(right_source_id__in=source)


def _of_assignee(scope: Scope) -> Q:
    if scope.assignee == NOBODY:
        return Q(assignee__isnull=True)
    return Q(assignee_id=scope.user_id if scope.assignee == ME else int(scope.assignee))


_CONDITIONS: Final[Mapping[str, Callable[[Scope], Q]]] = {
    "state": lambda scope: STATES[scope.state](),
    "entity": lambda scope: Q(entity=scope.entity),
    "kind": lambda scope: Q(kind=scope.kind),
    "band": _of_band,
    "value": _of_value,
    "age": _of_age,
    "source": _of_source,
    "assignee": _of_assignee,
    "order": lambda _scope: Q(),
    "q": lambda scope: found(scope.q),
}


def found(searched: str) -> Q:
    """Say of tasks that they have this number, or are about golden records that the lists of golden records would find."""
    term = searched.strip()
    if not term:
        return Q()
    if term.isdecimal() and len(term) < 10:  # noqa: PLR2004 - longer numbers are identifiers of customers
        return Q(pk=int(term))
    named: set[int] = set()
    for entity in ENTITIES.values():
        golden_admin: Any = admin.site.get_model_admin(entity.golden)
        rows, _duplicates = golden_admin.get_search_results(None, entity.golden._default_manager.all(), term)
        ids = list(rows.order_by().values_list("pk", flat=True)[:FOUND])
        for side in (Q(left_golden_id__in=ids), Q(right_golden_id__in=ids)):
            # Side by side, each by its own index; one condition on both would read the whole queue.
            named.update(ReviewTask.objects.order_by().filter(side, entity=entity.name).values_list("pk", flat=True)[:FOUND])
    return Q(pk__in=named)


def default_query(user_id: int) -> str:
    """The view that a steward opens first, as the query of an address; empty for the whole queue."""
    view = SavedView.objects.filter(owner_id=user_id, is_default=True).first()
    return view.query if view else ""
