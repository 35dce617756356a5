"""The report of merges: who merged what, when and why, and which were taken back."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from golden_records.models import MergeReceipt
from matching.reports.asking import Asking, Column, Kind, Label, Parameter, Report, Row
from matching.reports.periods import ENTITY, PERIOD, counted, in_period, streamed

_STATES: Final = {"standing": _("standing"), "undone": _("taken back")}


def _states() -> Mapping[str, Label]:
    return _STATES


def _merges(asking: Asking) -> QuerySet[Any]:
    merges = in_period(MergeReceipt.objects.all(), asking, "merged_at")
    if asking.get("entity") is not None:
        merges = merges.filter(entity=asking.get("entity"))
    if asking.get("state") is not None:
        merges = merges.filter(undone_at__isnull=asking.get("state") == "standing")
    if asking.get("actor") is not None:
        merges = merges.filter(merged_by=asking.get("actor"))
    return merges.order_by("id")


def _rows(asking: Asking) -> Iterator[Row]:
    entries = MergeReceipt.history.model.objects.filter(id=OuterRef("pk"), undone_at__isnull=False)
    # Who took it back is in the first entry of its history that says that it is undone.
    merges = _merges(asking).annotate(undone_by=Subquery(entries.order_by("history_id").values("actor")[:1]))
    for merge in streamed(merges):
        yield (
            merge.merged_at,
            merge.pk,
            merge.entity,
            merge.survivor_id,
            merge.absorbed_id,
            len(merge.moved_record_ids),
            merge.merged_by,
            merge.reason,
            _STATES["standing" if merge.undone_at is None else "undone"],
            merge.undone_at,
            merge.undone_by,
        )


MERGES: Final = Report(
    name="merges",
    title=_("Merges"),
    about=_("Golden records that people merged in a period, and the merges that were taken back."),
    parameters=(
        *PERIOD,
        ENTITY,
        Parameter("actor", _("Person or program")),
        Parameter("state", _("State"), Kind.CHOICE, choices=_states),
    ),
    columns=(
        Column("merged_at", _("Merged"), Kind.MOMENT),
        Column("merge", _("Merge"), Kind.INTEGER, printed=False),
        Column("entity", _("Entity type")),
        Column("survivor", _("Survivor"), Kind.CANONICAL_ID),
        Column("absorbed", _("Absorbed"), Kind.CANONICAL_ID),
        Column("source_records", _("Source records moved"), Kind.INTEGER, total=True),
        Column("merged_by", _("Merged by")),
        Column("reason", _("Reason"), personal=True),
        Column("state", _("State")),
        Column("undone_at", _("Taken back"), Kind.MOMENT),
        Column("undone_by", _("Taken back by")),
    ),
    permissions=("golden_records.view_mergereceipt",),
    rows=_rows,
    count=lambda asking, most: counted(_merges(asking), most),
)
