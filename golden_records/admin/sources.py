"""Source systems and mappings: edited here, checked and kept by `golden_records.source_systems`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from golden_records import source_systems
from golden_records.admin import cells
from golden_records.admin.acting import change_by
from golden_records.admin.base import COUNTED_AT_MOST, MdmAdmin
from golden_records.entities import ENTITIES
from golden_records.models import ImportJob, QuarantinedRow, QuarantineState, RecordState, SourceMapping, SourceSystem

_KEPT: Final = ("name", "trust", "country", "owner", "is_active")
_SHOWN: Final = 5
_FRESH_FOR: Final = 300
"""Seconds for which counts of all records of a source are kept: they cost as much as it has records."""


@admin.register(SourceSystem)
class SourceSystemAdmin(MdmAdmin):
    """Who sends records, and how much each is trusted."""

    list_display = ("name", "code", "trust", "owner", "sends")
    change_form_outer_after_template = "golden_records/admin/source_figures.html"
    list_filter = ("is_active",)
    search_fields = ("name", "code")
    fields = ("code", *_KEPT)

    @admin.display(description=_("sends records"))
    def sends(self, source: SourceSystem) -> str:
        """Whether records are taken from it, as a coloured word."""
        return cells.pill("active", _("active")) if source.is_active else cells.pill("discarded", _("switched off"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show below the form what the source sends, when it did last, and what waits in quarantine."""
        source = self.get_object(request, object_id)
        told = {} if source is None else _figures(source)
        response: HttpResponse = super().change_view(request, object_id, form_url, {**told, **(extra_context or {})})
        return response

    def get_readonly_fields(self, request: HttpRequest, obj: SourceSystem | None = None) -> tuple[str, ...]:
        """The code is the source's name in every address and file: it is chosen once."""
        del request
        return ("code",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A source that sent records stays in their history."""
        del request, obj
        return False

    def save_model(self, request: HttpRequest, obj: SourceSystem, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep it by the domain's function, which writes who did it."""
        del form
        by = change_by(request, "changed in the admin" if change else "made in the admin")
        with transaction.atomic():
            obj.pk = source_systems.save_source(obj.code, {name: getattr(obj, name) for name in _KEPT}, change=by).pk


@dataclass(frozen=True, slots=True)
class Sent:
    """What a source sent of an entity type, by its name: how many records it still has, and when one changed last."""

    title: str
    model: Any
    records: int
    last: datetime | None


def _figures(source: SourceSystem) -> dict[str, Any]:
    """What the page says of a source besides its settings. The counts of its records are a few minutes old at most."""
    waiting = QuarantinedRow.objects.filter(source=source, state=QuarantineState.OPEN).order_by()
    sent: Any = cache.get_or_set(f"mdm-source-{source.pk}", lambda: _sent(source), _FRESH_FOR)
    return {
        "sent": [
            Sent(capfirst(str(ENTITIES[name].record._meta.verbose_name_plural)), ENTITIES[name].record, *told) for name, *told in sent
        ],
        "quarantined": waiting[:COUNTED_AT_MOST].count(),
        "imports": list(ImportJob.objects.filter(source=source).order_by("-id")[:_SHOWN]),
        "mappings": list(SourceMapping.objects.filter(source=source).select_related("source").order_by("entity")),
    }


def _sent(source: SourceSystem) -> list[tuple[str, int, datetime | None]]:
    found = []
    for name, entity in ENTITIES.items():
        told = entity.records.filter(source=source, state=RecordState.ACTIVE).aggregate(records=Count("pk"), last=Max("updated_at"))
        found.append((name, told["records"], told["last"]))
    return found
