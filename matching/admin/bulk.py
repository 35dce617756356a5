"""Many questions at once: chosen in the queue, looked at in a preview, done task by task, and taken back with one button."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from golden_records import viewing
from golden_records.admin.acting import person, words_of
from golden_records.errors import MdmError
from golden_records.limits import within
from matching import bulk_answers, reasons
from matching.asked import Case
from matching.assigning import LONGEST_NOTE
from matching.bulk_answers import MOST, Wish
from matching.bulk_preview import foresee
from matching.models import Bulk, BulkAct, JudgementValue, ReviewTask
from matching.stewards import MAY_DECIDE, colleagues

ACTION: Final = "deal_with_several"
EFFECTS: Final = {
    "merge": _("the two become one golden record"),
    "keep": _("the two records stay together for good"),
    "apart": _("the two are kept apart for good"),
    "part": _("the two records are parted"),
    "aside": _("set aside, and not asked again"),
    "propose": _("waits for a second steward"),
    "settled": _("answers itself"),
    "defer": _("deferred"),
    "hand": _("handed on"),
    "refused": _("can't be done"),
}
RESULTS: Final = {
    bulk_answers.DONE: _("done"),
    bulk_answers.PROPOSED: _("waits for a second steward"),
    bulk_answers.SETTLED: _("had answered itself"),
    bulk_answers.REFUSED: _("refused"),
    bulk_answers.UNDONE: _("taken back"),
}


class BulkForm(forms.Form):
    """What to do with the chosen tasks."""

    act = forms.ChoiceField(choices=BulkAct.choices)
    reason_code = forms.CharField(required=False, max_length=40)
    comment = forms.CharField(required=False, max_length=LONGEST_NOTE)
    until = forms.DateField(required=False)
    to = forms.ModelChoiceField(User.objects.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues()  # type: ignore[attr-defined]  # a choice of people

    def clean(self) -> dict[str, Any]:
        """Ask for the day or the colleague where the act needs one."""
        given = super().clean() or self.cleaned_data
        if given.get("act") == BulkAct.DEFER and not (given.get("until") and given["until"] > timezone.localdate()):
            self.add_error("until", _("Choose a day that is still to come."))
        if given.get("act") == BulkAct.HAND and not given.get("to"):
            self.add_error("to", _("Choose a colleague."))
        return given


class BulkActs:
    """The action of the queue and the addresses behind it; part of `ReviewTaskAdmin`."""

    admin_site: Any
    refused: Callable[[HttpRequest, str], HttpResponse | None]

    def bulk_urls(self) -> list[URLPattern]:
        """The addresses: preview and doing it by POST, the result to look at, and taking it back."""
        view = self.admin_site.admin_view
        return [
            path("bulk/", view(self.bulk_view), name="matching_reviewtask_bulk"),
            path("bulk/<int:bulk_id>/", view(self.bulk_result_view), name="matching_reviewtask_bulk_result"),
            path("bulk/<int:bulk_id>/undo/", view(self.bulk_undo_view), name="matching_reviewtask_bulk_undo"),
        ]

    @admin.action(description=_("Answer, defer or hand on …"))
    def deal_with_several(self, request: HttpRequest, queryset: QuerySet[ReviewTask]) -> HttpResponse:
        """Go on with the chosen tasks, at most `MOST` of them."""
        chosen = list(queryset[: MOST + 1])
        return self._page(request, chosen[:MOST], BulkForm(), left_out=len(chosen) > MOST)

    def bulk_view(self, request: HttpRequest) -> HttpResponse:
        """Show the preview for what was chosen, or do it."""
        refused = self.refused(request, MAY_DECIDE)
        if refused is not None:
            return refused
        seen = _seen(request.POST.getlist("task"))
        found = within(ReviewTask.objects.all()).in_bulk([key for key, _version in seen])
        seen = tuple((key, version) for key, version in seen if key in found)
        form = BulkForm(request.POST)
        if "confirm" in request.POST and form.is_valid():
            return self._carry_out(request, seen, form.cleaned_data)
        return self._page(request, [found[key] for key, _version in seen], form, left_out=False)

    def _carry_out(self, request: HttpRequest, seen: tuple[tuple[int, int], ...], given: dict[str, Any]) -> HttpResponse:
        case = Case(given["reason_code"], request.POST.get("wish", "")[:40] or uuid4().hex)
        wish = Wish(BulkAct(given["act"]), seen, case, given["comment"], given["until"], given["to"])
        try:
            bulk = bulk_answers.carry_out(wish, user=person(request))
        except MdmError as error:
            messages.error(request, words_of(error))
            return HttpResponseRedirect(reverse("admin:matching_reviewtask_changelist"))
        return HttpResponseRedirect(reverse("admin:matching_reviewtask_bulk_result", args=(bulk.pk,)))

    def bulk_result_view(self, request: HttpRequest, bulk_id: int) -> HttpResponse:
        """Say what was done with each, and what was refused and why."""
        bulk = Bulk.objects.filter(pk=bulk_id).select_related("user").first()
        if bulk is None or not request.user.has_perm("matching.view_reviewtask"):
            return HttpResponseRedirect(reverse("admin:matching_reviewtask_changelist"))
        counts = Counter(outcome["result"] for outcome in bulk.outcomes)
        shown = [(outcome["task"], outcome["result"], RESULTS[outcome["result"]], outcome["why"]) for outcome in bulk.outcomes]
        may_undo = request.user.has_perm(MAY_DECIDE) and bulk.undone_at is None
        context = self._frame(request, _t("What was done")) | {
            "bulk": bulk,
            "outcomes": sorted(shown, key=lambda row: row[1] != bulk_answers.REFUSED),
            "counts": [(name, words, counts[name]) for name, words in RESULTS.items() if counts[name]],
            "may_undo": may_undo and bool(counts[bulk_answers.DONE] + counts[bulk_answers.PROPOSED]),
        }
        return TemplateResponse(request, "matching/admin/bulk_result.html", context)

    def bulk_undo_view(self, request: HttpRequest, bulk_id: int) -> HttpResponse:
        """Take everything back."""
        refused = self.refused(request, MAY_DECIDE)
        if refused is not None:
            return refused
        bulk = Bulk.objects.filter(pk=bulk_id).first()
        if bulk is not None:
            try:
                done = bulk_answers.undo_all(bulk, user=person(request))
            except MdmError as error:
                messages.error(request, words_of(error))
            else:
                taken = sum(1 for outcome in done.outcomes if outcome["result"] == bulk_answers.UNDONE)
                messages.success(request, ngettext("%(n)s task was taken back.", "%(n)s tasks were taken back.", taken) % {"n": taken})
        return HttpResponseRedirect(reverse("admin:matching_reviewtask_bulk_result", args=(bulk_id,)))

    def _page(self, request: HttpRequest, tasks: Sequence[ReviewTask], form: BulkForm, *, left_out: bool) -> HttpResponse:
        viewing.look()
        act = form.cleaned_data.get("act") if form.is_bound and form.is_valid() else None
        lines = foresee(tasks, BulkAct(act) if act else BulkAct.DEFER, user_id=request.user.pk or 0)
        counts = Counter(line.effect for line in lines)
        offered = reasons.offered()
        context = self._frame(request, _t("Several tasks at once")) | {
            "lines": [(line, EFFECTS[line.effect]) for line in lines],
            "act": act,
            "act_words": BulkAct(act).label if act else "",
            "counts": [(effect, words, counts[effect]) for effect, words in EFFECTS.items() if counts[effect]],
            "doable": sum(1 for line in lines if line.is_done),
            "form": form,
            "acts": BulkAct.choices,
            "colleagues": list(colleagues()),
            "reasons": [(JudgementValue(key).label if key else "", codes) for key, codes in offered.items() if codes],
            "left_out": left_out,
            "most": MOST,
            "wish": uuid4().hex,
            "longest_note": LONGEST_NOTE,
            "tomorrow": (timezone.localdate() + timedelta(days=1)).isoformat(),
        }
        return TemplateResponse(request, "matching/admin/bulk.html", context)

    def _frame(self, request: HttpRequest, title: str) -> dict[str, Any]:
        queue = reverse("admin:matching_reviewtask_changelist")
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": ReviewTask._meta,
            "queue_url": queue,
            "model_name_plural": ReviewTask._meta.verbose_name_plural,
        }


def _seen(given: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Read the chosen tasks as the form names them: number and version, with a hyphen between."""
    pairs = (each.partition("-") for each in given[: MOST + 1])
    return tuple((int(key), int(version)) for key, _hyphen, version in pairs if key.isdecimal() and version.isdecimal())
