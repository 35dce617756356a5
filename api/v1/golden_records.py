"""`/customers`, `/projects` and every further entity type: golden records, found by canonical id or listed by filters."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import attributes_of, component_name
from api.filters import filter_parameters, filtered
from api.pagination import PAGING, page_of
from api.schema import IF_NONE_MATCH, UNCHANGED, problems
from api.scopes import READ
from api.v1.golden_schema import given_golden_record, given_golden_records
from api.views import ApiView, conditional
from golden_records import selectors
from golden_records.entities import EntityType
from golden_records.models import GoldenRecord, GoldenState, SourceRecord
from golden_records.selectors import AttributeLineage, GoldenView

CANONICAL_ID: Final = OpenApiParameter(
    "canonical_id", UUID, OpenApiParameter.PATH, description="It answers for ever: itself, or its successor."
)


class GoldenRecordView(ApiView):
    """One golden record."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}
    entity: ClassVar[EntityType]

    def get(self, request: Request, canonical_id: UUID) -> HttpResponse:
        """Give the golden record with where each value comes from; a retired id answers with its successor."""
        view = selectors.golden(self.entity, canonical_id)
        headers = {"Content-Location": reverse(self.entity.name, args=[view.golden.pk])} if view.followed else {}
        return conditional(request, _document(self.entity, view), headers=headers)


class GoldenRecordsView(ApiView):
    """The golden records of an entity type."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}
    entity: ClassVar[EntityType]

    def get(self, request: Request) -> Response:
        """Give a page of the active golden records that pass the filters, in the order of their birth."""
        active = self.entity.golden._default_manager.filter(state=GoldenState.ACTIVE)
        page = page_of(request, filtered(request, self.entity, active))
        references = selectors.references_of(self.entity, page.rows)
        results = [_summary(self.entity, golden) | {"references": references[golden.pk]} for golden in page.rows]
        return Response({"results": results, "next": page.next_address})


def golden_record_view(entity: EntityType) -> type[GoldenRecordView]:
    """Make the view of one entity type's golden record, described in the schema with its own attributes."""
    view = type(f"{component_name(entity)}View", (GoldenRecordView,), {"entity": entity})
    described = extend_schema_view(
        get=extend_schema(
            operation_id=f"get_{entity.name}",
            summary=f"Get a {entity.name} by canonical id",
            tags=["golden records"],
            parameters=[CANONICAL_ID, IF_NONE_MATCH],
            responses={200: given_golden_record(entity), 304: UNCHANGED, **problems(404)},
        )
    )
    return cast("type[GoldenRecordView]", described(view))


def golden_records_view(entity: EntityType) -> type[GoldenRecordsView]:
    """Make the list of one entity type's golden records, described in the schema with its own filters."""
    view = type(f"{component_name(entity)}ListView", (GoldenRecordsView,), {"entity": entity})
    described = extend_schema_view(
        get=extend_schema(
            operation_id=f"list_{entity.plural}",
            summary=f"List {entity.plural}",
            tags=["golden records"],
            parameters=[*filter_parameters(entity), *PAGING],
            responses={200: given_golden_records(entity), **problems(400)},
        )
    )
    return cast("type[GoldenRecordsView]", described(view))


def _document(entity: EntityType, view: GoldenView) -> dict[str, object]:
    golden = view.golden
    members = selectors.members(golden)
    own_ids = {record.pk: record.external_id for record in members}
    lineage = selectors.lineage(entity, golden)
    return _summary(entity, golden) | {
        "requested_id": view.asked_id,
        "retired": view.followed or golden.state == GoldenState.RETIRED,
        "references": selectors.references_of(entity, [golden])[golden.pk],
        "lineage": {name: _lineage(found, own_ids) for name, found in lineage.items() if found.rule is not None},
        "cross_references": [_cross_reference(record) for record in members],
    }


def _summary(entity: EntityType, golden: GoldenRecord) -> dict[str, object]:
    return {
        "canonical_id": golden.pk,
        "entity": entity.name,
        "state": golden.state,
        "version": golden.version,
        "created_at": golden.created_at,
        "updated_at": golden.updated_at,
        "completeness": golden.completeness,
        "source_records": golden.member_count,
        "attributes": attributes_of(golden, entity),
    }


def _lineage(found: AttributeLineage, own_ids: Mapping[int, str]) -> dict[str, object]:
    return {
        "value": found.value,
        "source": found.source,
        "external_id": own_ids.get(found.record_id) if found.record_id is not None else None,
        "rule": found.rule,
        "rules_version": found.rules,
        "override": found.pin,
        "others": [
            {"value": other.value, "source": other.source, "external_id": own_ids.get(other.record_id), "agrees": other.agrees}
            for other in found.others
        ],
    }


def _cross_reference(record: SourceRecord) -> dict[str, Any]:
    return {
        "source": record.source.code,
        "external_id": record.external_id,
        "state": record.state,
        "linked_by": record.link_source,
        "since": record.linked_at,
        "probability": record.link.get("probability"),
    }
