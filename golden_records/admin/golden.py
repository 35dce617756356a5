"""The lists and pages of golden records: one class for every entity type."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, Model, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from golden_records import endorsing, limits
from golden_records.admin import cells, golden_page
from golden_records.admin.base import PageAdmin, without_lineage
from golden_records.admin.family import family
from golden_records.admin.filters import StateFilter
from golden_records.admin.presentation import presentation
from golden_records.admin.searching import found_by
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import Endorsement, GoldenRecord, GoldenState, MergeReceipt, SourceSystem


class SourceFilter(SimpleListFilter):
    """Golden records that a source knows."""

    title = _("source")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every source system."""
        del request, model_admin
        return list(limits.within(SourceSystem.objects.all()).values_list("code", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those with a record of the source."""
        del request
        if not self.value():
            return queryset
        source = limits.within(SourceSystem.objects.filter(code=self.value())).first()
        return limits.known_to(queryset, entity_of(queryset.model), [source.pk] if source is not None else [])


class CompletenessFilter(SimpleListFilter):
    """How much of the data dictionary is known."""

    title = _("completeness")
    parameter_name = "completeness"
    bands: ClassVar = {"low": (0.0, 0.4), "middle": (0.4, 0.7), "high": (0.7, 1.01)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer three bands."""
        del request, model_admin
        return [("low", _("below 40 %")), ("middle", _("40 to 70 %")), ("high", _("70 % and more"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those of the band."""
        del request
        band = self.bands.get(self.value() or "")
        return queryset.filter(completeness__gte=band[0], completeness__lt=band[1]) if band else queryset


class ConfirmedFilter(SimpleListFilter):
    """Whether stewards confirmed it."""

    title = pgettext_lazy("of a golden record", "confirmed")
    parameter_name = "confirmed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer those that are, those of them that changed since, and those that are not."""
        del request, model_admin
        return [
            ("yes", pgettext_lazy("of a golden record", "confirmed")),
            ("changed", _("confirmed, and changed since")),
            ("no", _("not confirmed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those that were asked for; one that a confirmed one was merged into is confirmed, and changed by that."""
        del request
        if self.value() not in {"yes", "changed", "no"}:
            return queryset
        entity = entity_of(queryset.model)
        as_it_is = Endorsement.objects.filter(entity=entity.name, golden_id=OuterRef("pk"), stands=True, version=OuterRef("version"))
        if self.value() == "no":
            return queryset.exclude(pk__in=endorsing.confirmed(entity, entity.goldens.all()).values("pk"))
        found = endorsing.confirmed(entity, queryset)
        return found.exclude(Exists(as_it_is)) if self.value() == "changed" else found


class GoldenStateFilter(StateFilter):
    """Active golden records, unless retired ones are asked for."""

    states = GoldenState
    default = GoldenState.ACTIVE


def entity_of(model: type[Model]) -> EntityType:
    """The entity type whose golden or source records a table holds."""
    return next(entity for entity in ENTITIES.values() if model in (entity.golden, entity.record))


class GoldenRecordAdmin(PageAdmin):
    """Golden records of one entity type: to look at; what changes them are source records, judgements and rules."""

    page_template = "golden_records/admin/golden.html"
    list_filter = (GoldenStateFilter, SourceFilter, CompletenessFilter, ConfirmedFilter)
    search_fields = ("id",)
    search_help_text = _("Name, identifier, canonical id, or the id in a source")
    sortable_by = ()

    @property
    def entity(self) -> EntityType:
        """The entity type of this list."""
        return entity_of(self.model)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """The name, the attributes of the entity type's row in the table of presentation, sources and completeness."""
        del request
        return ("name", *presentation(self.entity).columns, "sources", "filled", "changed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Fetch the successor with the golden record."""
        queryset: QuerySet[Any] = super().get_queryset(request)
        return queryset.select_related("successor")

    def listed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Fetch the sources of a page's rows in one further query."""
        records: Any = self.entity.record._default_manager
        known = limits.within(records.select_related("source").only("external_id", "source", "golden_id"))
        return without_lineage(rows.select_related(None)).prefetch_related(Prefetch("records", known))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The newest first; where completeness is looked at, the least complete: an index gives them in that order."""
        return ("completeness", "id") if CompletenessFilter.parameter_name in request.GET else ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find by name, identifier, canonical id or cross-reference."""
        del request
        term = search_term.strip()
        if not term:
            return queryset, False
        records: Any = self.entity.record._default_manager
        known = Q(pk__in=limits.within(records.filter(external_id=term)).values("golden_id"))
        return found_by(queryset, presentation(self.entity), term, also=[known]), False

    @admin.display(description=_("name"))
    def name(self, golden: GoldenRecord) -> str:
        """The name, as text."""
        if golden.state == GoldenState.ACTIVE:
            return cells.name(golden)
        return format_html("{} {}", cells.name(golden), cells.pill(golden.state, golden.get_state_display()))

    @admin.display(description=_("sources"))
    def sources(self, golden: GoldenRecord) -> str:
        """The sources that know it."""
        records: Any = golden.records  # type: ignore[attr-defined]  # the reverse of SourceRecord.golden
        return cells.sources(records.all())

    @admin.display(description=_("completeness"))
    def filled(self, golden: GoldenRecord) -> str:
        """The share of the data dictionary that has a value, as a bar."""
        return cells.bar(golden.completeness)

    @admin.display(description=_("changed"))
    def changed(self, golden: GoldenRecord) -> str:
        """How long ago it changed."""
        return cells.moment(golden.updated_at)

    def page_context(self, request: HttpRequest, found: GoldenRecord) -> dict[str, Any]:
        """Collect the page in a number of queries that does not depend on how much there is."""
        records = golden_page.members(found)
        entity = self.entity
        has_facts = any(spec.name == "customer" for spec in entity.attributes)
        return {
            "entity": entity,
            "values": golden_page.surviving(entity, found, records),
            "records": records,
            "merges": golden_page.merges(entity, found),
            "relations": golden_page.relations(entity, records),
            "family": family(entity, found),
            "facts": golden_page.facts(records) if has_facts else None,
            "record_url": f"admin:golden_records_{entity.record._meta.model_name}_change",
            "golden_url": f"admin:golden_records_{self.opts.model_name}_change",
            "may_override": found.state == GoldenState.ACTIVE and request.user.has_perm("golden_records.add_override"),
            "may_see_overrides": request.user.has_perm("golden_records.view_override"),
            "overrides": golden_page.overrides(entity, found),
            "may_see_merges": request.user.has_perm(f"golden_records.view_{MergeReceipt._meta.model_name}"),
        }
