"""Matching runs, match configs and judgements: to look at."""

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import viewing
from golden_records.admin import cells
from golden_records.admin.base import PageAdmin
from golden_records.admin.documents import Version, compared
from golden_records.admin.filters import EntityFilter
from golden_records.admin.naming import hang_names, pair, record_names
from golden_records.admin.timeline import timeline
from golden_records.authors import who
from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.errors import MdmError
from golden_records.saying import named
from matching import rehearsing
from matching.admin import rehearsals
from matching.admin.blocking import blocking_context
from matching.admin.comparing import compare_context
from matching.models import Judgement, MatchConfigVersion, MatchRun, RunState

VERSIONS_SHOWN: Final = 100


@admin.register(MatchRun)
class MatchRunAdmin(PageAdmin):
    """What each matching run found and how long it took."""

    page_template: ClassVar[str] = "matching/admin/run.html"
    list_display = ("__str__", "kind", "outcome", "step_words", "author", "created_at", "finished_at")
    list_filter = (EntityFilter, "kind", "state")
    list_select_related = ("config",)
    sortable_by = ("created_at",)

    @admin.display(description=_("step"))
    def step_words(self, run: MatchRun) -> str:
        """How far it is."""
        return named(run.step)

    @admin.display(description=_("author"))
    def author(self, run: MatchRun) -> str:
        """Who began it."""
        return who(run.actor)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that are about no single run."""
        view = self.admin_site.admin_view
        blocking = path("blocking/", view(self.blocking_view), name="matching_matchrun_blocking")
        compare = path("compare/", view(self.compare_view), name="matching_matchrun_compare")
        turn = path("<int:pk>/rehearsal/", view(self.turn_view), name="matching_matchrun_turn")
        changes = path("<int:pk>/changes.csv", view(self.file_view), name="matching_matchrun_changes")
        return [blocking, compare, turn, changes, *super().get_urls()]

    def turn_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Publish a rehearsal, or throw it away."""
        rehearsals.require(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        rehearsals.turned(request, get_object_or_404(MatchRun, pk=pk))
        return HttpResponseRedirect(reverse("admin:matching_matchrun_change", args=(pk,)))

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Give what a rehearsal would change, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return rehearsals.file_of(request, get_object_or_404(MatchRun, pk=pk, state=RunState.REHEARSED))

    def blocking_view(self, request: HttpRequest) -> HttpResponse:
        """Show what blocking did in the last run of an entity type."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        entity = _asked_entity(request)
        context = self._frame(request, _("Blocking"), entity) | blocking_context(entity)
        return TemplateResponse(request, "matching/admin/blocking.html", context)

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Explain two records that the person names, whether or not they were ever compared."""
        entity = _asked_entity(request)
        opts = entity.record._meta
        if not request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):
            raise PermissionDenied
        named = {side: request.GET.get(side, "").strip() for side in ("left", "right")}
        context = self._frame(request, _("Compare two records"), entity) | {"named": named} | compare_context(entity, **named)
        return TemplateResponse(request, "matching/admin/compare.html", context)

    def _frame(self, request: HttpRequest, title: object, entity: EntityType) -> dict[str, Any]:
        choices = [(known.name, capfirst(str(known.record._meta.verbose_name_plural))) for known in ENTITIES.values()]
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "entity": entity, "entities": choices}

    def listed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what blocking did: no cell shows it."""
        return rows.defer("blocking")

    @admin.display(description=_("state"))
    def outcome(self, run: MatchRun) -> str:
        """The state as a coloured word."""
        return cells.pill(run.state, run.get_state_display())

    def page_context(self, request: HttpRequest, found: MatchRun) -> dict[str, Any]:
        """Counts and seconds by step; of a rehearsal, what it would do."""
        found.error = viewing.said(found.error)
        told = {"run": found, "counts": sorted(found.counts.items()), "timings": list(found.timings.items())}
        return told | rehearsals.showing(request, found)


def _asked_entity(request: HttpRequest) -> EntityType:
    return ENTITIES.get(request.GET.get("entity", ""), next(iter(ENTITIES.values())))


@admin.register(MatchConfigVersion)
class MatchConfigAdmin(PageAdmin):
    """The versions of each entity type's match config; a version is never changed once used."""

    page_template: ClassVar[str] = "matching/admin/config.html"
    list_display = ("__str__", "is_active", "by", "published_at", "reason")
    list_filter = (EntityFilter, "is_active")
    sortable_by = ()

    @admin.display(description=_("author"))
    def by(self, row: MatchConfigVersion) -> str:
        """Who put it in force."""
        return who(row.author)

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which a config is written and rehearsed."""
        write = path("rehearse/<str:entity>/", self.admin_site.admin_view(self.write_view), name="matching_matchconfigversion_rehearse")
        versions = path("versions/<str:entity>/", self.admin_site.admin_view(self.versions), name="matching_matchconfigversion_versions")
        return [write, versions, *super().get_urls()]

    def versions(self, request: HttpRequest, entity: str) -> HttpResponse:
        """Show the newest versions of an entity type's config, and any two beside each other."""
        kind = ENTITIES.get(entity)
        if kind is None:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = MatchConfigVersion.objects.filter(entity=kind.name).defer("document", "model")[:VERSIONS_SHOWN]
        listed = [
            Version(str(row.pk), row.version, row.published_at or row.created_at, row.author, row.reason, in_force=row.is_active)
            for row in rows
        ]
        told = compared(request, listed, lambda key: rehearsing.text_of(MatchConfigVersion.objects.values_list("document").get(pk=key)[0]))
        title = _t("Versions of the match config of a %s") % named(kind.name)
        frame = {**self.admin_site.each_context(request), "title": title, "subtitle": None}
        write_url = reverse("admin:matching_matchconfigversion_rehearse", args=(kind.name,))
        told |= {"opts": self.opts, "media": self.media, "write_url": write_url}
        return TemplateResponse(request, "golden_records/admin/versions.html", frame | told)

    def write_view(self, request: HttpRequest, entity: str) -> HttpResponse:
        """Show the config in force to be changed; sent, rehearse what was written."""
        kind = ENTITIES.get(entity)
        if kind is None:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        problems: list[str] = []
        if request.method == "POST":
            rehearsals.require(request)
            try:
                return HttpResponseRedirect(rehearsals.begun(request, kind))
            except MdmError as error:
                problems = rehearsals.problems_of(error)
        frame = {
            **self.admin_site.each_context(request),
            "title": _t("Match config of a %s") % named(kind.name),
            "subtitle": None,
            "opts": self.opts,
        }
        viewing.look()
        told = rehearsals.writing(request, kind, problems)
        return TemplateResponse(request, "matching/admin/config_write.html", frame | {"entity": kind, "media": self.media} | told)

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
    list_display = ("of", "answer", "entity_words", "steward", "judged_at", "withdrawn_at")
    list_filter = (EntityFilter, "value", "steward")
    list_select_related = ("steward",)
    search_fields = ("comment",)
    sortable_by = ()

    def name_others(self, rows: QuerySet[Any]) -> None:
        """Name both source records."""
        hang_names(rows, lambda row: (row.left_record_id, row.right_record_id), record_names)

    @admin.display(description=_("of which records"))
    def of(self, judgement: Any) -> str:
        """Both source records."""
        return pair(judgement.names[0], "≟", judgement.names[1])

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
