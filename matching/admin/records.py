"""Source records with the evidence of their links in words."""

from typing import Any, ClassVar

from django.contrib import admin

from golden_records.admin.records import SourceRecordAdmin
from golden_records.entities import ENTITIES
from golden_records.models import SourceRecord
from matching import selectors
from matching.admin.waterfall import waterfall


class MatchedRecordAdmin(SourceRecordAdmin):
    """A source record's page says why the record is where it is."""

    page_template: ClassVar[str] = "matching/admin/record.html"

    def evidence(self, record: SourceRecord) -> dict[str, Any]:
        """The steps that led to the link, and the record that it was compared with."""
        found = selectors.link_explanation(self.entity, record)
        if found is None:
            return {"judgement": record.link.get("judgement")}
        other = type(record)._default_manager.select_related("source").get(pk=record.link["record"])
        return {"other": other, "waterfall": waterfall(found.explanation)}


for _entity in ENTITIES.values():
    admin.site.register(_entity.record, MatchedRecordAdmin)
