"""The lists and pages of source records: what was sent, what it means, where it belongs and why."""

from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from golden_records.admin import cells
from golden_records.admin.base import PageAdmin, without_lineage
from golden_records.admin.golden import entity_of
from golden_records.admin.presentation import presentation
from golden_records.admin.searching import FOUND, found_by, is_small
from golden_records.admin.timeline import timeline
from golden_records.entities import EntityType
from golden_records.models import RecordState, SourceRecord
from golden_records.withdrawing import withdrawal_of


class SourceRecordAdmin(PageAdmin):
    """Source records of one entity type, as `matching.admin` registers them with the evidence of their links."""

    page_template: ClassVar[str] = "golden_records/admin/record.html"
    list_filter = ("source", "state", "match_state")
    search_fields = ("external_id",)
    search_help_text = _("The id in the source, or words of the name")
    ordering = ("-id",)
    sortable_by = ()
    list_select_related = ("source", "golden")

    @property
    def entity(self) -> EntityType:
        """The entity type of this list."""
        return entity_of(self.model)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Where it comes from, what it says, where it belongs."""
        del request
        return ("external_id", "source", "content", "match_state", "belongs_to", "warnings", "changed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Fetch what the page needs in one query."""
        queryset: QuerySet[Any] = super().get_queryset(request)
        return queryset.select_related("source", "golden")

    def listed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what was sent: no cell shows it."""
        return without_lineage(rows, "payload", "link", lineage="golden__lineage")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find by the id in the source, the canonical id or by name."""
        del request
        term = search_term.strip()
        if not term:
            return queryset, False
        also, looks = [Q(external_id=term)], presentation(self.entity)
        if not is_small(self.model):
            # The names of source records have no index; those of the golden records that they belong to have.
            golden = found_by(self.entity.golden._default_manager.all(), looks, term, also=[Q(pk__in=())])
            also.append(Q(golden_id__in=list(golden.values_list("pk", flat=True)[:FOUND])))
            looks = replace(looks, indexed=())
        return found_by(queryset, looks, term, also=also), False

    @admin.display(description=_("content"))
    def content(self, record: SourceRecord) -> str:
        """The first values that name it."""
        values = (getattr(record, name) for name in presentation(self.entity).searched)
        return cells.name(" · ".join(str(value) for value in [v for v in values if v][:3]))

    @admin.display(description=_("golden record"))
    def belongs_to(self, record: Any) -> str:
        """The golden record that it belongs to."""
        return cells.link(record.golden)

    @admin.display(description=_("warnings"))
    def warnings(self, record: SourceRecord) -> str:
        """How many values could not be standardised."""
        return str(len(record.problems)) if record.problems else ""

    @admin.display(description=_("changed"))
    def changed(self, record: SourceRecord) -> str:
        """How long ago it changed."""
        return cells.moment(record.updated_at)

    def evidence(self, record: SourceRecord) -> dict[str, Any]:
        """What the page shows of why the record is where it is."""
        del record
        return {}

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Collect the page in a number of queries that does not depend on how much there is."""
        del request
        entity = self.entity
        return {
            "entity": entity,
            "values": [
                (capfirst(str(spec.label)), value) for spec in entity.attributes if (value := getattr(found, spec.name)) not in (None, "")
            ],
            "payload": sorted(found.payload.items()) if isinstance(found.payload, dict) else [],
            "withdrawal": withdrawal_of(entity, found.pk) if found.state == RecordState.WITHDRAWN else None,
            "entries": timeline(self.model, found.pk, limit=10),
            "golden_url": f"admin:golden_records_{entity.golden._meta.model_name}_change",
            "evidence": self.evidence(found),
        }
