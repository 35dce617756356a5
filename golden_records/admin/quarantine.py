"""Quarantine: the rows that could not be taken, to be mended and replayed, or dismissed."""

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import quarantine, viewing
from golden_records.admin import cells
from golden_records.admin.acting import change_by, words_of
from golden_records.admin.base import PageAdmin, SeenChoices
from golden_records.admin.filters import RowKindFilter, StateFilter
from golden_records.admin.timeline import timeline
from golden_records.entities import ENTITIES
from golden_records.errors import MdmError
from golden_records.models import QuarantinedRow, QuarantineState
from golden_records.saying import said

MAY_MEND: Final = "golden_records.change_quarantinedrow"
FIELD: Final = "value:"
"""Before the name of a column in the form, so that no column of a source can be taken for a field of ours."""


class RowStateFilter(StateFilter):
    """Rows that wait to be mended, unless others are asked for."""

    states = QuarantineState
    default = QuarantineState.OPEN


class ImportFilter(SeenChoices):
    """Rows of one import."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("import")


@admin.register(QuarantinedRow)
class QuarantinedRowAdmin(PageAdmin):
    """The rows; the page of one is the form that mends it."""

    page_template: ClassVar[str] = "golden_records/admin/quarantined.html"
    list_display = ("__str__", "reasons", "outcome", "file", "quarantined_at")
    list_filter = (RowStateFilter, "source", RowKindFilter, ("job", ImportFilter))
    list_select_related = ("source", "job__source")
    search_fields = ("external_id",)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that replay and dismiss; both take POST alone."""
        return [
            path("<int:row_id>/replay/", self.admin_site.admin_view(self.replay_view), name="golden_records_quarantinedrow_replay"),
            path("<int:row_id>/dismiss/", self.admin_site.admin_view(self.dismiss_view), name="golden_records_quarantinedrow_dismiss"),
            *super().get_urls(),
        ]

    @admin.display(description=_("import"))
    def file(self, row: QuarantinedRow) -> str:
        """The import that it came with."""
        return str(row.job or "")

    @admin.display(description=_("problems"))
    def reasons(self, row: QuarantinedRow) -> str:
        """What is wrong."""
        return cells.name(" · ".join(f"{problem['field']}: {said(problem['reason'])}" for problem in row.problems))

    @admin.display(description=_("state"))
    def outcome(self, row: QuarantinedRow) -> str:
        """The state as a coloured word."""
        return cells.pill(row.state, row.get_state_display())

    def page_context(self, request: HttpRequest, found: QuarantinedRow) -> dict[str, Any]:
        """The problems, and every value as it was sent, to be corrected."""
        wrong = {str(problem.get("field", "")) for problem in found.problems}
        is_open = found.state == QuarantineState.OPEN
        return {
            "row": found,
            "prefix": FIELD,
            "fields": [(name, "" if value is None else value, name in wrong) for name, value in found.payload.items()],
            "entries": timeline(QuarantinedRow, found.pk, limit=20),
            "is_open": is_open,
            # Who sees marks in place of values would send them back as values.
            "may_mend": is_open and request.user.has_perm(MAY_MEND) and not _is_masked(found),
        }

    def replay_view(self, request: HttpRequest, row_id: int) -> HttpResponse:
        """Take the row in with the values of the form; where something is still wrong, show the form again."""
        refused = self.refused(request, MAY_MEND)
        if refused is not None:
            return refused
        row = self.get_object(request, str(row_id))
        if row is None:
            return self.missing(request, str(row_id))
        if _is_masked(row):
            raise PermissionDenied
        change = change_by(request, "mended in quarantine")
        try:
            replay = quarantine.mend_and_replay(row_id, _corrections(request, row), change=change)
        except MdmError as error:
            messages.error(request, words_of(error))
            return HttpResponseRedirect(self._page(row_id))
        if replay.outcome is None:
            messages.warning(request, _t("Not yet: the problems that are left are listed below."))
            return HttpResponseRedirect(self._page(row_id))
        messages.success(request, _t("Taken: the record is %s and will be matched.") % replay.outcome)
        return HttpResponseRedirect(reverse("admin:golden_records_quarantinedrow_changelist"))

    def dismiss_view(self, request: HttpRequest, row_id: int) -> HttpResponse:
        """Set the row aside for good, with the reason that was written."""
        refused = self.refused(request, MAY_MEND)
        if refused is not None:
            return refused
        reason = request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, _t("Say why the row is dismissed."))
            return HttpResponseRedirect(self._page(row_id))
        try:
            quarantine.dismiss(row_id, change=change_by(request, reason))
        except MdmError as error:
            messages.error(request, words_of(error))
            return HttpResponseRedirect(self._page(row_id))
        messages.success(request, _t("Dismissed."))
        return HttpResponseRedirect(reverse("admin:golden_records_quarantinedrow_changelist"))

    @staticmethod
    def _page(row_id: int) -> str:
        return reverse("admin:golden_records_quarantinedrow_change", args=(row_id,))


def _is_masked(row: QuarantinedRow) -> bool:
    return viewing.is_masked(row.entity if row.entity in ENTITIES else "project")


def _corrections(request: HttpRequest, row: QuarantinedRow) -> dict[str, str]:
    """What the form says other than the row; an empty field of a value that was not there is no correction."""
    sent = {name: "" if value is None else str(value) for name, value in row.payload.items()}
    given = {key.removeprefix(FIELD): str(value) for key, value in request.POST.items() if key.startswith(FIELD)}
    # A browser sends every line break as two characters.
    told = {name: value.replace("\r\n", "\n") for name, value in given.items()}
    return {name: value for name, value in told.items() if value != sent.get(name, "").replace("\r\n", "\n")}
