"""The queue as a steward walks through it: which open task comes next, within what is filtered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from golden_records.admin.filters import StateFilter
from golden_records.admin.presentation import presentation
from golden_records.entities import ENTITIES
from golden_records.limits import within
from matching.models import ReviewTask, TaskKind, TaskState

BANDS: Final[Mapping[str, tuple[float, float]]] = {"high": (0.8, 1.01), "middle": (0.5, 0.8), "low": (0.0, 0.5)}


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the queue that a steward works on; empty strings narrow nothing."""

    entity: str = ""
    kind: str = ""
    band: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Scope":
        """Read it from an address or a form; what is unknown is left out."""
        entity, kind, band = (parameters.get(name, "") for name in ("entity", "kind", "band"))
        return cls(
            entity=entity if entity in ENTITIES else "",
            kind=kind if kind in TaskKind.values else "",
            band=band if band in BANDS else "",
        )

    def narrow(self, tasks: QuerySet[ReviewTask]) -> QuerySet[ReviewTask]:
        """Keep the tasks of this part of the queue."""
        if self.entity:
            tasks = tasks.filter(entity=self.entity)
        if self.kind:
            tasks = tasks.filter(kind=self.kind)
        if self.band:
            low, high = BANDS[self.band]
            tasks = tasks.filter(probability__gte=low, probability__lt=high)
        return tasks

    def open_tasks(self) -> QuerySet[ReviewTask]:
        """The open tasks of this part of the queue, the likeliest first."""
        return self.narrow(within(ReviewTask.objects.filter(state=TaskState.OPEN))).order_by("-probability", "id")

    def after(self, task: ReviewTask) -> ReviewTask | None:
        """The open task that follows `task`, or the first one where `task` is the last; None where no other is open."""
        tasks = self.open_tasks().exclude(pk=task.pk)
        later = Q(probability__lt=task.probability) | Q(probability=task.probability, pk__gt=task.pk)
        return tasks.filter(later).first() or tasks.first()

    @property
    def query(self) -> str:
        """This part of the queue in an address."""
        return urlencode({name: value for name, value in self.parameters.items() if value})

    @property
    def parameters(self) -> dict[str, str]:
        """This part of the queue in a form."""
        return {"entity": self.entity, "kind": self.kind, "band": self.band}


class TaskStateFilter(StateFilter):
    """Open tasks, unless others are asked for."""

    states = TaskState
    default = TaskState.OPEN


class ScopeFilter(SimpleListFilter):
    """A filter by one of the properties of `Scope`, under its name: so it holds from task to task."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the tasks of that part of the queue."""
        del request
        return Scope.of({str(self.parameter_name): self.value() or ""}).narrow(queryset)


class EntityFilter(ScopeFilter):
    """Tasks on one entity type."""

    title = _("entity type")
    parameter_name = "entity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every entity type."""
        del request, model_admin
        return [(entity.name, presentation(entity).label) for entity in ENTITIES.values()]


class KindFilter(ScopeFilter):
    """Tasks by why a steward is asked."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every kind."""
        del request, model_admin
        return list(TaskKind.choices)


class BandFilter(ScopeFilter):
    """Tasks by how likely the engine finds them."""

    title = _("probability")
    parameter_name = "band"
    names: ClassVar = {"high": _("likely: 80 % and more"), "middle": _("open: 50 to 80 %"), "low": _("unlikely: below 50 %")}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the bands."""
        del request, model_admin
        return [(band, self.names[band]) for band in BANDS]
