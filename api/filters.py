"""How golden records are filtered in lists: one filter set per entity type, made from its data dictionary."""

from datetime import datetime
from functools import cache
from typing import Any, Final, cast

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.dictionary import component_name, did_you_mean
from api.pagination import PAGING
from api.problems import FieldError, InvalidRequest
from golden_records.attributes import AttributeSpec
from golden_records.entities import EntityType
from golden_records.models import RecordState

# Attributes are filtered by what standardising makes of them: identifiers and codes exactly, names by a part.
EXACT: Final = frozenset({"kind", "registration_id", "vat_id", "lei", "country", "currency", "status", "code"})
NAMES: Final = frozenset({"organisation_name", "given_name", "family_name"})

MOMENT: Final = "A moment in time with its time zone, e.g. `2025-03-31T09:30:00Z`."


@cache
def filters_of(entity: EntityType) -> type[Any]:
    """Make the filter set of an entity type's golden records."""
    members: dict[str, Any] = {
        "updated_since": django_filters.IsoDateTimeFilter(
            field_name="updated_at", lookup_expr="gte", help_text=f"Changed at or after this moment. {MOMENT}"
        ),
        "source": django_filters.CharFilter(
            method=_from_source(entity), help_text="Code of a source system that has a record of it.", max_length=30
        ),
        "name": django_filters.CharFilter(method=_named(entity), help_text="A part of its name or title, in any case.", max_length=300),
    }
    members |= {
        spec.name: django_filters.CharFilter(
            field_name=spec.name, lookup_expr="exact", help_text=f"Exactly this: {spec.label}.", max_length=spec.max_length
        )
        for spec in entity.attributes
        if spec.standardiser in EXACT
    }
    made = type(f"{component_name(entity)}Filters", (django_filters.FilterSet,), members)
    return cast("type[Any]", made)


def filtered(request: Request, entity: EntityType, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Apply the filters of the query string; raises `InvalidRequest` for an unknown one, or a value that it can't take."""
    known = (*filters_of(entity).base_filters, *(parameter.name for parameter in PAGING))
    errors = [
        FieldError(name, "unknown_parameter", "There is no such filter.", did_you_mean(name[:100], known))
        for name in request.query_params
        if name not in known
    ]
    applied = filters_of(entity)(data=request.query_params, queryset=rows)
    if not applied.is_valid():
        errors += [
            FieldError(
                name, "invalid_parameter", " ".join(messages), "See the schema for what the filter takes.", request.query_params.get(name)
            )
            for name, messages in applied.errors.items()
        ]
    if errors:
        raise InvalidRequest("The query is not valid.", remedy="See 'errors' for each parameter.", errors=errors)
    return cast("QuerySet[Any]", applied.qs)


def filter_parameters(entity: EntityType) -> list[OpenApiParameter]:
    """Declare the filters in the schema."""
    filters = filters_of(entity).base_filters
    return [
        OpenApiParameter(name, datetime if name == "updated_since" else str, description=one.extra["help_text"])
        for name, one in filters.items()
    ]


def is_name(spec: AttributeSpec) -> bool:
    """Say whether an attribute names the thing: a required text is its title."""
    return spec.standardiser in NAMES or spec.required


def _from_source(entity: EntityType) -> Any:
    def from_source(rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        del name
        records: Any = entity.record._default_manager
        members = records.filter(golden_id=OuterRef("pk"), source__code=value, state=RecordState.ACTIVE)
        return rows.filter(Exists(members))

    return from_source


def _named(entity: EntityType) -> Any:
    def named(rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        del name
        condition = Q()
        for spec in entity.attributes:
            if is_name(spec):
                condition |= Q(**{f"{spec.name}__icontains": value})
        return rows.filter(condition)

    return named
