"""`/reports` and `/report-jobs`: which reports there are, asking for one, how far it is, and its file."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import serializer
from api.idempotency import idempotent
from api.pagination import PAGING, page_of
from api.problems import FieldError, InvalidRequest, first_errors, pointer
from api.schema import problems
from api.scopes import READ, REPORTS
from api.views import ApiView, change_of, client_of
from matching.models import ReportFormat, ReportJob, ReportState
from matching.reporting import ask_for
from matching.reports import registry
from matching.reports.asking import Kind, Report
from matching.reports.jobs import Asker, opened, own_job
from matching.reports.serving import file_answer
from matching.reports.writers import MEDIA_TYPES

TAGS: Final = ["reports"]
KINDS: Final = [(kind.value, kind.value) for kind in Kind]
_NAME: Final = OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(registry.REPORTS), description="Of the report.")
_JOB_ID: Final = OpenApiParameter("job_id", UUID, OpenApiParameter.PATH, description="As `Location` named it.")

PARAMETER: Final = serializer(
    "ReportParameter",
    "What a report may be asked for.",
    name=serializers.CharField(),
    title=serializers.CharField(),
    kind=serializers.ChoiceField(choices=KINDS),
    required=serializers.BooleanField(),
    choices=serializers.ListField(child=serializers.CharField(), allow_null=True, help_text="The values there are; null: any."),
)
COLUMN: Final = serializer(
    "ReportColumn",
    "A column of a report.",
    name=serializers.CharField(),
    title=serializers.CharField(),
    kind=serializers.ChoiceField(choices=KINDS),
    personal=serializers.BooleanField(help_text="Left out for keys without the scope `read`: it may tell of persons."),
)
DESCRIBED: Final = serializer(
    "Report",
    "A report that can be asked for.",
    name=serializers.CharField(),
    title=serializers.CharField(),
    about=serializers.CharField(),
    parameters=PARAMETER(many=True),
    columns=COLUMN(many=True),
)
LIST: Final = serializer("Reports", "The reports there are.", results=DESCRIBED(many=True))
SENT: Final = serializer(
    "ReportSent",
    "What is asked for.",
    format=serializers.ChoiceField(choices=ReportFormat.choices),
    parameters=serializers.DictField(child=serializers.CharField(), required=False, help_text="By name; days as YYYY-MM-DD."),
)
JOB: Final = serializer(
    "ReportJob",
    "A report that was asked for. One with few rows is `completed` in the answer to the request that asks for it.",
    id=serializers.UUIDField(),
    report=serializers.CharField(),
    format=serializers.ChoiceField(choices=ReportFormat.choices),
    parameters=serializers.DictField(child=serializers.CharField()),
    state=serializers.ChoiceField(choices=ReportState.choices),
    rows=serializers.IntegerField(min_value=0, help_text="Written so far."),
    rows_expected=serializers.IntegerField(min_value=0, allow_null=True, help_text="Null until the work begins."),
    personal_data=serializers.BooleanField(help_text="Whether it has columns that may tell of persons: making and reading it is audited."),
    size=serializers.IntegerField(min_value=0, allow_null=True, help_text="Bytes of the file."),
    asked_at=serializers.DateTimeField(),
    made_at=serializers.DateTimeField(allow_null=True),
    kept_until=serializers.DateTimeField(allow_null=True, help_text="When the file is deleted."),
    error=serializers.CharField(allow_null=True),
    file=serializers.CharField(allow_null=True, help_text="Address of the file; null while there is none."),
)
JOBS: Final = serializer(
    "ReportJobPage",
    "Reports that were asked for.",
    results=JOB(many=True),
    next=serializers.CharField(allow_null=True, help_text="Null on the last page."),
)


class ReportsView(ApiView):
    """The reports there are."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": REPORTS}

    @extend_schema(operation_id="list_reports", summary="List the reports there are", tags=TAGS, responses={200: LIST, **problems()})
    def get(self, request: Request) -> Response:
        """Give every report with its parameters and columns."""
        del request
        return Response({"results": [_described(report) for report in registry.REPORTS.values()]})


class ReportView(ApiView):
    """One report."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": REPORTS}

    @extend_schema(
        operation_id="ask_for_report",
        summary="Ask for a report",
        tags=TAGS,
        parameters=[_NAME],
        request=SENT,
        responses={
            201: JOB,
            202: OpenApiResponse(JOB, description="A worker makes it."),
            **problems(400, 404, 409, 410, 411, 413, 415, 422),
        },
    )
    @idempotent
    def post(self, request: Request, name: str) -> Response:
        """Make it: 201 with its file where it has few rows, else 202, and a worker makes it."""
        report = registry.report(name)
        report_format, parameters = _sent(request)
        client = client_of(request)
        by = Asker(client.actor, with_values=READ in client.scopes, with_readings=True)
        job = ask_for(report, report_format, parameters, by=by)
        waits = job.state in (ReportState.QUEUED, ReportState.RUNNING)
        return Response(given(job), status=202 if waits else 201, headers={"Location": reverse("report-job", args=[job.pk])})


class ReportJobsView(ApiView):
    """The reports that a key asked for."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": REPORTS}

    @extend_schema(
        operation_id="list_report_jobs",
        summary="List the reports you asked for",
        tags=TAGS,
        parameters=[*PAGING],
        responses={200: JOBS, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Give a page of them, the oldest first."""
        page = page_of(request, ReportJob.objects.filter(actor=client_of(request).actor), order=("created_at", "id"))
        return Response({"results": [given(job) for job in page.rows], "next": page.next_address})


class ReportJobView(ApiView):
    """A report that was asked for."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": REPORTS}

    @extend_schema(
        operation_id="get_report_job",
        summary="See how far a report is",
        tags=TAGS,
        parameters=[_JOB_ID],
        responses={200: JOB, **problems(404)},
    )
    def get(self, request: Request, job_id: UUID) -> Response:
        """Give its state, and the address of its file once it is made."""
        return Response(given(own_job(job_id, actor=client_of(request).actor)))


class ReportFileView(ApiView):
    """The file of a report."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": REPORTS}

    @extend_schema(
        operation_id="get_report_file",
        summary="Get the file of a report",
        tags=TAGS,
        parameters=[_JOB_ID],
        responses={
            **{(200, kind): OpenApiResponse(OpenApiTypes.BINARY, description="The file.") for kind in MEDIA_TYPES.values()},
            **problems(404, 409),
        },
    )
    def get(self, request: Request, job_id: UUID) -> HttpResponse | StreamingHttpResponse:
        """Give it, piece by piece. Of one with personal data, this is a reading, which the audit log keeps."""
        job = own_job(job_id, actor=client_of(request).actor)
        if job.with_values and READ not in client_of(request).scopes:
            raise registry.UnknownReport("The key may not see values any more.", remedy="Ask for the report anew.", report=job.report)
        return file_answer(job, opened(job, change=change_of(request, reason="a report was read through the API")))


def given(job: ReportJob) -> dict[str, Any]:
    """Give how far a report is."""
    is_made = job.state == ReportState.COMPLETED
    return {
        "id": job.pk,
        "report": job.report,
        "format": job.format,
        "parameters": job.parameters,
        "state": job.state,
        "rows": job.rows_done,
        "rows_expected": job.rows_expected,
        "personal_data": job.with_values,
        "size": job.size,
        "asked_at": job.created_at,
        "made_at": job.finished_at,
        "kept_until": job.expires_at,
        "error": job.error or None,
        "file": reverse("report-file", args=[job.pk]) if is_made else None,
    }


def _described(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": str(report.title),
        "about": str(report.about),
        "parameters": [
            {
                "name": each.name,
                "title": str(each.title),
                "kind": each.kind.value,
                "required": each.required,
                "choices": list(each.choices()) if each.choices is not None else None,
            }
            for each in report.parameters
        ],
        "columns": [
            {"name": each.name, "title": str(each.title), "kind": each.kind.value, "personal": each.personal} for each in report.columns
        ],
    }


def _sent(request: Request) -> tuple[str, dict[str, Any]]:
    sent = request.data if isinstance(request.data, dict) else {}
    errors = [
        FieldError(pointer(name), "unknown_member", "The member is not known.", "Known are format and parameters.")
        for name in sent
        if name not in {"format", "parameters"}
    ]
    if sent.get("format") not in ReportFormat.values:
        remedy = f"Send one of: {', '.join(ReportFormat.values)}."
        errors.append(FieldError(pointer("format"), "invalid_choice", "There is no such format.", remedy, sent.get("format")))
    parameters = sent.get("parameters", {})
    if not isinstance(parameters, dict) or not all(isinstance(value, str) for value in parameters.values()):
        errors.append(FieldError(pointer("parameters"), "wrong_type", "The parameters are no object of strings.", "Send strings by name."))
    if errors:
        raise InvalidRequest("The request can't be read.", remedy="See 'errors' for each place.", errors=first_errors(errors))
    return sent["format"], parameters
