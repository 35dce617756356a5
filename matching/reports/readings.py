"""The report of readings: who was given which personal data of whom, and by which request."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from golden_records.models import AuditAction, AuditEntry
from matching.reports.asking import Asking, Column, Kind, Report, Row
from matching.reports.periods import ACTOR, ENTITY, GOLDEN, PERIOD, counted, in_period_of_log, streamed

_NAMED: Final = 20


def readings(asking: Asking) -> QuerySet[Any]:
    """Ask for the readings of a period, an actor, an entity type and a golden record."""
    found = in_period_of_log(AuditEntry.objects.filter(action=AuditAction.READ), asking)
    if asking.get("entity") is not None:
        found = found.filter(kind=asking.get("entity"))
    if asking.get("actor") is not None:
        found = found.filter(actor=asking.get("actor"))
    if asking.get("canonical_id") is not None:
        found = found.annotate(named=Cast("golden_ids", TextField())).filter(named__contains=str(asking.get("canonical_id")))
    return found.order_by("id")


def _rows(asking: Asking) -> Iterator[Row]:
    for entry in streamed(readings(asking).select_related("seal")):
        seal, named = getattr(entry, "seal", None), entry.golden_ids or []
        yield (
            entry.at,
            seal.seq if seal else None,
            entry.actor,
            entry.kind,
            len(named),
            ", ".join(map(str, named[:_NAMED])) + (" …" if len(named) > _NAMED else ""),
            ", ".join(entry.attributes or ()),
            entry.subject,
            "; ".join(f"{name}: {value}" for name, value in (entry.content or {}).items()),
            entry.reason,
            entry.correlation_id,
        )


READINGS: Final = Report(
    name="readings",
    title=_("Who read what"),
    about=_("Personal data that was given to people and programs: which attributes of which golden records, never the values."),
    parameters=(*PERIOD, ACTOR, ENTITY, GOLDEN),
    columns=(
        Column("at", _("At"), Kind.MOMENT),
        Column("place", _("Place"), Kind.INTEGER, printed=False),
        Column("actor", _("Person or program")),
        Column("kind", _("What was read")),
        Column("count", _("Golden records"), Kind.INTEGER, total=True),
        Column("canonical_ids", _("Canonical ids")),
        Column("attributes", _("Attributes")),
        Column("subject", _("Source record"), personal=True),
        Column("content", _("How much")),
        Column("reason", _("Reason")),
        Column("correlation_id", _("Correlation id"), printed=False),
    ),
    permissions=("golden_records.view_auditentry",),
    rows=_rows,
    count=lambda asking, most: counted(readings(asking), most),
)
