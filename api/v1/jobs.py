"""`/jobs/{id}`: how far taking in many records is, and how many of them still wait to be matched."""

from collections.abc import Mapping
from typing import ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import serializer
from api.problems import UnknownJob
from api.schema import problems
from api.scopes import READ
from api.views import ApiView
from golden_records import imports
from golden_records.imports import COUNTS
from golden_records.models import ImportJob, ImportState

JOB: Final = serializer(
    "Job",
    "How far it is: `received` = `created` + `updated` + `unchanged` + `stale` + `quarantined` + `refused` + `suppressed`, always.",
    id=serializers.UUIDField(),
    state=serializers.ChoiceField(choices=ImportState.choices),
    source=serializers.CharField(allow_null=True, help_text="Code of the source system of a file; null where each record names its own."),
    entity=serializers.CharField(allow_null=True, help_text="What the rows of a file are; null where each record names its own."),
    actor=serializers.CharField(help_text="Who sent it."),
    started_at=serializers.DateTimeField(),
    finished_at=serializers.DateTimeField(allow_null=True),
    received=serializers.IntegerField(min_value=0, help_text="Records that were read and dealt with so far."),
    created=serializers.IntegerField(min_value=0, help_text="New ones (the lines say `accepted`)."),
    updated=serializers.IntegerField(min_value=0),
    unchanged=serializers.IntegerField(min_value=0, help_text="The same was there already."),
    stale=serializers.IntegerField(min_value=0, help_text="Something newer was there already."),
    quarantined=serializers.IntegerField(min_value=0, help_text="Kept until somebody mends them."),
    refused=serializers.IntegerField(min_value=0, help_text="No records that could be read or may be written; nothing of them is kept."),
    suppressed=serializers.IntegerField(min_value=0, help_text="Erased before, and not to come back; nothing of them is kept."),
    error=serializers.CharField(allow_null=True, help_text="What stopped it; send the same again."),
    matching=serializers.DictField(
        child=serializers.IntegerField(min_value=0),
        help_text="Of the records that came in while it ran: those `waiting` to be matched still, and those for which it `failed`.",
    ),
)


class JobView(ApiView):
    """One job."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ}

    @extend_schema(
        operation_id="get_job",
        summary="See how far a job is",
        tags=["source records"],
        parameters=[OpenApiParameter("job_id", UUID, OpenApiParameter.PATH, description="As `Location` named it.")],
        responses={200: JOB, **problems(404)},
    )
    def get(self, request: Request, job_id: UUID) -> Response:
        """Give its counts as of now."""
        del request
        job = ImportJob.objects.select_related("source").filter(public_id=job_id).first()
        if job is None:
            raise UnknownJob("There is no such job.", remedy="Use the address in the 'Location' of the answer that began it.")
        return Response(_document(job))


def _document(job: ImportJob) -> dict[str, object]:
    return {
        "id": job.public_id,
        "state": job.state,
        "source": job.source.code if job.source else None,
        "entity": job.entity or None,
        "actor": job.actor,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "received": job.rows_done,
        **{name: getattr(job, name) for name in COUNTS},
        "error": job.error or None,
        "matching": imports.still_to_match(job),
    }
