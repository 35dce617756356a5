"""`/projects/{canonical_id}/facts`: the monthly figures of a project, as its sources report them."""

from collections.abc import Mapping
from typing import ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import field_of, serializer
from api.pagination import PAGING, page_of
from api.schema import problems
from api.scopes import READ
from api.v1.golden_records import CANONICAL_ID
from api.views import ApiView
from golden_records import selectors
from golden_records.attributes import attributes_of
from golden_records.entities import ENTITIES
from golden_records.models import ProjectFact, ProjectFactAttributes, RecordState

FIGURES: Final = attributes_of(ProjectFactAttributes)


class ProjectFactsView(ApiView):
    """The months of one golden project."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}

    @extend_schema(
        operation_id="list_project_facts",
        summary="List the monthly figures of a project",
        tags=["golden records"],
        parameters=[CANONICAL_ID, *PAGING],
        responses={
            200: serializer(
                "ProjectFactPage",
                canonical_id=serializers.UUIDField(help_text="Of the project, or of the successor of a retired id."),
                results=serializer(
                    "ProjectFact",
                    source=serializers.CharField(help_text="Code of the source system."),
                    external_id=serializers.CharField(help_text="The project's id there."),
                    **{spec.name: field_of(spec) for spec in FIGURES},
                )(many=True),
                next=serializers.CharField(allow_null=True, help_text="Address of the next page; null on the last."),
            ),
            **problems(400, 404, 410),
        },
    )
    def get(self, request: Request, canonical_id: UUID) -> Response:
        """Give the months in their order; where several source records report a month, each is told, and none is added up."""
        project = selectors.golden(ENTITIES["project"], canonical_id).golden
        facts = ProjectFact.objects.filter(record__golden_id=project.pk, record__state=RecordState.ACTIVE)
        page = page_of(request, facts.select_related("record__source"), order=("period", "id"))
        return Response({"canonical_id": project.pk, "results": [_fact(row) for row in page.rows], "next": page.next_address})


def _fact(fact: ProjectFact) -> dict[str, object]:
    figures = {spec.name: getattr(fact, spec.name) for spec in FIGURES}
    return {"source": fact.record.source.code, "external_id": fact.record.external_id, **figures}
