"""Golden records as stewards work on them: confirming, overriding, merging, splitting, moving, erasing, and the story of each."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from golden_records.entities import ENTITIES
from golden_records.models import GoldenState
from matching import contradictions, story
from matching.admin import regroup
from matching.admin.confirming import ConfirmableGoldenAdmin
from matching.admin.story_words import told
from matching.regroup_plan import RegroupKind

PER_PAGE = 25


class StewardedGoldenAdmin(ConfirmableGoldenAdmin):
    """A golden record's page, with the ways to merge, split and move, and its history as a story."""

    page_template: ClassVar[str] = "matching/admin/golden.html"
    history_template = "matching/admin/story.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the page that shows what a merge, a split or a move would change, and that does it by POST."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_regroup"
        return [path("<uuid:golden_id>/regroup/", self.admin_site.admin_view(self.regroup_view), name=name), *super().get_urls()]

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Add the ways to merge, split and move to what the page shows, and the last things that happened."""
        stands = found.state == GoldenState.ACTIVE
        return super().page_context(request, found) | {
            "regroup_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_regroup", args=(found.pk,)),
            "may_merge": stands and regroup.may(request, RegroupKind.MERGE),
            "may_move": stands and found.member_count > 1 and regroup.may(request, RegroupKind.MOVE),
            "contradictions": contradictions.on(self.entity, found.pk),
            "happenings": told(self.entity, found.pk, story.of(self.entity, found.pk, page=1, size=5).changes, request),
        }

    def regroup_view(self, request: HttpRequest, golden_id: UUID) -> HttpResponse:
        """Show what would change, or do it."""
        found = self.get_object(request, str(golden_id))
        if found is None:
            return self.missing(request, str(golden_id))
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return regroup.respond(request, self.entity, found, lambda title: self.page(request, found, title))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Tell the golden record's story, newest first: who, when, what, why, before and after."""
        found = self.get_object(request, object_id)
        if found is None:
            return self.missing(request, object_id)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        page = max(1, int(number)) if (number := request.GET.get("page", "1")).isdecimal() else 1
        chapter = story.of(self.entity, found.pk, page=page, size=PER_PAGE)
        context = self.page(request, found, _("History: %s") % found) | {
            "happenings": told(self.entity, found.pk, chapter.changes, request),
            "page": page,
            "next_page": page + 1 if chapter.has_more else None,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.history_template, context)


for _entity in ENTITIES.values():
    admin.site.register(_entity.golden, StewardedGoldenAdmin)
