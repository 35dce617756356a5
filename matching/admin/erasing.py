"""Golden records that can be erased: a page that says how much would be gone, and the button that does it."""

from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t

from golden_records import privacy, viewing
from golden_records.admin.acting import change_by, words_of
from golden_records.errors import Erased, MdmError
from golden_records.models import GoldenState, WhenSentAgain
from golden_records.saying import named, said
from matching.admin.parents import NamingParents
from matching.admin.reports import offered
from matching.erasure import erase
from matching.reports.dossier import DOSSIER

MAY_ERASE: Final = "golden_records.erase_golden_record"


class ErasableGoldenAdmin(NamingParents):
    """A golden record's page leads whoever may to that of its erasure."""

    page_template: ClassVar[str] = "matching/admin/golden.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the page that asks, and that erases by POST."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_erase"
        return [path("<uuid:golden_id>/erase/", self.admin_site.admin_view(self.erase_view), name=name), *super().get_urls()]

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Add the ways to the dossier and to the erasure to what the page shows."""
        is_there = found.state != GoldenState.ERASED
        return super().page_context(request, found) | {
            "erase_url": self._erasing(found.pk) if is_there and request.user.has_perm(MAY_ERASE) else None,
            "may_see_dossier": is_there and DOSSIER in offered(request),
        }

    def erase_view(self, request: HttpRequest, golden_id: UUID) -> HttpResponse:
        """Say how much is held, by holder; erase where a reason is given, and show what is left."""
        if not request.user.has_perm(MAY_ERASE):
            raise PermissionDenied
        found = self.get_object(request, str(golden_id))
        if found is None:
            return self.missing(request, str(golden_id))
        try:
            if request.method == "POST" and self._erased(request, golden_id):
                return HttpResponseRedirect(self._page(golden_id))
            viewing.look()
            subject = privacy.subject_of(self.entity, golden_id)
        except Erased as error:
            messages.error(request, said(error.message))
            return HttpResponseRedirect(self._page(golden_id))
        held = {capfirst(named(name)): count for name, count in privacy.held_by(subject).items() if count}
        context = {"subject": subject, "held": held, "choices": WhenSentAgain.choices, "page_url": self._page(golden_id)}
        return TemplateResponse(request, "matching/admin/erase.html", self.page(request, found, _t("Erase: %s") % found) | context)

    def _erased(self, request: HttpRequest, golden_id: UUID) -> bool:
        reason, how = request.POST.get("reason", "").strip(), request.POST.get("when_sent_again", "")
        if not reason or how not in WhenSentAgain.values:
            messages.error(request, _t("Say why it is erased, and what becomes of a record that is sent again."))
            return False
        try:
            erase(self.entity, canonical_id=golden_id, when_sent_again=WhenSentAgain(how), change=change_by(request, reason))
        except Erased:
            raise
        except MdmError as error:
            messages.error(request, words_of(error))
            return False
        messages.success(request, _t("Erased, for good."))
        return True

    def _page(self, golden_id: UUID) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=(golden_id,))

    def _erasing(self, golden_id: UUID) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_erase", args=(golden_id,))
