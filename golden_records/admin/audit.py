"""The audit log to look at: who did what to what, who read what, and each entry's link of the chain."""

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from golden_records.admin import cells
from golden_records.admin.base import PageAdmin
from golden_records.admin.filters import indexed_values
from golden_records.authors import who
from golden_records.entities import ENTITIES
from golden_records.models import AuditEntry, AuditSeal
from golden_records.saying import named

NAMED = 6


class AuditedKindFilter(SimpleListFilter):
    """Entries about one kind of thing, by the name that people give it."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the kinds that there are entries about."""
        del request, model_admin
        return sorted(((kind, capfirst(_name_of(kind))) for kind in indexed_values(AuditEntry, "kind")), key=lambda choice: choice[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the entries about it."""
        del request
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(PageAdmin):
    """Audit entries, newest first; nobody changes them."""

    page_template: ClassVar[str] = "golden_records/admin/audit_entry.html"
    list_display = ("place", "author", "what", "of", "names", "when")
    list_filter = ("action", AuditedKindFilter)
    search_fields = ("actor",)
    search_help_text = _("An author, as api:loader or steward:anna")
    list_select_related = ("seal",)
    sortable_by = ()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find what one author did, which has an index."""
        del request
        term = search_term.strip()
        return (queryset.filter(actor=term) if term else queryset), False

    @admin.display(description=_("place"))
    def place(self, entry: AuditEntry) -> str:
        """Its place in the log; a dash where it waits for one."""
        seal = _seal_of(entry)
        return str(seal.seq) if seal else "–"

    @admin.display(description=_("author"))
    def author(self, entry: AuditEntry) -> str:
        """Who did it."""
        return cells.cut(who(entry.actor), 40)

    @admin.display(description=_("what"))
    def what(self, entry: AuditEntry) -> str:
        """What was done, as a coloured word."""
        return cells.pill(entry.action, entry.get_action_display())

    @admin.display(description=_("of what"))
    def of(self, entry: AuditEntry) -> str:
        """What it was done to."""
        return cells.cut(_subject(entry))

    @admin.display(description=_("attributes"))
    def names(self, entry: AuditEntry) -> str:
        """The names of what was read or changed."""
        names = entry.attributes or []
        return cells.cut(", ".join(column_words(entry.kind, names[:NAMED])) + (f" +{len(names) - NAMED}" if len(names) > NAMED else ""))

    @admin.display(description=_("at"))
    def when(self, entry: AuditEntry) -> str:
        """How long ago it happened."""
        return cells.moment(entry.at)

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """What was done to what, the golden records that it concerns, and the link of the chain."""
        del request
        seal = _seal_of(found)
        return {
            "entry": found,
            "told_of": _subject(found),
            "content": list(zip(column_words(found.kind, list(found.content or {})), (found.content or {}).values(), strict=True)),
            "erased": found.salt is None,
            "seal": seal,
            "hash": bytes(seal.hash).hex() if seal else "",
        }


def _subject(entry: AuditEntry) -> str:
    several = len(entry.golden_ids or ())
    subject = entry.subject or (str(entry.golden_ids[0]) if entry.golden_ids and several == 1 else str(several) if several else "")
    return f"{capfirst(_name_of(entry.kind))} {subject}".rstrip()


def column_words(kind: str, names: Sequence[str]) -> list[str]:
    """The columns of a table, or the attributes of an entity type, as people call them."""
    entity = ENTITIES.get(kind)
    labels = {spec.name: str(spec.label) for spec in entity.attributes} if entity else _columns(kind)
    return [gettext(labels[name]) if labels.get(name) else named(name) for name in names]


def _columns(kind: str) -> dict[str, str]:
    model = next((model for model in apps.get_models() if model._meta.model_name == kind), None)
    return {field.attname: str(field.verbose_name) for field in model._meta.concrete_fields} if model else {}


def _name_of(kind: str) -> str:
    """Name a table as people read it; an entity type has its own name."""
    return str(_names().get(kind, named(kind)))


@cache
def _names() -> dict[str | None, Any]:
    return {model._meta.model_name: model._meta.verbose_name for model in apps.get_models()}


def _seal_of(entry: AuditEntry) -> AuditSeal | None:
    found: AuditSeal | None = getattr(entry, "seal", None)
    return found
