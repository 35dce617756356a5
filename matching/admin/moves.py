"""Splits and moves: which source records left which golden record for which, and taking that back."""

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import moving
from golden_records.admin import cells
from golden_records.admin.acting import change_by, words_of
from golden_records.admin.base import PageAdmin
from golden_records.admin.filters import EntityFilter
from golden_records.admin.naming import hang_names, pair
from golden_records.admin.timeline import timeline
from golden_records.authors import who
from golden_records.entities import entity_type
from golden_records.errors import MdmError
from golden_records.models import MoveKind, MoveReceipt
from matching import regrouping
from matching.admin.two import overrules, takes_two
from matching.models import Judgement

MAY_UNDO: Final = "golden_records.change_movereceipt"
SHOWN: Final = 200


@admin.register(MoveReceipt)
class MoveReceiptAdmin(PageAdmin):
    """Each split or move with what it said of pairs of records, and its undo."""

    page_template: ClassVar[str] = "matching/admin/move.html"
    list_display = ("went", "kind", "entity_words", "author", "moved_at", "status")
    list_filter = (EntityFilter, "kind", ("undone_at", admin.EmptyFieldListFilter))
    search_fields = ("from_id", "to_id")
    sortable_by = ()

    def name_others(self, rows: QuerySet[Any]) -> None:
        """Name both golden records."""
        hang_names(rows, lambda row: (row.from_id, row.to_id))

    @admin.display(description=_("from where to where"))
    def went(self, row: Any) -> str:
        """The golden record that was left, and the one that records came to."""
        return pair(row.names[0], "→", row.names[1])

    @admin.display(description=_("moved by"))
    def author(self, row: Any) -> str:
        """Who did it."""
        return who(row.moved_by)

    def get_urls(self) -> list[URLPattern]:
        """Add the address that undoes; it takes POST alone."""
        undo = path("<int:receipt_id>/undo/", self.admin_site.admin_view(self.undo_view), name="golden_records_movereceipt_undo")
        return [undo, *super().get_urls()]

    @admin.display(description=_("state"))
    def status(self, receipt: MoveReceipt) -> str:
        """Whether it stands."""
        name, words = ("retired", _("undone")) if receipt.undone_at else ("active", _("stands"))
        return cells.pill(name, words)

    def page_context(self, request: HttpRequest, found: MoveReceipt) -> dict[str, Any]:
        """The two golden records, the records that moved, and the judgements that hold them apart."""
        entity = entity_type(found.entity)
        goldens = entity.golden._default_manager.in_bulk([found.from_id, found.to_id])
        moved = entity.record._default_manager.filter(pk__in=found.moved_record_ids[:SHOWN]).select_related("source")
        said = Judgement.objects.filter(move=found)
        may_undo = request.user.has_perm(MAY_UNDO) and found.undone_at is None
        return {
            **(takes_two(request, entity, {found.from_id, found.to_id, *moving.homes_of(found)}) if may_undo else {}),
            "receipt": found,
            "is_split": found.kind == MoveKind.SPLIT,
            "left": goldens.get(found.from_id),
            "joined": goldens.get(found.to_id),
            "moved": list(moved),
            "said": said.count(),
            "set_aside": len(found.set_aside),
            "entries": timeline(MoveReceipt, found.pk, limit=20),
            "may_undo": may_undo,
        }

    def undo_view(self, request: HttpRequest, receipt_id: int) -> HttpResponse:
        """Take it back and show what came of it."""
        refused = self.refused(request, MAY_UNDO)
        if refused is not None:
            return refused
        reason = request.POST.get("reason", "").strip() or f"undo of split or move {receipt_id}"
        try:
            regrouping.undo_move(receipt_id, change=change_by(request, reason), overrules=overrules(request))
        except regrouping.UnknownReceipt:
            return self.missing(request, str(receipt_id))
        except MdmError as error:
            messages.error(request, words_of(error))
        else:
            messages.success(request, _t("It is undone: the records are back where they were."))
        return HttpResponseRedirect(reverse("admin:golden_records_movereceipt_change", args=(receipt_id,)))
