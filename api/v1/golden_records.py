"""`/customers`, `/projects` and every further entity type: golden records, found by canonical id or listed by filters."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import attributes_of, component_name
from api.filters import MOMENT, filter_parameters, filtered
from api.pagination import PAGING, page_of
from api.readings import gave_golden_records
from api.schema import IF_NONE_MATCH, UNCHANGED, problems
from api.scopes import READ
from api.v1.confirmation_schema import given as confirmations
from api.v1.golden_schema import given_golden_record, given_golden_records
from api.v1.source_body import read_moment
from api.views import ApiView, conditional
from golden_records import endorsing, selectors
from golden_records.as_of import GoldenTold, golden_as_of
from golden_records.entities import EntityType
from golden_records.models import GoldenRecord, GoldenState, SourceRecord
from golden_records.selectors import AttributeLineage

CANONICAL_ID: Final = OpenApiParameter(
    "canonical_id", UUID, OpenApiParameter.PATH, description="It answers for ever: itself, or its successor; 410 once erased."
)
AS_OF: Final = OpenApiParameter("as_of", datetime, description=f"As it was at this moment. {MOMENT}")


class GoldenRecordView(ApiView):
    """One golden record."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}
    entity: ClassVar[EntityType]

    def get(self, request: Request, canonical_id: UUID) -> HttpResponse:
        """Give the golden record with where each value comes from; a retired id answers with its successor.

        With `as_of`, as it was at that moment: its values, its source records and where its values came from.
        """
        moment = read_moment(request.query_params.get("as_of"), "as_of")
        told = golden_as_of(self.entity, canonical_id, moment) if moment else _now(self.entity, canonical_id)
        golden = told.golden
        headers = {"Content-Location": reverse(self.entity.name, args=[golden.id])} if told.followed and not moment else {}
        answer = conditional(request, _document(self.entity, told), headers=headers)
        if answer.status_code == HTTPStatus.OK:
            gave_golden_records(request, self.entity, [(golden.id, attributes_of(golden, self.entity))])
        return answer


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
        gave_golden_records(request, self.entity, [(golden.pk, attributes_of(golden, self.entity)) for golden in page.rows])
        return Response({"results": results, "next": page.next_address})


def golden_record_view(entity: EntityType) -> type[GoldenRecordView]:
    """Make the view of one entity type's golden record, described in the schema with its own attributes."""
    view = type(f"{component_name(entity)}View", (GoldenRecordView,), {"entity": entity})
    described = extend_schema_view(
        get=extend_schema(
            operation_id=f"get_{entity.name}",
            summary=f"Get a {entity.name} by canonical id",
            tags=["golden records"],
            parameters=[CANONICAL_ID, AS_OF, IF_NONE_MATCH],
            responses={200: given_golden_record(entity), 304: UNCHANGED, **problems(400, 404, 410)},
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


def _now(entity: EntityType, canonical_id: UUID) -> GoldenTold:
    view = selectors.golden(entity, canonical_id)
    members, lineage = selectors.members(view.golden), selectors.lineage(entity, view.golden)
    references = selectors.references_of(entity, [view.golden])[view.golden.pk]
    marks = endorsing.standing(entity, [view.golden.pk]).get(view.golden.pk, ())
    return GoldenTold(view.golden, canonical_id, members, lineage, references, marks)


def _document(entity: EntityType, told: GoldenTold) -> dict[str, object]:
    own_ids = {record.id: record.external_id for record in told.members}
    return _summary(entity, told.golden) | {
        "requested_id": told.asked_id,
        "retired": told.followed or told.golden.state == GoldenState.RETIRED,
        "references": told.references,
        "lineage": {name: _lineage(found, own_ids) for name, found in told.lineage.items() if found.rule is not None},
        "cross_references": [_cross_reference(record) for record in told.members],
        "confirmations": confirmations(told.golden, told.marks),
    }


def _summary(entity: EntityType, golden: GoldenRecord) -> dict[str, object]:
    return {
        "canonical_id": golden.id,
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
