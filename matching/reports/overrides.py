"""The report of overrides in force: what stewards say stands, since when, by whom, why and for how long."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from golden_records.models import Override, OverrideState
from matching.reports.asking import Asking, Column, Kind, Parameter, Report, Row
from matching.reports.changes import told
from matching.reports.periods import ENTITY, PERIOD, counted, in_period, streamed


def _overrides(asking: Asking) -> QuerySet[Any]:
    found = in_period(Override.objects.filter(state=OverrideState.IN_FORCE), asking, "created_at")
    if asking.get("entity") is not None:
        found = found.filter(entity=asking.get("entity"))
    if asking.get("actor") is not None:
        found = found.filter(owner=asking.get("actor"))
    return found.order_by("created_at", "pk")


def _rows(asking: Asking) -> Iterator[Row]:
    now = timezone.now()
    for each in streamed(_overrides(asking)):
        yield (
            each.created_at,
            (now - each.created_at).days,
            each.entity,
            each.golden_id,
            each.unit,
            told(each.values) or (_("no value") if each.values is not None else ""),
            each.record_id,
            each.owner,
            each.reason,
            each.get_life_display(),
            each.until,
            each.pk,
        )


OVERRIDES: Final = Report(
    name="overrides",
    title=_("Overrides in force"),
    about=_("What stewards say stands, whatever the sources say; of a period, those that were made in it."),
    parameters=(*PERIOD, ENTITY, Parameter("actor", _("Owner"))),
    columns=(
        Column("made_at", _("Made"), Kind.MOMENT),
        Column("days", _("Days in force"), Kind.INTEGER),
        Column("entity", _("Entity type")),
        Column("canonical_id", _("Canonical id"), Kind.CANONICAL_ID),
        Column("attribute", _("Attribute")),
        Column("values", _("Values"), personal=True),
        Column("source_record", _("Source record"), Kind.INTEGER, printed=False),
        Column("owner", _("Owner")),
        Column("reason", _("Reason"), personal=True),
        Column("life", _("Life")),
        Column("until", _("Last day"), Kind.DATE),
        Column("override", _("Override"), printed=False),
    ),
    permissions=("golden_records.view_override",),
    rows=_rows,
    count=lambda asking, most: counted(_overrides(asking), most),
)
