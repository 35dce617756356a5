"""The change feed to look at: what was told of golden records, in which order, and with which values."""

import uuid
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from golden_records.admin import cells
from golden_records.admin.audit import column_words
from golden_records.admin.base import PageAdmin
from golden_records.admin.filters import EntityFilter
from golden_records.authors import who
from golden_records.entities import ENTITIES
from golden_records.models import ChangeEvent, Seal
from golden_records.saying import named

NAMED = 4


@admin.register(ChangeEvent)
class ChangeEventAdmin(PageAdmin):
    """Change events, newest first; nobody changes what was told."""

    page_template: ClassVar[str] = "golden_records/admin/change_event.html"
    list_display = ("place", "what", "told_of", "content", "cause", "author", "when")
    list_filter = (EntityFilter, "type")
    search_fields = ("golden_id",)
    search_help_text = _("A canonical id")
    list_select_related = ("seal",)
    sortable_by = ()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find by canonical id, which has an index."""
        del request
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(golden_id=uuid.UUID(term)), False
        except ValueError:
            return queryset.none(), False

    @admin.display(description=_("place"))
    def place(self, event: ChangeEvent) -> str:
        """Its place in the feed; a dash where it waits for one."""
        seal = _seal_of(event)
        return str(seal.seq) if seal else "–"

    @admin.display(description=_("event"))
    def what(self, event: ChangeEvent) -> str:
        """What happened, as a coloured word."""
        return cells.pill(event.type, event.get_type_display())

    @admin.display(description=_("golden record"))
    def told_of(self, event: ChangeEvent) -> str:
        """The golden record to which it happened, by its id: its name today may be another than then."""
        return format_html('{} <a class="mdm-link" href="{}"><code>{}</code></a>', named(event.entity), golden_page(event), event.golden_id)

    @admin.display(description=_("content"))
    def content(self, event: ChangeEvent) -> str:
        """The record that came or left, or the names of what changed."""
        if event.source:
            return cells.cut(f"{event.source} {event.external_id or ''}")
        names = event.attributes or []
        return cells.cut(", ".join(column_words(event.entity, names[:NAMED])) + (f" +{len(names) - NAMED}" if len(names) > NAMED else ""))

    @admin.display(description=_("caused by"))
    def cause(self, event: ChangeEvent) -> str:
        """The source whose write it was."""
        return event.caused_by or ""

    @admin.display(description=_("author"))
    def author(self, event: ChangeEvent) -> str:
        """Who did it."""
        return cells.cut(who(event.actor), 40)

    @admin.display(description=_("at"))
    def when(self, event: ChangeEvent) -> str:
        """How long ago it happened."""
        return cells.moment(event.at)

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """The values before and after, the other events of the same change, and the link of the chain."""
        del request
        before, after = found.values_before or {}, found.values_after or {}
        labels = {spec.name: capfirst(str(spec.label)) for spec in ENTITIES[found.entity].attributes}
        seal = _seal_of(found)
        return {
            "event": found,
            "values": [(labels.get(name, name), before.get(name), after.get(name)) for name in found.attributes or ()],
            "erased": found.salt is None,
            "differing": [labels.get(name, name) for name in found.differing or ()],
            "successors": [(golden_page(found, successor), successor) for successor in found.successor_ids or ()],
            "golden_url": golden_page(found),
            "seal": seal,
            "hash": bytes(seal.hash).hex() if seal else "",
        }


def golden_page(event: ChangeEvent, golden_id: object = None) -> str:
    """The address of the page of a golden record that an event names."""
    model = ENTITIES[event.entity].golden._meta.model_name
    return reverse(f"admin:golden_records_{model}_change", args=(golden_id or event.golden_id,))


def _seal_of(event: ChangeEvent) -> Seal | None:
    found: Seal | None = getattr(event, "seal", None)
    return found
