"""The report of changes: what happened to golden records in a period, by source, person, entity type and kind."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from golden_records.models import ChangeEvent, EventType
from matching.reports.asking import Asking, Column, Kind, Label, Parameter, Report, Row
from matching.reports.periods import ACTOR, ENTITY, GOLDEN, PERIOD, SOURCE, counted, in_period_of_log, streamed, words

# Exactly these are asked for by name; all else is a choice of values.
_EXACT: Final = {"entity": "entity", "type": "type", "actor": "actor", "canonical_id": "golden_id"}


def _types() -> Mapping[str, Label]:
    return dict(EventType.choices)


def _events(asking: Asking) -> QuerySet[ChangeEvent]:
    events = in_period_of_log(ChangeEvent.objects.all(), asking)
    events = events.filter(**{column: asking.get(name) for name, column in _EXACT.items() if asking.get(name) is not None})
    if (source := asking.get("source")) is not None:
        events = events.filter(Q(source=source) | Q(caused_by=source))
    return events.order_by("id")


def told(values: Mapping[str, Any] | None) -> str:
    """Write values by attribute, as a person reads them in one cell."""
    return "; ".join(f"{name}: {value}" for name, value in (values or {}).items() if value is not None)


def _rows(asking: Asking) -> Iterator[Row]:
    kinds = words(EventType.choices)
    for event in streamed(_events(asking).select_related("seal")):
        seal = getattr(event, "seal", None)
        yield (
            event.at,
            seal.seq if seal else None,
            event.entity,
            kinds[event.type],
            event.golden_id,
            event.golden_version,
            ", ".join(event.attributes or ()),
            told(event.values_before),
            told(event.values_after),
            event.source or event.caused_by,
            event.external_id,
            ", ".join(event.successor_ids or ()),
            event.actor,
            event.reason,
            event.config,
            event.correlation_id,
        )


CHANGES: Final = Report(
    name="changes",
    title=_("Changes"),
    about=_("What happened to golden records in a period: by source, person, entity type and kind of event."),
    parameters=(
        *PERIOD,
        ENTITY,
        SOURCE,
        ACTOR,
        Parameter("type", _("Event"), Kind.CHOICE, choices=_types),
        GOLDEN,
    ),
    columns=(
        Column("at", _("At"), Kind.MOMENT),
        Column("place", _("Place"), Kind.INTEGER, printed=False),
        Column("entity", _("Entity type")),
        Column("event", _("Event")),
        Column("canonical_id", _("Canonical id"), Kind.CANONICAL_ID),
        Column("version", _("Version"), Kind.INTEGER),
        Column("attributes", _("Attributes")),
        Column("before", _("Before"), personal=True),
        Column("after", _("After"), personal=True),
        Column("source", _("Source")),
        Column("external_id", _("External id"), personal=True),
        Column("successors", _("Successors"), printed=False),
        Column("actor", _("Person or program")),
        Column("reason", _("Reason"), personal=True),
        Column("config", _("Match config"), printed=False),
        Column("correlation_id", _("Correlation id"), printed=False),
    ),
    permissions=("golden_records.view_changeevent",),
    rows=_rows,
    count=lambda asking, most: counted(_events(asking), most),
)
