"""Filters that several lists use."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db import connection
from django.db.models import Model, QuerySet, TextChoices
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from golden_records.entities import ENTITIES
from golden_records.row_kinds import ROW_KINDS
from golden_records.saying import named


class EntityFilter(SimpleListFilter):
    """Rows of one entity type, by the name that people give it."""

    title = _("entity type")
    parameter_name = "entity"
    names: ClassVar[Sequence[str]] = tuple(ENTITIES)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every entity type."""
        del request, model_admin
        return [(name, capfirst(named(name))) for name in self.names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the entity type."""
        del request
        return queryset.filter(entity=self.value()) if self.value() else queryset


class RowKindFilter(EntityFilter):
    """Rows of one kind that can be imported: entity types, and the figures of projects."""

    names: ClassVar[Sequence[str]] = tuple(ROW_KINDS)


class StateFilter(SimpleListFilter):
    """Rows in the state that matters, unless others are asked for; subclasses say which states there are."""

    title = _("state")
    parameter_name = "state"
    states: ClassVar[type[TextChoices]]
    default: ClassVar[TextChoices]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the states other than the default, and all."""
        del request, model_admin
        return [(state.value, state.label) for state in self.states if state != self.default] + [("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        """Call the default by its name."""
        for place, choice in enumerate(super().choices(changelist)):
            yield choice if place else choice | {"display": self.default.label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the state."""
        del request
        return queryset if self.value() == "all" else queryset.filter(state=self.value() or self.default)


def indexed_values(model: type[Model], column: str) -> list[str]:
    """Give the values of a column that an index begins with. One statement, which looks at one row of each value: with DISTINCT a
    database reads them all.
    """
    table, name = (connection.ops.quote_name(each) for each in (model._meta.db_table, column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE found(value) AS (SELECT min({name}) FROM {table} UNION ALL "  # noqa: S608 - names of our own
            f"SELECT (SELECT min({name}) FROM {table} WHERE {name} > found.value) FROM found WHERE found.value IS NOT NULL) "
            "SELECT value FROM found WHERE value IS NOT NULL"
        )
        return [value for (value,) in cursor.fetchall()]
