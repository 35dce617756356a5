"""The pages of a rehearsal: a match config is written and tried, what it would do is seen, and it is published or thrown away."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t

from golden_records import viewing
from golden_records.admin.acting import change_by, words_of
from golden_records.documents import difference, mistakes
from golden_records.entities import EntityType, entity_type
from golden_records.errors import MdmError
from matching import rehearsing
from matching.core.config import ConfigErrors
from matching.doorbell import ring
from matching.foreseen import foreseen
from matching.models import MatchRun, RunKind, RunState
from matching.rehearsal_lines import Line, csv_lines, lines, merges, splits, values
from matching.tasks import work_on_run

MAY_PUBLISH: Final = "matching.publish_matchconfigversion"
_SHOWN: Final = 20


def require(request: HttpRequest) -> None:
    """Let only those go on who may rehearse and publish."""
    if not request.user.has_perm(MAY_PUBLISH):
        raise PermissionDenied


def writing(request: HttpRequest, entity: EntityType, problems: list[str]) -> dict[str, Any]:
    """What the page shows on which a config is written: as it was sent, else the one in force with the next version."""
    in_force = rehearsing.text_in_force(entity)
    text = request.POST.get("document", in_force).replace("\r\n", "\n")
    return {
        "text": text,
        "reason": request.POST.get("reason", ""),
        "problems": mistakes(text, problems),
        "difference": difference(in_force, text),
        "may_publish": request.user.has_perm(MAY_PUBLISH),
        "rehearsals": list(MatchRun.objects.filter(entity=entity.name, kind=RunKind.REHEARSAL).defer("blocking")[:_SHOWN]),
    }


def begun(request: HttpRequest, entity: EntityType) -> str:
    """Begin the rehearsal of what was written, and give the page where it is seen. Raises `ConfigErrors`, `StaleWrite`."""
    change = change_by(request, request.POST.get("reason", "").strip())
    run = rehearsing.start(entity, rehearsing.read(entity, request.POST.get("document", "")), change=change)
    ring(work_on_run, run.pk)
    return reverse("admin:matching_matchrun_change", args=(run.pk,))


def problems_of(error: MdmError) -> list[str]:
    """Give everything that is wrong, a line each."""
    return error.messages if isinstance(error, ConfigErrors) else [words_of(error)]


def turned(request: HttpRequest, run: MatchRun) -> None:
    """Publish a rehearsal or throw it away, as the button says; tells the person how it went."""
    change = change_by(request, request.POST.get("reason", "").strip())
    try:
        if "publish" in request.POST:
            rehearsing.publish(run.pk, change=change)
            ring(work_on_run, run.pk)
            messages.success(request, _t("Published: the config is in force, and what was shown is being applied."))
        else:
            rehearsing.discard(run.pk, change=change)
            messages.success(request, _t("Thrown away. Nothing was changed."))
    except MdmError as error:
        messages.error(request, words_of(error))


def showing(request: HttpRequest, run: MatchRun) -> dict[str, Any]:
    """What the page of a rehearsal that waits shows: the first of each kind of change, as they are now."""
    if run.kind != RunKind.REHEARSAL or run.state != RunState.REHEARSED:
        return {}
    found, entity = foreseen(run), entity_type(run.entity)
    labels = {spec.name: capfirst(str(spec.label)) for spec in entity.attributes}
    changed = [(_veiled(entity, line), labels[line.attribute]) for line in values(found, change_by(request, ""), _SHOWN)]
    seen_by = viewing.viewer()
    shows_rows = seen_by is None or not seen_by.is_limited
    return {
        "rehearsal": True,
        "merges": list(merges(found, _SHOWN)) if shows_rows else [],
        "splits": list(splits(found, _SHOWN)) if shows_rows else [],
        "changed": changed if shows_rows else [],
        "golden_page": f"admin:{entity.golden._meta.app_label}_{entity.golden._meta.model_name}_change",
        "shown": _SHOWN,
        "may_publish": request.user.has_perm(MAY_PUBLISH),
    }


def _veiled(entity: EntityType, line: Line) -> Line:
    seen_by, spec = viewing.viewer(), next(each for each in entity.attributes if each.name == line.attribute)
    before, after = (viewing.shown(value, spec, entity.name, seen_by) for value in (line.before, line.after))
    return replace(line, before=before, after=after)


def file_of(request: HttpRequest, run: MatchRun) -> HttpResponse | StreamingHttpResponse:
    """Give every change that a rehearsal would make, as CSV; written while it is sent. It tells all, or nothing."""
    if viewing.viewer() is not None:
        raise PermissionDenied

    def told() -> Iterator[Line]:
        yield from lines(foreseen(run), change_by(request, ""))

    answer = StreamingHttpResponse(csv_lines(told()), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="rehearsal-{run.pk}.csv"'
    return answer
