"""A steward's word on the parent of a golden record, on its page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t

from golden_records import limits, viewing
from golden_records.admin.acting import change_by, words_of
from golden_records.admin.golden import GoldenRecordAdmin
from golden_records.errors import MdmError
from golden_records.hierarchy.links import parent_attribute
from golden_records.hierarchy.settling import HierarchyLoop
from matching import hierarchy
from matching.admin.overrides import MAY_OVERRIDE


class NamingParents(GoldenRecordAdmin):
    """A golden record's page on which whoever may override names its parent."""

    def get_urls(self) -> list[URLPattern]:
        """Add the address that takes the word by POST."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_parent"
        return [path("<uuid:golden_id>/parent/", self.admin_site.admin_view(self.parent_view), name=name), *super().get_urls()]

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Add where to send it."""
        may = parent_attribute(self.entity) is not None and request.user.has_perm(MAY_OVERRIDE)
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_parent", args=(found.pk,))
        return super().page_context(request, found) | {"may_name_parent": may, "parent_url": address}

    def parent_view(self, request: HttpRequest, golden_id: UUID) -> HttpResponse:
        """Let a parent stand, or take a steward's word back, with the reason that was written."""
        refused = self.refused(request, MAY_OVERRIDE)
        if refused is not None:
            return refused
        try:
            self._carry_out(request, golden_id)
        except HierarchyLoop as error:
            viewing.look()
            messages.error(request, _t("It would be its own ancestor: %s.") % " → ".join(self._names(error)))
        except MdmError as error:
            messages.error(request, words_of(error))
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=(golden_id,)))

    def _carry_out(self, request: HttpRequest, golden_id: UUID) -> None:
        reason, named = request.POST.get("reason", "").strip(), request.POST.get("parent", "").strip()
        if not reason:
            messages.error(request, _t("Say why."))
        elif request.POST.get("do") == "clear":
            hierarchy.clear_parent(self.entity, golden_id, change=change_by(request, reason))
            messages.success(request, _t("Taken back: the sources' parent is its parent again."))
        elif (parent_id := _canonical_id(named)) is None and named:
            messages.error(request, _t("This is no canonical id: copy it from the page of the parent."))
        elif parent_id is not None and not limits.sees(self.entity.golden, parent_id):
            messages.error(request, _t("There is no such golden record."))
        else:
            hierarchy.set_parent(self.entity, golden_id, parent_id, change=change_by(request, reason))
            messages.success(request, _t("It stands now, whatever the sources say."))

    def _names(self, error: HierarchyLoop) -> list[str]:
        """Name the golden records on a loop as people know them."""
        ids = [UUID(str(each)) for each in error.data["loop"]]  # type: ignore[attr-defined]  # a list of canonical ids
        found = self.entity.goldens.in_bulk(ids)
        return [str(found.get(each, each)) for each in ids]


def _canonical_id(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None
