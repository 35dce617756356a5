"""Merges: what became one, and taking it back."""

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records.admin import cells
from golden_records.admin.acting import person, words_of
from golden_records.admin.base import PageAdmin
from golden_records.admin.filters import EntityFilter
from golden_records.admin.naming import hang_names, pair
from golden_records.admin.timeline import timeline
from golden_records.authors import who
from golden_records.entities import entity_type
from golden_records.errors import MdmError
from golden_records.models import MergeReceipt
from golden_records.selectors import follow
from matching import review
from matching.admin.two import overrules, takes_two
from matching.models import ReviewTask, TaskState

MAY_UNDO: Final = "golden_records.change_mergereceipt"


@admin.register(MergeReceipt)
class MergeReceiptAdmin(PageAdmin):
    """Each merge with its undo; a merge that answered a review task is taken back together with the answer."""

    page_template: ClassVar[str] = "matching/admin/merge.html"
    list_display = ("became", "entity_words", "author", "merged_at", "status")
    list_filter = (EntityFilter, ("undone_at", admin.EmptyFieldListFilter))
    search_fields = ("survivor_id", "absorbed_id")
    sortable_by = ()

    def name_others(self, rows: QuerySet[Any]) -> None:
        """Name both golden records."""
        hang_names(rows, lambda row: (row.absorbed_id, row.survivor_id))

    @admin.display(description=_("what became what"))
    def became(self, row: Any) -> str:
        """The absorbed one, and the survivor."""
        return pair(row.names[0], "→", row.names[1])

    @admin.display(description=_("merged by"))
    def author(self, row: Any) -> str:
        """Who did it."""
        return who(row.merged_by)

    def get_urls(self) -> list[URLPattern]:
        """Add the address that undoes; it takes POST alone."""
        undo = path("<int:receipt_id>/undo/", self.admin_site.admin_view(self.undo_view), name="golden_records_mergereceipt_undo")
        return [undo, *super().get_urls()]

    @admin.display(description=_("state"))
    def status(self, receipt: MergeReceipt) -> str:
        """Whether it stands."""
        name, words = ("retired", _("undone")) if receipt.undone_at else ("active", _("stands"))
        return cells.pill(name, words)

    def page_context(self, request: HttpRequest, found: MergeReceipt) -> dict[str, Any]:
        """The two golden records, the records that moved, the review task that asked."""
        entity = entity_type(found.entity)
        goldens = entity.golden._default_manager.in_bulk([found.survivor_id, found.absorbed_id])
        moved = entity.record._default_manager.filter(pk__in=found.moved_record_ids[:200]).select_related("source")
        task = ReviewTask.objects.filter(merge=found).first()
        may_undo = request.user.has_perm(MAY_UNDO) and found.undone_at is None
        by_hand = may_undo and (task is None or task.state != TaskState.DECIDED)
        return {
            **(takes_two(request, entity, {found.survivor_id, found.absorbed_id, follow(entity, found.survivor_id).pk}) if by_hand else {}),
            "receipt": found,
            "survivor": goldens.get(found.survivor_id),
            "absorbed": goldens.get(found.absorbed_id),
            "moved": list(moved),
            "task": task,
            "entries": timeline(MergeReceipt, found.pk, limit=20),
            "may_undo": may_undo,
        }

    def undo_view(self, request: HttpRequest, receipt_id: int) -> HttpResponse:
        """Take the merge back and show what came of it."""
        refused = self.refused(request, MAY_UNDO)
        if refused is not None:
            return refused
        try:
            review.undo_merge(receipt_id, user=person(request), overrules=overrules(request))
        except MergeReceipt.DoesNotExist:
            return self.missing(request, str(receipt_id))
        except MdmError as error:
            messages.error(request, words_of(error))
        else:
            messages.success(request, _t("The merge is undone: both golden records stand again."))
        return HttpResponseRedirect(reverse("admin:golden_records_mergereceipt_change", args=(receipt_id,)))
