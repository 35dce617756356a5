"""Matching runs, match configs and judgements: to look at."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from golden_records.admin import cells
from golden_records.admin.base import PageAdmin
from golden_records.admin.timeline import timeline
from golden_records.entities import entity_type
from matching.models import Judgement, MatchConfigVersion, MatchRun


@admin.register(MatchRun)
class MatchRunAdmin(PageAdmin):
    """What each matching run found and how long it took."""

    page_template: ClassVar[str] = "matching/admin/run.html"
    list_display = ("__str__", "outcome", "step", "actor", "created_at", "finished_at")
    list_filter = ("entity", "state")
    list_select_related = ("config",)
    sortable_by = ("created_at",)

    def listed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what blocking did: no cell shows it."""
        return rows.defer("blocking")

    @admin.display(description=_("state"))
    def outcome(self, run: MatchRun) -> str:
        """The state as a coloured word."""
        return cells.pill(run.state, run.get_state_display())

    def page_context(self, request: HttpRequest, found: MatchRun) -> dict[str, Any]:
        """Counts and seconds by step."""
        del request
        return {"run": found, "counts": sorted(found.counts.items()), "timings": list(found.timings.items())}


@admin.register(MatchConfigVersion)
class MatchConfigAdmin(PageAdmin):
    """The versions of each entity type's match config; a version is never changed once used."""

    page_template: ClassVar[str] = "matching/admin/config.html"
    list_display = ("__str__", "is_active", "created_at")
    list_filter = ("entity", "is_active")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave the learned model out: it is large, and no page shows its bytes."""
        queryset: QuerySet[Any] = super().get_queryset(request)
        return queryset.defer("model")

    def page_context(self, request: HttpRequest, found: MatchConfigVersion) -> dict[str, Any]:
        """The document, section by section."""
        del request
        document = found.document if isinstance(found.document, dict) else {}
        plain = [(name, value) for name, value in document.items() if not isinstance(value, list | dict)]
        sections = [(name, value) for name, value in document.items() if isinstance(value, list | dict)]
        return {"config": found, "plain": plain, "sections": sections}


@admin.register(Judgement)
class JudgementAdmin(PageAdmin):
    """What stewards said; it is taken back on the page of its review task."""

    page_template: ClassVar[str] = "matching/admin/judgement.html"
    list_display = ("__str__", "answer", "steward", "judged_at", "withdrawn_at")
    list_filter = ("entity", "value", "steward")
    list_select_related = ("steward",)
    search_fields = ("comment",)
    sortable_by = ()

    @admin.display(description=_("judgement"))
    def answer(self, judgement: Judgement) -> str:
        """The answer as a coloured word."""
        return cells.pill(judgement.value, judgement.get_value_display())

    def page_context(self, request: HttpRequest, found: Judgement) -> dict[str, Any]:
        """The two records, who said what, and when."""
        del request
        entity = entity_type(found.entity)
        ids = (found.left_record_id, found.right_record_id)
        manager: Any = entity.record._default_manager
        records = manager.select_related("source", "golden").in_bulk(ids)
        return {
            "judgement": found,
            "records": [records[key] for key in ids if key in records],
            "entries": timeline(Judgement, found.pk, limit=20),
        }
