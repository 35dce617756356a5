"""Source records with the evidence of their links in words."""

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t

from golden_records import viewing
from golden_records.admin.acting import change_by
from golden_records.entities import ENTITIES
from golden_records.models import MatchState, SourceRecord
from matching import selectors, waiting
from matching.admin.authoring import AuthoredRecordAdmin
from matching.admin.waterfall import waterfall
from matching.doorbell import ring
from matching.tasks import match_source_record

MAY_CALL_BACK: Final = "matching.change_reviewtask"


class MatchedRecordAdmin(AuthoredRecordAdmin):
    """A source record's page says why the record is where it is, or why it could not be matched, and lets that be tried again."""

    page_template: ClassVar[str] = "matching/admin/record.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the address that lets matching be tried again; it takes POST alone."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_match"
        return [path("<int:record_id>/match/", self.admin_site.admin_view(self.match_view), name=name), *super().get_urls()]

    def match_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """Let a record that was set aside wait to be matched again."""
        refused = self.refused(request, MAY_CALL_BACK)
        if refused is not None:
            return refused
        if waiting.call_back(self.entity, [record_id], change=change_by(request, "called back to be matched")):
            ring(match_source_record, self.entity.name, record_id)
            messages.success(request, _t("It waits to be matched again."))
        else:
            messages.warning(request, _t("It was not set aside any more."))
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=(record_id,)))

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Add why it was set aside, where it was, to what the page shows."""
        context = super().page_context(request, found)
        if found.match_state == MatchState.FAILED:
            match_url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_match", args=(found.pk,))
            may_call_back = request.user.has_perm(MAY_CALL_BACK)
            context["set_aside"] = {
                "why": viewing.said(waiting.why_set_aside(self.entity, found.pk)),
                "url": match_url,
                "may_call_back": may_call_back,
            }
        return context

    def evidence(self, record: SourceRecord) -> dict[str, Any]:
        """The steps that led to the link, and the record that it was compared with."""
        found = selectors.link_explanation(self.entity, record)
        if found is None:
            return {"judgement": record.link.get("judgement")}
        other = type(record)._default_manager.select_related("source").get(pk=record.link["record"])
        return {"other": other, "waterfall": waterfall(found.explanation)}


for _entity in ENTITIES.values():
    admin.site.register(_entity.record, MatchedRecordAdmin)
