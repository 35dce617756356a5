"""Survivorship rules: those in force, how they came to be, and the page on which the next version is written, previewed and published."""

from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import publishing, viewing
from golden_records.admin import cells
from golden_records.admin.acting import change_by, words_of
from golden_records.admin.base import PageAdmin
from golden_records.admin.documents import Version, compared
from golden_records.admin.filters import EntityFilter
from golden_records.admin.timeline import timeline
from golden_records.authors import who
from golden_records.documents import difference, mistakes
from golden_records.entities import ENTITIES, EntityType
from golden_records.errors import MdmError
from golden_records.models import RulesRun, SurvivorshipVersion
from golden_records.saying import named
from matching import rule_runs
from matching.doorbell import ring
from matching.tasks import work_on_rules

MAY_PUBLISH: Final = "golden_records.publish_survivorshipversion"
_AT_ONCE_SECONDS: Final = 2.0
_RUNS_SHOWN: Final = 20
_LONGEST: Final = 100_000


@admin.register(SurvivorshipVersion)
class SurvivorshipVersionAdmin(PageAdmin):
    """Every version that was published, and for each entity type the page for the next one."""

    page_template: ClassVar[str] = "matching/admin/rules.html"
    list_display = ("version", "entity_words", "reason", "by", "published")
    list_filter = (EntityFilter,)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the overview, and the page on which rules are written."""
        view, name = self.admin_site.admin_view, "golden_records_survivorshipversion"
        return [
            path("rules/", view(self.overview), name=f"{name}_rules"),
            path("rules/<str:entity>/versions/", view(self.versions), name=f"{name}_versions"),
            path("rules/<str:entity>/", view(self.write_view), name=f"{name}_write"),
            *super().get_urls(),
        ]

    @admin.display(description=_("author"))
    def by(self, row: SurvivorshipVersion) -> str:
        """Who published it."""
        return who(row.author)

    @admin.display(description=_("published"))
    def published(self, row: SurvivorshipVersion) -> str:
        """How long ago."""
        return cells.moment(row.published_at)

    def page_context(self, request: HttpRequest, found: SurvivorshipVersion) -> dict[str, Any]:
        """The document, and what it changed of the version before."""
        del request
        before = SurvivorshipVersion.objects.filter(entity=found.entity, number=found.number - 1).values_list("document", flat=True).first()
        return {
            "version": found,
            "difference": difference(before, found.document) if before is not None else [],
            "entries": timeline(SurvivorshipVersion, found.pk, limit=20),
        }

    def overview(self, request: HttpRequest) -> HttpResponse:
        """Say for each entity type which rules are in force, and which previews and rebuilds there were."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        newest = {row.entity: row for row in SurvivorshipVersion.objects.order_by("entity", "number")}
        context = self._frame(request, _t("Survivorship rules")) | {
            "rules": [(entity, capfirst(str(entity.golden._meta.verbose_name)), newest.get(entity.name)) for entity in ENTITIES.values()],
            "runs": list(RulesRun.objects.order_by("-id")[:_RUNS_SHOWN]),
        }
        return TemplateResponse(request, "matching/admin/rules_overview.html", context)

    def versions(self, request: HttpRequest, entity: str) -> HttpResponse:
        """Show all versions of an entity type's rules, and any two beside each other."""
        kind = ENTITIES.get(entity)
        if kind is None:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        number, in_force = publishing.document_in_force(kind)
        rows = {str(row.number): row for row in SurvivorshipVersion.objects.filter(entity=kind.name).order_by("-number")}
        listed = [
            Version(key, row.version, row.published_at, row.author, row.reason, in_force=row.number == number) for key, row in rows.items()
        ] or [Version(str(number), _t("as shipped"), None, in_force=True)]
        told = compared(request, listed, lambda key: rows[key].document if key in rows else in_force)
        write_url = reverse("admin:golden_records_survivorshipversion_write", args=(kind.name,))
        frame = self._frame(request, _t("Versions of the survivorship rules of a %s") % named(kind.name))
        return TemplateResponse(request, "golden_records/admin/versions.html", frame | told | {"write_url": write_url})

    def write_view(self, request: HttpRequest, entity: str) -> HttpResponse:
        """Show the rules to be changed; sent, preview or publish what was written."""
        kind = ENTITIES.get(entity)
        if kind is None:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        problems: list[str] = []
        if request.method == "POST":
            if not request.user.has_perm(MAY_PUBLISH):
                raise PermissionDenied
            try:
                return HttpResponseRedirect(_done(request, kind))
            except MdmError as error:
                problems = list(error.data.get("problems") or [words_of(error)])  # type: ignore[call-overload]  # texts
        viewing.look()
        return TemplateResponse(request, "matching/admin/rules_write.html", self._writing(request, kind, problems))

    def _writing(self, request: HttpRequest, entity: EntityType, problems: list[str]) -> dict[str, Any]:
        number, in_force = publishing.document_in_force(entity)
        run = RulesRun.objects.filter(entity=entity.name, pk=request.GET["run"]).first() if request.GET.get("run", "").isdecimal() else None
        text = request.POST.get("document", run.document if run is not None else in_force).replace("\r\n", "\n")
        return self._frame(request, _t("Survivorship rules of a %s") % named(entity.name)) | {
            "entity": entity,
            "text": text,
            "number": int(request.POST["number"]) if request.POST.get("number", "").isdecimal() else number,
            "reason": request.POST.get("reason", ""),
            "problems": mistakes(text, problems),
            "difference": difference(in_force, text),
            "run": run,
            "examples": _examples(request, entity, run) if run is not None and run.kind == "preview" else [],
            "may_publish": request.user.has_perm(MAY_PUBLISH),
        }

    def _frame(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "subtitle": None, "opts": self.opts, "media": self.media}


def _done(request: HttpRequest, entity: EntityType) -> str:
    """Preview or publish, as the button says; gives where to go on."""
    sent = request.POST
    text, number = sent.get("document", "")[:_LONGEST], int(sent.get("number", "0")) if sent.get("number", "").isdecimal() else 0
    change = change_by(request, sent.get("reason", "").strip())
    if "publish" in sent:
        run = rule_runs.publish(entity, text, based_on=number, change=change)
        messages.success(request, _t("Published. Golden records are brought up to it in the background."))
    else:
        run = publishing.begin_preview(entity, text, change=change)
    # What is little is done at once; the rest goes on in a worker.
    if rule_runs.work_on(run.pk, seconds=_AT_ONCE_SECONDS).state == "running":
        ring(work_on_rules, run.pk)
    return f"{reverse('admin:golden_records_survivorshipversion_write', args=(entity.name,))}?run={run.pk}"


def _examples(request: HttpRequest, entity: EntityType, run: RulesRun) -> list[tuple[Any, list[tuple[str, Any, Any]]]]:
    """Some golden records that would come out otherwise, with their attributes before and after, as they are now."""
    told = publishing.differences(entity, run.document, [UUID(each) for each in run.examples], change=change_by(request, ""))
    seen_by = viewing.viewer()
    if seen_by is not None and seen_by.is_limited:
        return []
    specs = {spec.name: spec for spec in entity.attributes}
    goldens = entity.goldens.in_bulk(list(told))

    def words(name: str, pair: tuple[Any, Any]) -> tuple[str, Any, Any]:
        before, after = (viewing.shown(value, specs[name], entity.name, seen_by) for value in pair)
        return capfirst(str(specs[name].label)), before, after

    return [(goldens[key], [words(name, pair) for name, pair in some.items()]) for key, some in told.items() if key in goldens]
