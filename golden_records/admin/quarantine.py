"""Quarantine: the rows that could not be taken, to be mended and replayed, or dismissed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from golden_records.admin.base import PageAdmin
from golden_records.models import QuarantinedRow


@admin.register(QuarantinedRow)
class QuarantinedRowAdmin(PageAdmin):
    """The rows, open ones first asked for."""

    page_template: ClassVar[str] = "golden_records/admin/quarantined.html"
    list_display = ("__str__", "reasons", "outcome", "job", "quarantined_at")
    list_filter = ("state", "source", "entity", "job")
    list_select_related = ("source", "job__source")
    search_fields = ("external_id",)
    sortable_by = ()

    def page_context(self, request: HttpRequest, found: QuarantinedRow) -> dict[str, Any]:
        return {"row": found}

    @admin.display(description=_("state"))
    def outcome(self, row: QuarantinedRow) -> str:
        """The state as a coloured word."""
        return render_to_string("golden_records/admin/cell_pill.html", {"name": row.state, "words": row.get_state_display()})

    @admin.display(description=_("problems"))
    def reasons(self, row: QuarantinedRow) -> str:
        """What is wrong."""
        return render_to_string("golden_records/admin/cell_reasons.html", {"problems": row.problems})
