"""Merging, splitting and moving by hand: choosing the other golden record, a page that shows what would change, and doing it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import limits, viewing
from golden_records.admin.acting import change_by, words_of
from golden_records.admin.presentation import presentation
from golden_records.admin.searching import found_by
from golden_records.attributes import AttributeSpec
from golden_records.entities import EntityType
from golden_records.errors import MdmError
from golden_records.models import GoldenRecord, GoldenState, MergeReceipt
from matching.admin.two import overrules, takes_two
from matching.models import ReviewTask, TaskState
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import Side, look
from matching.regrouping import LONGEST_REASON, carry_out

PERMISSIONS: Final = {
    RegroupKind.MERGE: "golden_records.add_mergereceipt",
    RegroupKind.SPLIT: "golden_records.add_movereceipt",
    RegroupKind.MOVE: "golden_records.add_movereceipt",
}
TITLES: Final = {
    RegroupKind.MERGE: _("Merge with another golden record"),
    RegroupKind.SPLIT: _("Split source records off"),
    RegroupKind.MOVE: _("Move source records to another golden record"),
}
BUTTONS: Final = {RegroupKind.MERGE: _("Merge"), RegroupKind.SPLIT: _("Split off"), RegroupKind.MOVE: _("Move")}
FOUND_AT_MOST: Final = 20

Frame = Callable[[object], dict[str, Any]]


def may(request: HttpRequest, kind: RegroupKind) -> bool:
    """Whether who asks may do this."""
    return bool(request.user.has_perm(PERMISSIONS[kind]))


def respond(request: HttpRequest, entity: EntityType, golden: GoldenRecord, frame: Frame) -> HttpResponse:
    """Answer for the page of one golden record: the search for the other one, the preview, or what a POST did.

    `frame` gives what a page of this title needs around it.
    """
    sent = request.POST if request.method == "POST" else request.GET
    try:
        kind = RegroupKind(sent.get("kind", ""))
    except ValueError:
        return HttpResponseRedirect(page_of(entity, golden.pk))
    if not may(request, kind):
        raise PermissionDenied
    other = _id(sent.get("other"))
    if kind is not RegroupKind.SPLIT and other is None:
        return _search(request, entity, golden, kind, frame)
    records = tuple(int(each) for each in sent.getlist("record") if each.isdecimal())
    wish = Regrouping(kind, golden.pk, other, records, _id(sent.get("survivor")))
    if not limits.sees_all_of(entity, wish.golden_ids):
        raise PermissionDenied
    if request.method == "POST" and (receipt := _done(request, entity, wish)) is not None:
        return HttpResponseRedirect(reverse(f"admin:golden_records_{receipt._meta.model_name}_change", args=(receipt.pk,)))
    return _preview(request, entity, golden, wish, frame)


def page_of(entity: EntityType, golden_id: UUID) -> str:
    """The address of a golden record's page."""
    return reverse(f"admin:golden_records_{entity.golden._meta.model_name}_change", args=(golden_id,))


def _done(request: HttpRequest, entity: EntityType, wish: Regrouping) -> Any:
    change = change_by(request, request.POST.get("reason", "").strip())
    fingerprint, confirmed = request.POST.get("preview", ""), request.POST.get("confirm") == "yes"
    alone = overrules(request)
    try:
        receipt = carry_out(entity, wish, fingerprint=fingerprint, change=change, confirmed=confirmed, overrules=alone)
    except MdmError as error:
        messages.error(request, words_of(error))
        return None
    done = _t("Merged.") if isinstance(receipt, MergeReceipt) else _t("Done.")
    messages.success(request, f"{done} {_t('It can be undone here at any time.')}")
    return receipt


def _preview(request: HttpRequest, entity: EntityType, golden: GoldenRecord, wish: Regrouping, frame: Frame) -> HttpResponse:
    viewing.look()
    try:
        preview = look(entity, wish, change=change_by(request, "preview"))
    except MdmError as error:
        messages.error(request, words_of(error))
        return HttpResponseRedirect(page_of(entity, golden.pk))
    sides = [_veiled(entity, side) for side in preview.sides]
    context = frame(TITLES[wish.kind]) | {
        "kind": wish.kind.value,
        "title_of_kind": TITLES[wish.kind],
        "button": BUTTONS[wish.kind],
        "preview": preview,
        "sides": [(side, [value for value in side.values if value.changes]) for side in sides],
        "survivors": [(side.golden_id, side.name) for side in sides] if wish.kind is RegroupKind.MERGE else (),
        "survivor_id": preview.plan.to_id,
        "wish": wish,
        "longest": LONGEST_REASON,
        "reason": request.POST.get("reason", ""),
        "golden_url": f"admin:golden_records_{entity.golden._meta.model_name}_change",
        "record_url": f"admin:golden_records_{entity.record._meta.model_name}_change",
        "back": page_of(entity, golden.pk),
        **takes_two(request, entity, wish.golden_ids),
    }
    return TemplateResponse(request, "matching/admin/regroup.html", context)


def _veiled(entity: EntityType, side: Side) -> Side:
    """Show of what would be as much as whoever asks may see: it is computed from the values themselves."""
    seen_by = viewing.viewer()
    if seen_by is None:
        return side

    def veil(value: object, spec: AttributeSpec) -> object:
        return viewing.shown(value, spec, entity.name, seen_by)

    values = tuple(replace(each, before=veil(each.before, each.spec), after=veil(each.after, each.spec)) for each in side.values)
    held = {each.spec.name: each.before if each.before is not None else each.after for each in values}
    name = str(entity.golden(id=side.golden_id or UUID(int=0), **held))
    return replace(side, values=values, name=name)


def _search(request: HttpRequest, entity: EntityType, golden: GoldenRecord, kind: RegroupKind, frame: Frame) -> HttpResponse:
    term = request.GET.get("q", "").strip()
    active = limits.within(entity.goldens.filter(state=GoldenState.ACTIVE)).exclude(pk=golden.pk)
    known = Q(pk__in=limits.within(entity.records.filter(external_id=term)).values("golden_id"))
    found = list(found_by(active, presentation(entity), term, also=[known]).order_by("-pk")[:FOUND_AT_MOST]) if term else []
    query = request.GET.copy()
    query.pop("q", None)
    context = frame(TITLES[kind]) | {
        "kind": kind.value,
        "title_of_kind": TITLES[kind],
        "term": term,
        "hidden": [(name, each) for name in ("kind", "record") for each in query.getlist(name)],
        "suggested": [(other, _with(query, other.pk)) for other in _suggested(entity, golden)],
        "found": [(other, _with(query, other.pk)) for other in found],
        "columns": presentation(entity).columns,
        "golden_url": f"admin:golden_records_{entity.golden._meta.model_name}_change",
        "back": page_of(entity, golden.pk),
    }
    return TemplateResponse(request, "matching/admin/regroup_search.html", context)


def _suggested(entity: EntityType, golden: GoldenRecord) -> list[GoldenRecord]:
    """The golden records about which it is asked whether they are this one."""
    named = Q(left_golden_id=golden.pk) | Q(right_golden_id=golden.pk)
    tasks = ReviewTask.objects.filter(named, entity=entity.name, state=TaskState.OPEN).order_by("-probability")
    ends = tasks.values_list("left_golden_id", "right_golden_id")[:FOUND_AT_MOST]
    ids = [other for pair in ends for other in pair if other != golden.pk]
    rows = limits.within(entity.goldens.all()).in_bulk(ids)
    return [rows[each] for each in dict.fromkeys(ids) if each in rows]


def _with(query: QueryDict, other: UUID) -> str:
    chosen = query.copy()
    chosen["other"] = str(other)
    return chosen.urlencode()


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
