"""The filters of the queue: each is one of the parameters of `Scope`, under its name, so that it holds from task to task."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from golden_records.admin.presentation import presentation
from golden_records.entities import ENTITIES
from golden_records.models import SourceSystem
from matching.admin.queue import AGES, BANDS, ME, NOBODY, VALUES, Scope
from matching.models import TaskKind
from matching.stewards import colleagues

Choices = list[tuple[str, Any]]


class ScopeFilter(SimpleListFilter):
    """A filter by one of the parameters of `Scope`; subclasses name it, and what may be chosen."""

    usual: ClassVar[Any] = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer what may be chosen."""
        del model_admin
        return list(self.offered(request))

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """What may be chosen: values and words."""
        raise NotImplementedError

    def choices(self, changelist: Any) -> Any:
        """Call what is usual by its name."""
        for place, choice in enumerate(super().choices(changelist)):
            yield choice if place or self.usual is None else choice | {"display": self.usual}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of that part of the queue."""
        name = str(self.parameter_name)
        return queryset.filter(Scope.of({name: self.value() or ""}, request.user.pk).condition(name))


class TaskStateFilter(ScopeFilter):
    """What may be answered now, unless others are asked for."""

    title = _("state")
    parameter_name = "state"
    usual = _("to do")

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer what is not to do now."""
        del request
        return (
            ("deferred", _("deferred")),
            ("second", _("waiting for a second steward")),
            ("decided", _("decided")),
            ("obsolete", _("obsolete")),
            ("all", _("all")),
        )


class OrderFilter(ScopeFilter):
    """In which order; the walk through the queue follows it."""

    title = _("order")
    parameter_name = "order"
    usual = _("what an answer is worth")

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer the other orders."""
        del request
        return (("oldest", _("oldest first")), ("likely", _("likeliest first")))


class EntityFilter(ScopeFilter):
    """Tasks on one entity type."""

    title = _("entity type")
    parameter_name = "entity"

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer every entity type."""
        del request
        return ((entity.name, presentation(entity).label) for entity in ENTITIES.values())


class KindFilter(ScopeFilter):
    """Tasks by why a steward is asked."""

    title = _("kind")
    parameter_name = "kind"

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer every kind."""
        del request
        return TaskKind.choices


class BandFilter(ScopeFilter):
    """Tasks by how likely the engine finds them."""

    title = _("probability")
    parameter_name = "band"
    names: ClassVar = {"high": _("likely: 80 % and more"), "middle": _("open: 50 to 80 %"), "low": _("unlikely: below 50 %")}

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer the bands."""
        del request
        return ((band, self.names[band]) for band in BANDS)


class ValueFilter(ScopeFilter):
    """Tasks by the revenue that hangs on them."""

    title = _("value at stake")
    parameter_name = "value"
    names: ClassVar = {
        "great": _("a million and more"),
        "middle": _("100,000 to a million"),
        "small": _("below 100,000"),
        "none": _("no revenue"),
    }

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer the bands."""
        del request
        return ((band, self.names[band]) for band in VALUES)


class AgeFilter(ScopeFilter):
    """Tasks by when they were opened."""

    title = _("opened")
    parameter_name = "age"
    names: ClassVar = {"week": _("in the last 7 days"), "month": _("7 to 30 days ago"), "older": _("more than 30 days ago")}

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer the ages."""
        del request
        return ((age, self.names[age]) for age in AGES)


class SourceFilter(ScopeFilter):
    """Tasks of which one of the two records is of a source."""

    title = _("source")
    parameter_name = "source"

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer every source."""
        del request
        return SourceSystem.objects.order_by("name").values_list("code", "name")


class AssigneeFilter(ScopeFilter):
    """Tasks by whose they are."""

    title = _("assigned to")
    parameter_name = "assignee"

    def offered(self, request: HttpRequest) -> Iterable[tuple[str, Any]]:
        """Offer oneself, nobody, and every colleague."""
        others = colleagues().exclude(pk=request.user.pk or 0).values_list("pk", "username")
        return (
            (ME, pgettext_lazy("assigned to", "me")),
            (NOBODY, pgettext_lazy("assigned to", "nobody")),
            *((str(key), name) for key, name in others),
        )


FILTERS: tuple[type[ScopeFilter], ...] = (
    TaskStateFilter,
    OrderFilter,
    AssigneeFilter,
    EntityFilter,
    KindFilter,
    BandFilter,
    ValueFilter,
    AgeFilter,
    SourceFilter,
)
"""All of them, in the order in which they stand beside the list."""
