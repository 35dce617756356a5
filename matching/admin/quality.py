"""Measured quality: what answers say of matches, thresholds and rules, and from there checks and the rehearsal of advised thresholds."""

from dataclasses import replace
from typing import Any, ClassVar, Final

import numpy as np
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records.admin import cells
from golden_records.admin.acting import change_by
from golden_records.admin.base import PageAdmin
from golden_records.authors import who
from golden_records.entities import ENTITIES, EntityType
from golden_records.errors import MdmError
from golden_records.models import GoldenState
from matching import checking, measuring, plots, rehearsing
from matching.active_config import active_config
from matching.admin import rehearsals
from matching.core.advice import Verdict
from matching.core.calibration import Reliability
from matching.core.declarations import Thresholds
from matching.core.estimate import Share
from matching.doorbell import ring
from matching.models import CheckKind, CheckSample, Judgement, LearningState, MatchDecision, QualityReport
from matching.quality_words import advice_words, precision_words, recall_words
from matching.tasks import learn, work_on_run

MAY_SAMPLE: Final = "matching.add_checksample"
MAY_MEASURE: Final = "matching.add_qualityreport"
USUAL_SIZE: Final = 200
_LITTLE: Final = 2_000
"""Pairs, golden records, or answers, up to which it is done at once; the rest goes on in a worker."""
_SHOWN: Final = 5
_KEPT_SECONDS: Final = 3_600


@admin.register(QualityReport)
class QualityReportAdmin(PageAdmin):
    """What was measured, and when; the newest of each entity type is the page that people go to."""

    page_template: ClassVar[str] = "matching/admin/quality.html"
    list_display = ("__str__", "outcome", "by", "measured")
    list_filter = ("entity", "state")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the newest report, and what is asked for from there."""
        view = self.admin_site.admin_view
        return [
            path("overview/", view(self.overview), name="matching_qualityreport_overview"),
            path("overview/<str:entity>/<str:act>/", view(self.act_view), name="matching_qualityreport_act"),
            *super().get_urls(),
        ]

    def listed(self, rows: Any) -> Any:
        """Leave the figures out: no cell shows them."""
        return rows.defer("document")

    @admin.display(description=_("state"))
    def outcome(self, report: QualityReport) -> str:
        """The state as a coloured word."""
        return cells.pill(_pill(report.state), report.get_state_display())

    @admin.display(description=_("actor"))
    def by(self, report: QualityReport) -> str:
        """Who asked for it."""
        return who(report.actor)

    @admin.display(description=_("measured"))
    def measured(self, report: QualityReport) -> str:
        """How long ago."""
        return cells.moment(report.finished_at or report.created_at)

    def page_context(self, request: HttpRequest, found: QualityReport) -> dict[str, Any]:
        """The figures of one report."""
        return _showing(request, ENTITIES[found.entity], found if found.state == LearningState.DONE else None)

    def overview(self, request: HttpRequest) -> HttpResponse:
        """Show the newest report of an entity type, and how to learn more."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        entity = ENTITIES.get(request.GET.get("entity", ""), next(iter(ENTITIES.values())))
        newest = QualityReport.objects.filter(entity=entity.name, state=LearningState.DONE).order_by("-id").first()
        frame = {**self.admin_site.each_context(request), "title": _t("Measured quality"), "subtitle": None, "opts": self.opts}
        return TemplateResponse(request, self.page_template, frame | {"media": self.media} | _showing(request, entity, newest))

    def act_view(self, request: HttpRequest, entity: str, act: str) -> HttpResponse:
        """Draw a sample, measure anew, or rehearse what is advised."""
        kind, (permission, do) = ENTITIES.get(entity), _ACTS.get(act, (None, None))
        if kind is None or permission is None or do is None:
            raise Http404
        refused = self.refused(request, permission)
        if refused is not None:
            return refused
        try:
            return HttpResponseRedirect(do(request, kind))
        except MdmError as error:
            messages.error(request, " ".join(rehearsals.problems_of(error)))
        return HttpResponseRedirect(_page(kind))


def _sampled(request: HttpRequest, entity: EntityType) -> str:
    return _ordered(request, entity, CheckKind.TOGETHER, is_little=_is_little(MatchDecision.objects.filter(entity=entity.name)))


def _sampled_apart(request: HttpRequest, entity: EntityType) -> str:
    return _ordered(request, entity, CheckKind.APART, is_little=_is_little(entity.goldens.filter(state=GoldenState.ACTIVE)))


def _ordered(request: HttpRequest, entity: EntityType, kind: CheckKind, *, is_little: bool) -> str:
    given = request.POST.get("size", "")
    size = int(given) if given.isdecimal() and len(given) < 9 else 0  # noqa: PLR2004
    sample = checking.order(entity, size=size, kind=kind, change=change_by(request, ""))
    if is_little:
        measuring.carry_out("check sample", sample.pk)
        sample.refresh_from_db()
        messages.success(request, _t("%s checks are in the review queue.") % sum(band["drawn"] for band in sample.bands))
    else:
        ring(learn, "check sample", sample.pk)
        messages.success(request, _t("The sample is being drawn: its checks come into the review queue."))
    return _page(entity)


def _measured(request: HttpRequest, entity: EntityType) -> str:
    report = measuring.order(entity, change=change_by(request, ""))
    if _is_little(Judgement.objects.filter(entity=entity.name)):
        measuring.carry_out("quality", report.pk)
    else:
        ring(learn, "quality", report.pk)
        messages.success(request, _t("It is being measured. Look again in a moment."))
    return _page(entity)


def _rehearsed(request: HttpRequest, entity: EntityType) -> str:
    """Rehearse the config in force with the thresholds that the newest report advises."""
    report = QualityReport.objects.filter(entity=entity.name, state=LearningState.DONE).order_by("-id").first()
    if report is None or not _is_advised(report.document):
        messages.error(request, _t("No other thresholds are advised."))
        return _page(entity)
    advised = Thresholds(*(report.document["advice"][name]["threshold"] for name in ("auto", "review")))
    config = active_config(entity).config
    reason = _t("thresholds advised by measured quality %s") % report.pk
    run = rehearsing.start(entity, replace(config, version=config.version + 1, thresholds=advised), change=change_by(request, reason))
    ring(work_on_run, run.pk)
    return reverse("admin:matching_matchrun_change", args=(run.pk,))


_ACTS: Final = {
    "sample": (MAY_SAMPLE, _sampled),
    "sample-apart": (MAY_SAMPLE, _sampled_apart),
    "measure": (MAY_MEASURE, _measured),
    "rehearse": (rehearsals.MAY_PUBLISH, _rehearsed),
}


def _is_little(rows: Any) -> bool:
    return len(rows.order_by().values_list("pk", flat=True)[: _LITTLE + 1]) <= _LITTLE


def _page(entity: EntityType) -> str:
    return f"{reverse('admin:matching_qualityreport_overview')}?entity={entity.name}"


def _showing(request: HttpRequest, entity: EntityType, report: QualityReport | None) -> dict[str, Any]:
    found = report.document if report is not None else None
    choices = [(known.name, capfirst(str(known.record._meta.verbose_name_plural))) for known in ENTITIES.values()]
    return {
        "entity": entity,
        "entities": choices,
        "report": report,
        "found": found,
        "told": list(precision_words(found)) if found else [],
        "missed": list(recall_words(found)) if found else [],
        "advised": list(advice_words(found)) if found else [],
        "is_advised": bool(found and _is_advised(found)),
        "plots": _plots(report) if report is not None else {},
        "waiting": QualityReport.objects.filter(entity=entity.name, state=LearningState.QUEUED).exists(),
        "samples": [(sample, _pill(sample.state)) for sample in CheckSample.objects.filter(entity=entity.name)[:_SHOWN]],
        "size": USUAL_SIZE,
        "most": checking.MOST,
        "may_sample": request.user.has_perm(MAY_SAMPLE),
        "may_measure": request.user.has_perm(MAY_MEASURE),
        "may_rehearse": request.user.has_perm(rehearsals.MAY_PUBLISH),
    }


def _is_advised(found: dict[str, Any]) -> bool:
    return any(advised["verdict"] != Verdict.KEEP for advised in found["advice"].values())


def _pill(state: str) -> str:
    return {LearningState.DONE: "completed"}.get(LearningState(state), state)


def _plots(report: QualityReport) -> dict[str, plots.Plot]:
    """Draw a report: once, for a while, for a report does not change."""
    kept: Any = cache.get_or_set(f"mdm-quality-{report.pk}-{get_language()}", lambda: _drawn(report.document), _KEPT_SECONDS)
    return {name: plots.Plot(*parts) for name, parts in kept.items()}


def _drawn(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    drawn: dict[str, plots.Plot] = {}
    curve, table = found["curve"], found["calibration"]
    if curve["thresholds"]:
        shares = [[Share(**share) for share in curve[name]] for name in ("precision", "recall")]
        drawn["curve"] = plots.quality_curve(np.array(curve["thresholds"]), *shares, **found["thresholds"])
    if table["pairs"]:
        drawn["calibration"] = plots.calibration(Reliability(**{name: np.array(values) for name, values in table.items()}))
    return {name: (str(plot), plot.alternative) for name, plot in drawn.items()}
