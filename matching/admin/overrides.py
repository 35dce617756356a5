"""Overrides: what stewards say stands, made on the page of a golden record, listed, and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import limits, pins, viewing
from golden_records.admin import cells
from golden_records.admin.acting import change_by, words_of
from golden_records.admin.base import PageAdmin
from golden_records.admin.filters import EntityFilter, StateFilter
from golden_records.admin.naming import hang_names
from golden_records.admin.timeline import timeline
from golden_records.attributes import AttributeSpec
from golden_records.authors import who
from golden_records.entities import EntityType, entity_type
from golden_records.errors import MdmError
from golden_records.hierarchy.settling import names_parent
from golden_records.models import Override, OverrideLife, OverrideState, RecordState, SourceRecord
from golden_records.overriding import LONGEST_REASON, Wish, stands_at
from golden_records.saying import said
from matching import overriding

MAY_OVERRIDE: Final = "golden_records.add_override"
MAY_END: Final = "golden_records.change_override"
OWN: Final = "own"


@dataclass(frozen=True, slots=True)
class Choice:
    """A source record whose value may stand, with what it says."""

    record: SourceRecord
    values: tuple[tuple[str, object], ...]


class OverrideStateFilter(StateFilter):
    """Those in force, unless others are asked for."""

    states = OverrideState
    default = OverrideState.IN_FORCE


@admin.register(Override)
class OverrideAdmin(PageAdmin):
    """The overrides in force, and those that lapsed or were ended, with the form that makes one."""

    page_template: ClassVar[str] = "matching/admin/override.html"
    list_display = ("attribute", "entity_words", "of", "stands", "by", "life_words", "status", "made")
    list_filter = (OverrideStateFilter, EntityFilter, "life", "end")
    search_fields = ("golden_id", "owner", "unit")
    search_help_text = _("Canonical id, owner or attribute")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the form, and the address that ends one, which takes POST alone."""
        form = self.admin_site.admin_view(self.make_view)
        end = self.admin_site.admin_view(self.end_view)
        return [
            path("make/<str:entity>/<uuid:golden_id>/<str:unit>/", form, name="golden_records_override_make"),
            path("<uuid:override_id>/end/", end, name="golden_records_override_end"),
            *super().get_urls(),
        ]

    @admin.display(description=_("attribute"))
    def attribute(self, row: Override) -> str:
        """What is overridden, as people call it."""
        return _label(entity_type(row.entity), row.unit)

    def name_others(self, rows: QuerySet[Any]) -> None:
        """Name the golden records on which they were made."""
        hang_names(rows, lambda row: (row.golden_id,))

    @admin.display(description=_("golden record"))
    def of(self, row: Any) -> str:
        """The golden record on which it was made."""
        return cells.name(row.names[0])

    @admin.display(description=_("stands"))
    def stands(self, row: Override) -> str:
        """The values, or that a source record's stand."""
        return cells.cut(_words(row))

    @admin.display(description=_("by"))
    def by(self, row: Override) -> str:
        """Who made it."""
        return who(row.owner)

    @admin.display(description=_("life"))
    def life_words(self, row: Override) -> str:
        """Up to when it stands."""
        return f"{row.get_life_display()} {row.until or ''}".strip()

    @admin.display(description=_("state"))
    def status(self, row: Override) -> str:
        """Whether it stands, and if not, why."""
        name = "active" if row.state == OverrideState.IN_FORCE else "retired"
        words = f"{row.get_state_display()}: {row.get_end_display()}" if row.end else row.get_state_display()
        return cells.pill(name, words)

    @admin.display(description=_("made"))
    def made(self, row: Override) -> str:
        """How long ago."""
        return cells.moment(row.created_at)

    def page_context(self, request: HttpRequest, found: Override) -> dict[str, Any]:
        """What stands, for how long, and what became of it."""
        entity = entity_type(found.entity)
        standing = stands_at(found)
        golden = entity.goldens.filter(pk=standing).first()
        return {
            "override": found,
            "label": _label(entity, found.unit),
            "golden": golden,
            "moved": standing != found.golden_id,
            "asleep": found.state == OverrideState.IN_FORCE and str(found.pk) not in {entry["id"] for entry in golden.pins or ()},
            "record": entity.records.filter(pk=found.record_id).select_related("source").first() if found.record_id else None,
            "pairs": [
                (capfirst(str(spec.label)), (found.values or {}).get(spec.name)) for spec in pins.unit_attributes(entity, found.unit)
            ],
            "entries": timeline(Override, found.pk, limit=20),
            "may_end": found.state == OverrideState.IN_FORCE and request.user.has_perm(MAY_END),
        }

    def make_view(self, request: HttpRequest, entity: str, golden_id: UUID, unit: str) -> HttpResponse:
        """Show the form; sent, let what it says stand."""
        if not request.user.has_perm(MAY_OVERRIDE):
            raise PermissionDenied
        kind = _entity(entity)
        golden = kind.goldens.filter(pk=golden_id).first()
        specs = pins.unit_attributes(kind, unit)
        if golden is None or not specs:
            raise Http404
        if any(_is_hidden(kind, golden, spec) for spec in specs):
            # Who does not see a value can't say what is to stand in its place.
            raise PermissionDenied
        if request.method == "POST" and (made := self._made(request, kind, golden_id, specs)):
            return made
        viewing.look()
        held = limits.within(golden.records.filter(state=RecordState.ACTIVE)).select_related("source").order_by("-source__trust", "id")
        context = self.page(request, golden, _t("Override: %s") % _label(kind, unit)) | {
            "golden": golden,
            "label": _label(kind, unit),
            "back": _page_of(kind, golden_id),
            "choices": _choices(held, specs),
            # A source's own id is no canonical id: nothing is offered where one is asked for.
            "fields": [
                (spec, request.POST.get(f"value_{spec.name}", "" if spec.refers_to else getattr(golden, spec.name))) for spec in specs
            ],
            "own_allowed": not any(spec.refers_to and not names_parent(kind, spec.name) for spec in specs),
            "lives": OverrideLife.choices,
            "sent": request.POST,
            "longest": LONGEST_REASON,
        }
        return TemplateResponse(request, "matching/admin/override_form.html", context)

    def end_view(self, request: HttpRequest, override_id: UUID) -> HttpResponse:
        """End the override, with the reason that was written."""
        refused = self.refused(request, MAY_END)
        if refused is not None:
            return refused
        reason = request.POST.get("reason", "").strip()[:LONGEST_REASON]
        if not reason:
            messages.error(request, _t("Say why the override is ended."))
        else:
            try:
                overriding.end_override(override_id, change=change_by(request, reason))
            except MdmError as error:
                messages.error(request, words_of(error))
            else:
                messages.success(request, _t("Ended: the rules choose again."))
        return HttpResponseRedirect(reverse("admin:golden_records_override_change", args=(override_id,)))

    @staticmethod
    def _made(request: HttpRequest, entity: EntityType, golden_id: UUID, specs: Sequence[AttributeSpec]) -> HttpResponse | None:
        try:
            wish = _wish(request, specs)
            overriding.override(entity, golden_id, wish, change=change_by(request, request.POST.get("reason", "").strip()))
        except MdmError as error:
            for problem in error.data.get("problems") or [error.message]:  # type: ignore[attr-defined]  # a list of texts
                messages.error(request, said(problem))
            return None
        messages.success(request, _t("It stands now, whatever the sources say."))
        return HttpResponseRedirect(_page_of(entity, golden_id))


def _is_hidden(entity: EntityType, golden: Any, spec: AttributeSpec) -> bool:
    seen_by = viewing.viewer()
    if seen_by is None:
        return False
    is_personal = spec.personal and entity.name in seen_by.masked
    return is_personal or (getattr(golden, spec.name) is not None and not seen_by.sees_origin(golden.lineage.get(spec.name)))


def _wish(request: HttpRequest, specs: Sequence[AttributeSpec]) -> Wish:
    sent = request.POST
    unit, chosen, life = specs[0].group or specs[0].name, sent.get("chosen", OWN), sent.get("life", "")
    until = _date(sent.get("until", "")) if life == OverrideLife.UNTIL_DATE else None
    if chosen != OWN and chosen.isdecimal():
        return Wish(unit, record_id=int(chosen), life=life, until=until)
    # An empty field says that there is no value.
    values = {spec.name: sent.get(f"value_{spec.name}", "").replace("\r\n", "\n") or None for spec in specs}
    return Wish(unit, values=values, life=life, until=until)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _choices(records: Any, specs: Sequence[AttributeSpec]) -> list[Choice]:
    found = []
    for record in records:
        values = tuple((capfirst(str(spec.label)), getattr(record, spec.name)) for spec in specs)
        if any(value is not None for _label, value in values):
            found.append(Choice(record, values))
    return found


def _entity(name: str) -> EntityType:
    try:
        return entity_type(name)
    except MdmError as error:
        raise Http404 from error


def _label(entity: EntityType, unit: str) -> str:
    specs = pins.unit_attributes(entity, unit)
    return capfirst(str(specs[0].label) if len(specs) == 1 and specs[0].group is None else unit)


def _words(row: Override) -> str:
    if row.values is None:
        return _t("what source record %s says") % row.record_id
    return ", ".join(str(value) for value in row.values.values() if value is not None) or _t("no value")


def _page_of(entity: EntityType, golden_id: UUID) -> str:
    return reverse(f"admin:golden_records_{entity.golden._meta.model_name}_change", args=(golden_id,))
