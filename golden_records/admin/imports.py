"""Imports of files and calls: how far each got and what became of its rows."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from golden_records import viewing
from golden_records.admin import cells
from golden_records.admin.base import PageAdmin
from golden_records.admin.filters import RowKindFilter
from golden_records.imports import COUNTS
from golden_records.models import ImportJob, QuarantineState


@admin.register(ImportJob)
class ImportJobAdmin(PageAdmin):
    """To look at: files are imported by `manage.py import_records`."""

    page_template: ClassVar[str] = "golden_records/admin/import.html"
    list_display = ("file_name", "source", "entity_words", "outcome", "rows_done", "created", "updated", "quarantined", "started_at")
    list_filter = ("source", RowKindFilter, "state")
    list_select_related = ("source",)
    search_fields = ("file_name",)
    sortable_by = ()

    @admin.display(description=_("state"))
    def outcome(self, job: ImportJob) -> str:
        """The state as a coloured word."""
        return cells.pill(job.state, job.get_state_display())

    def page_context(self, request: HttpRequest, found: ImportJob) -> dict[str, Any]:
        """The counts as shares of the rows, and the first rows that were put aside."""
        del request
        rows = max(1, found.rows_done)
        counts = [(ImportJob._meta.get_field(name).verbose_name, getattr(found, name), getattr(found, name) / rows) for name in COUNTS]  # type: ignore[union-attr]  # these are columns
        aside = found.quarantined_rows.filter(state=QuarantineState.OPEN).order_by("id")[:20]
        found.error = viewing.said(found.error)
        return {"job": found, "counts": counts, "aside": list(aside)}
