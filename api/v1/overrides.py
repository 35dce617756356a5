"""`/overrides` and those of a golden record: what stewards say stands, whatever the sources say."""

from collections.abc import Mapping
from typing import ClassVar, Final, cast
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.pagination import PAGING, page_of
from api.schema import problems
from api.scopes import OVERRIDES, READ
from api.v1 import override_schema as described
from api.v1.golden_records import CANONICAL_ID
from api.v1.override_body import read_filters, read_reason, read_wish
from api.v1.override_schema import given, receipt
from api.views import ApiView, change_of
from golden_records import selectors
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import Override, OverrideState
from golden_records.overriding import find
from matching import overriding

TAGS: Final = ["overrides"]
_ID: Final = OpenApiParameter("override_id", UUID, OpenApiParameter.PATH, description="The id of the override.")
_STATE: Final = OpenApiParameter("state", str, enum=OverrideState.values, description="Only those in this state.")
_ENTITY: Final = OpenApiParameter("entity", str, enum=list(ENTITIES), description="Only those of this entity type.")


class GoldenOverridesView(ApiView):
    """The overrides that were made on one golden record."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ, "POST": OVERRIDES}
    entity: ClassVar[EntityType]

    def get(self, request: Request, canonical_id: UUID) -> Response:
        """Give those that were made on it, and those that came to it with what was merged into it, the oldest first."""
        golden = selectors.golden(self.entity, canonical_id).golden
        carried = [entry["id"] for entry in golden.pins or ()]
        own = Override.objects.filter(entity=self.entity.name)
        page = page_of(request, own.filter(golden_id=golden.pk) | own.filter(pk__in=carried), order=("created_at", "id"))
        return Response({"results": given(page.rows), "next": page.next_address})

    @idempotent
    def post(self, request: Request, canonical_id: UUID) -> Response:
        """Let a value stand, or what one source record says, until the override's life is over."""
        wish, reason = read_wish(request, self.entity)
        made = overriding.override(self.entity, canonical_id, wish, change=change_of(request, reason=reason))
        return Response(receipt(made), status=201, headers={"Location": reverse("override", args=[made.pk])})


class OverridesView(ApiView):
    """All overrides."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}

    @extend_schema(
        operation_id="list_overrides",
        summary="List overrides",
        tags=TAGS,
        parameters=[_STATE, _ENTITY, *PAGING],
        responses={200: described.PAGE, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Give a page of the overrides, the oldest first: those in force, or those that lapsed, as `state` says."""
        page = page_of(request, Override.objects.filter(**read_filters(request)), order=("created_at", "id"))
        return Response({"results": given(page.rows), "next": page.next_address})


class OverrideView(ApiView):
    """One override."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}

    @extend_schema(
        operation_id="get_override",
        summary="Get an override",
        tags=TAGS,
        parameters=[_ID],
        responses={200: described.GIVEN, **problems(404)},
    )
    def get(self, request: Request, override_id: UUID) -> Response:
        """Give the override with its values, and what became of it."""
        del request
        return Response(given([find(override_id)])[0])


class OverrideEndView(ApiView):
    """The end of an override."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": OVERRIDES}

    @extend_schema(
        operation_id="end_override",
        summary="End an override",
        tags=TAGS,
        parameters=[_ID],
        request=described.END,
        responses={200: described.RECEIPT, **problems(400, 404, 409, 411, 413, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, override_id: UUID) -> Response:
        """Let the rules choose again."""
        change = change_of(request, reason=read_reason(request))
        return Response(receipt(overriding.end_override(override_id, change=change)))


def golden_overrides_view(entity: EntityType) -> type[GoldenOverridesView]:
    """Make the view of the overrides of one entity type's golden records."""
    view = type(f"{entity.name.title()}OverridesView", (GoldenOverridesView,), {"entity": entity})
    described_view = extend_schema_view(
        get=extend_schema(
            operation_id=f"list_{entity.name}_overrides",
            summary=f"List the overrides of a {entity.name}",
            tags=TAGS,
            parameters=[CANONICAL_ID, *PAGING],
            responses={200: described.PAGE, **problems(400, 404)},
        ),
        post=extend_schema(
            operation_id=f"override_{entity.name}",
            summary=f"Override a value of a {entity.name}",
            tags=TAGS,
            parameters=[CANONICAL_ID],
            request=described.SENT,
            responses={201: described.RECEIPT, **problems(400, 404, 409, 411, 413, 415, 422)},
        ),
    )
    return cast("type[GoldenOverridesView]", described_view(view))
