"""Reports: which there are, the form that asks for one, how far it is, and its file."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _t

from golden_records import viewing
from golden_records.admin.acting import change_by, person, words_of
from golden_records.admin.base import PageAdmin
from golden_records.errors import MdmError
from golden_records.saying import said
from matching.models import ReportFormat, ReportJob, ReportState
from matching.reporting import ask_for
from matching.reports.asking import Kind, Report
from matching.reports.jobs import Asker, ReportNotReady, heading_of, opened
from matching.reports.registry import MAY, REPORTS, SEES_PERSONS, SEES_READINGS, reports_for
from matching.reports.serving import file_answer

SHOWN = 50
_INPUTS = {Kind.DATE: "date"}


@admin.register(ReportJob)
class ReportJobAdmin(PageAdmin):
    """The reports that somebody may ask for, and those that they asked for."""

    page_template: ClassVar[str] = "matching/admin/report.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the form of a report, and the address of a file."""
        form, file = self.admin_site.admin_view(self.make_view), self.admin_site.admin_view(self.file_view)
        return [
            path("make/<str:name>/", form, name="matching_reportjob_make"),
            path("<uuid:job_id>/file/", file, name="matching_reportjob_file"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the reports there are for whoever looks, and what they asked for last."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        jobs = list(_own(request)[:SHOWN])
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Reports"),
            "opts": self.opts,
            "media": self.media,
            "reports": offered(request),
            "jobs": [(job, REPORTS[job.report].title if job.report in REPORTS else job.report) for job in jobs],
            **(extra_context or {}),
        }
        return TemplateResponse(request, "matching/admin/reports.html", context)

    def make_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show what may be asked for; sent, enter the report and go to it."""
        report = next((each for each in offered(request) if each.name == name), None)
        if report is None:
            raise Http404 if request.user.has_perm(MAY) else PermissionDenied
        if request.method == "POST" and (asked := self._asked(request, report)):
            return asked
        viewing.look()
        sees_persons = _may_all(request, SEES_PERSONS)
        sent = request.POST or request.GET
        context = {
            **self.admin_site.each_context(request),
            "title": report.title,
            "opts": self.opts,
            "media": self.media,
            "report": report,
            "fields": [
                (each, sent.get(each.name, ""), each.choices() if each.choices is not None else None, _INPUTS.get(each.kind, "text"))
                for each in report.parameters
            ],
            "formats": ReportFormat.choices,
            "chosen": sent.get("format", ReportFormat.HTML),
            "columns": [column.title for column in report.columns if sees_persons or not column.personal],
            "leaves_out": report.is_personal and not sees_persons,
            "audited": report.is_personal and sees_persons,
            "list_url": reverse("admin:matching_reportjob_changelist"),
        }
        return TemplateResponse(request, "matching/admin/report_form.html", context)

    def file_view(self, request: HttpRequest, job_id: UUID) -> HttpResponseBase:
        """Give the file, or go to the page of the report where there is none."""
        job = _own(request).filter(pk=job_id).first()
        if job is None:
            raise Http404
        if job.report not in {report.name for report in offered(request)}:
            raise PermissionDenied
        if job.with_values and not _may_all(request, SEES_PERSONS):
            raise PermissionDenied
        try:
            answer: StreamingHttpResponse = file_answer(job, opened(job, change=change_by(request, "a report was read")))
        except ReportNotReady as error:
            messages.error(request, words_of(error))
            return HttpResponseRedirect(_page(job))
        return answer

    def get_queryset(self, request: HttpRequest) -> Any:
        """Each sees what they asked for themselves."""
        return _own(request)

    def page_context(self, request: HttpRequest, found: ReportJob) -> dict[str, Any]:
        """How far it is, what was asked for, and the way to the file."""
        del request
        report = REPORTS[found.report]
        expected = found.rows_expected or 0
        return {
            "job": found,
            "heading": heading_of(found, report),
            "title": report.title,
            "waits": found.state in (ReportState.QUEUED, ReportState.RUNNING),
            "share": min(1.0, found.rows_done / expected) if expected else None,
            "list_url": reverse("admin:matching_reportjob_changelist"),
        }

    @staticmethod
    def _asked(request: HttpRequest, report: Report) -> HttpResponse | None:
        user = person(request)
        by = Asker(
            f"steward:{user.get_username()}",
            user_id=user.pk,
            with_values=_may_all(request, SEES_PERSONS),
            with_readings=_may_all(request, SEES_READINGS),
            language=get_language() or "en",
        )
        report_format = request.POST.get("format", "")
        if report_format not in ReportFormat.values:
            messages.error(request, _t("Choose a format."))
            return None
        try:
            job = ask_for(report, report_format, {each.name: request.POST.get(each.name, "") for each in report.parameters}, by=by)
        except MdmError as error:
            for problem in error.data.get("problems") or [error.message]:  # type: ignore[attr-defined]  # a list of texts
                messages.error(request, said(problem))
            return None
        return HttpResponseRedirect(_page(job))


def offered(request: HttpRequest) -> list[Report]:
    """The reports for a person: none for a limited one, as each is on everything there is."""
    seen_by = viewing.viewer()
    return [] if seen_by is not None and seen_by.is_limited else reports_for(request.user.has_perm)


def _own(request: HttpRequest) -> Any:
    return ReportJob.objects.filter(actor=f"steward:{person(request).get_username()}").order_by("-created_at", "id")


def _may_all(request: HttpRequest, permissions: tuple[str, ...]) -> bool:
    return all(map(request.user.has_perm, permissions))


def _page(job: ReportJob) -> str:
    return reverse("admin:matching_reportjob_change", args=(job.pk,))
