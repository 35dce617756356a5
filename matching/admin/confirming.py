"""Golden records that can be confirmed: the marks on the page of one, setting its own, and taking one off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t

from golden_records import endorsing as marks
from golden_records import limits, viewing
from golden_records.admin.acting import change_by, words_of
from golden_records.errors import MdmError
from golden_records.models import Endorsement, GoldenState
from golden_records.selectors import follow
from matching import endorsing, four_eyes
from matching.admin.erasing import ErasableGoldenAdmin
from matching.admin.two import overrules
from matching.regrouping import LONGEST_REASON

MAY_CONFIRM: Final = "golden_records.add_endorsement"
MAY_TAKE_OFF: Final = "golden_records.change_endorsement"


@dataclass(frozen=True, slots=True)
class ShownMark:
    """A mark as the page of a golden record tells it; `changes` counts those since, None for that of an id that was merged into it."""

    mark: Endorsement
    changes: int | None
    off_url: str


class ConfirmableGoldenAdmin(ErasableGoldenAdmin):
    """A golden record's page says who confirmed it, and has the buttons."""

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that set the mark and take it off; both take POST alone."""
        views = {"confirm": self.confirm_view, "unconfirm": self.unconfirm_view}
        own = [
            path(f"<uuid:golden_id>/{act}/", self.admin_site.admin_view(view), name=f"{self.opts.app_label}_{self.opts.model_name}_{act}")
            for act, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Add the marks, and what may be done about them."""
        shown = self._marks(found)
        may_confirm = found.state == GoldenState.ACTIVE and request.user.has_perm(MAY_CONFIRM) and self._sees_all_of(found)
        may_take_off = bool(shown) and request.user.has_perm(MAY_TAKE_OFF)
        rule = four_eyes.over(self.entity.name, {found.pk}, by_marks=True) if may_take_off else None
        may_overrule = request.user.has_perm(four_eyes.MAY_OVERRULE)
        return super().page_context(request, found) | {
            "marks": shown,
            "confirm_url": self._address("confirm", found.pk) if may_confirm else None,
            "may_take_off": may_take_off and (rule is None or may_overrule),
            "rule_of_marks": rule,
            "longest_reason": LONGEST_REASON,
        }

    def confirm_view(self, request: HttpRequest, golden_id: UUID) -> HttpResponse:
        """Mark the golden record as confirmed, as it was shown."""
        found = self.get_object(request, str(golden_id))
        if found is None:
            return self.missing(request, str(golden_id))
        refused = self.refused(request, MAY_CONFIRM)
        if refused is not None:
            return refused
        if not self._sees_all_of(found):
            raise PermissionDenied
        version = request.POST.get("version", "")
        try:
            change = change_by(request, request.POST.get("reason", "").strip())
            endorsing.confirm(self.entity, golden_id, version=int(version) if version.isdecimal() else 0, change=change)
        except MdmError as error:
            messages.error(request, words_of(error))
        else:
            messages.success(request, _t("Confirmed: it is right as it is."))
        return HttpResponseRedirect(self._address("change", golden_id))

    def unconfirm_view(self, request: HttpRequest, golden_id: UUID) -> HttpResponse:
        """Take the mark of a canonical id off, with the reason that was written."""
        if self.get_object(request, str(golden_id)) is None:
            return self.missing(request, str(golden_id))
        refused = self.refused(request, MAY_TAKE_OFF)
        if refused is not None:
            return refused
        try:
            change = change_by(request, request.POST.get("reason", "").strip())
            endorsing.take_off(self.entity, golden_id, change=change, overrules=overrules(request))
        except MdmError as error:
            messages.error(request, words_of(error))
        else:
            messages.success(request, _t("It is no longer marked as confirmed."))
        return HttpResponseRedirect(self._address("change", follow(self.entity, golden_id).pk))

    def _marks(self, found: Any) -> Sequence[ShownMark]:
        standing = marks.standing(self.entity, [found.pk]).get(found.pk, ())
        return [
            ShownMark(
                mark,
                found.version - mark.version if mark.golden_id == found.pk else None,
                self._address("unconfirm", mark.golden_id),
            )
            for mark in standing
        ]

    def _sees_all_of(self, found: Any) -> bool:
        """Whether nothing of it is kept from who asks: who does not see a value can't say that it is right."""
        seen_by = viewing.viewer()
        return seen_by is None or (self.entity.name not in seen_by.masked and limits.sees_all_of(self.entity, [found.pk]))

    def _address(self, act: str, golden_id: UUID) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{act}", args=(golden_id,))
