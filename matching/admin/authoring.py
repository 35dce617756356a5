"""The page on which a steward describes a customer or a project, sees whether it is there already, and only then creates it."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records.admin.acting import change_by, words_of
from golden_records.admin.records import SourceRecordAdmin
from golden_records.attributes import AttributeSpec
from golden_records.errors import MdmError, RejectedRecord
from golden_records.models import RecordState
from golden_records.models.golden import new_canonical_id
from golden_records.saying import named, said
from matching import authoring, likeness
from matching.admin.waterfall import waterfall
from matching.core.decide import Outcome

_TITLES: Final = {"customer": _("New customer"), "project": _("New project")}
_FIELD: Final = "value_"
_LONGEST_REASON: Final = 500


class AuthoredRecordAdmin(SourceRecordAdmin):
    """Source records, which stewards may write themselves after a search, and take back."""

    def has_add_permission(self, request: HttpRequest, *args: object) -> bool:
        """Whoever has the permission on the table may write a record."""
        del args
        return bool(request.user.has_perm(f"{self.opts.app_label}.add_{self.opts.model_name}"))

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the search and of taking a record back; both take POST alone."""
        view, prefix = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("add/alike/", view(self.alike_view), name=f"{prefix}_alike"),
            path("<int:record_id>/take-back/", view(self.take_back_view), name=f"{prefix}_take_back"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the empty form; on POST search, or create what was described."""
        del form_url
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = self._frame(request) | (extra_context or {})
        if request.method == "POST":
            context |= self._found(request)
            if request.POST.get("do") == "create" and not context["problems"]:
                created = self._created(request)
                if created is not None:
                    return created
        return TemplateResponse(request, "matching/admin/author.html", context)

    def alike_view(self, request: HttpRequest) -> HttpResponse:
        """What is like the description so far, to be shown below it as one types."""
        refused = self.refused(request, f"{self.opts.app_label}.add_{self.opts.model_name}")
        return refused or TemplateResponse(request, "matching/admin/author_found.html", self._found(request))

    def take_back_view(self, request: HttpRequest, record_id: int) -> HttpResponse:
        """Withdraw a record that a steward wrote, with the reason that was written."""
        refused = self.refused(request, f"{self.opts.app_label}.add_{self.opts.model_name}")
        if refused is not None:
            return refused
        found = self.get_object(request, str(record_id))
        if found is None or found.source.code != authoring.SOURCE:
            return self.missing(request, str(record_id))
        reason = request.POST.get("reason", "").strip()[:_LONGEST_REASON]
        if not reason:
            messages.error(request, _t("Say why."))
        else:
            try:
                authoring.take_back(self.entity, found.external_id, change=change_by(request, reason))
                messages.success(request, _t("Taken back: nothing of it counts any more."))
            except MdmError as error:
                messages.error(request, words_of(error))
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=(record_id,)))

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Add how to take a record back that a steward wrote."""
        context = super().page_context(request, found)
        if found.source.code == authoring.SOURCE and found.state == RecordState.ACTIVE and self.has_add_permission(request):
            address = f"admin:{self.opts.app_label}_{self.opts.model_name}_take_back"
            context["take_back_url"] = reverse(address, args=(found.pk,))
        return context

    def _frame(self, request: HttpRequest) -> dict[str, Any]:
        number = _number(request) or new_canonical_id()
        return {
            **self.admin_site.each_context(request),
            "title": _TITLES.get(self.entity.name, named(self.entity.name)),
            "entity": self.entity,
            "opts": self.opts,
            "fields": [(spec, request.POST.get(_FIELD + spec.name, ""), _options(spec)) for spec in self.entity.attributes],
            "number": number,
            "reason": request.POST.get("reason", ""),
            "alike_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_alike"),
            "list_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "problems": [],
            "media": self.media,
        }

    def _found(self, request: HttpRequest) -> dict[str, Any]:
        """The golden records like the description, or what is wrong with it."""
        labels = {spec.name: capfirst(str(spec.label)) for spec in self.entity.attributes}
        values = self._values(request)
        if not any(values.values()):
            return {"problems": [(_t("Description"), _t("Fill in at least one field."))], "searched": False}
        draft = authoring.draft_of(self.entity, _number(request) or new_canonical_id(), values)
        try:
            search = likeness.alike(draft)
        except RejectedRecord as error:
            told: Any = error.data["problems"]
            return {"problems": [(labels.get(each["field"], each["field"]), said(each["reason"])) for each in told], "searched": False}
        may = request.user.has_perm(f"{self.opts.app_label}.view_{self.entity.golden._meta.model_name}")
        shown = [(each, _would(each.outcome), waterfall(each.steps)) for each in search.found] if may else []
        return {"problems": [], "searched": True, "found": shown, "hidden": 0 if may else len(search.found), "search": search}

    def _created(self, request: HttpRequest) -> HttpResponse | None:
        reason, number = request.POST.get("reason", "").strip()[:_LONGEST_REASON], _number(request)
        if not reason or number is None:
            messages.error(request, _t("Say why."))
            return None
        try:
            submission = authoring.create(self.entity, number, self._values(request), change=change_by(request, reason))
        except MdmError as error:
            messages.error(request, words_of(error))
            return None
        messages.success(request, _outcome_words(submission.outcome))
        model = self.entity.golden._meta
        return HttpResponseRedirect(reverse(f"admin:{model.app_label}_{model.model_name}_change", args=(submission.canonical_id,)))

    def _values(self, request: HttpRequest) -> dict[str, str]:
        return {spec.name: request.POST.get(_FIELD + spec.name, "").strip() for spec in self.entity.attributes}


def _number(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("number", ""))
    except ValueError:
        return None


def _options(spec: AttributeSpec) -> list[tuple[str, str]]:
    return [(str(option), named(str(option))) for option in spec.choices or ()]


def _would(outcome: Outcome) -> tuple[str, str]:
    """What the engine would do, as the tone of a pill and in words."""
    if outcome == Outcome.MATCH:
        return "danger", _t("would be put into it")
    return ("queued", _t("would be asked about")) if outcome == Outcome.POSSIBLE_MATCH else ("", _t("would stand apart"))


def _outcome_words(outcome: str) -> str:
    if outcome == "linked":
        return _t("It was there already: your description is a source record of this golden record now.")
    if outcome == "review":
        return _t("Created; a review task asks whether it is another one.")
    return _t("Created.")
