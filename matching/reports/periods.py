"""What reports have in common: the parameters of a period, and finding a period in tables that only grow."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from golden_records.entities import ENTITIES
from golden_records.models import SourceSystem
from matching.reports.asking import AT_ONCE, Asking, Kind, Label, Parameter

# A row is written when its transaction ends, and tells the moment when that began.
_SLACK: Final = timedelta(days=1)


def _entities() -> Mapping[str, Label]:
    return {name: entity.golden._meta.verbose_name or name for name, entity in ENTITIES.items()}


def _sources() -> Mapping[str, Label]:
    return dict(SourceSystem.objects.order_by("code").values_list("code", "name"))


SINCE: Final = Parameter("since", _("First day"), Kind.DATE)
UNTIL: Final = Parameter("until", _("Last day"), Kind.DATE)
PERIOD: Final = (SINCE, UNTIL)
ENTITY: Final = Parameter("entity", _("Entity type"), Kind.CHOICE, choices=_entities)
SOURCE: Final = Parameter("source", _("Source"), Kind.CHOICE, choices=_sources)
ACTOR: Final = Parameter("actor", _("Person or program"))
GOLDEN: Final = Parameter("canonical_id", _("Canonical id"), Kind.CANONICAL_ID)


def in_period(rows: QuerySet[Any], asking: Asking, moment: str) -> QuerySet[Any]:
    """Keep the rows whose moment is in the period that is asked for."""
    if asking.since is not None:
        rows = rows.filter(**{f"{moment}__gte": asking.since})
    if asking.until is not None:
        rows = rows.filter(**{f"{moment}__lt": asking.until})
    return rows


def in_period_of_log(rows: QuerySet[Any], asking: Asking, moment: str = "at") -> QuerySet[Any]:
    """Do as `in_period` in a table that only grows, whose ids follow its moments: both ends are found by halving, without an index."""
    if asking.since is not None:
        rows = rows.filter(pk__gte=_first(rows.model, asking.since - _SLACK, moment))
    if asking.until is not None:
        rows = rows.filter(pk__lt=_first(rows.model, asking.until + _SLACK, moment))
    return in_period(rows, asking, moment)


def counted(rows: QuerySet[Any], most: int) -> int:
    """Count rows up to a bound."""
    return rows.order_by()[:most].count()


def words(choices: Iterable[tuple[Any, Any]]) -> dict[Any, str]:
    """Give the words of choices, once for all rows: to ask each row for its own takes longer than all the rest."""
    return {value: str(label) for value, label in choices}


def streamed(rows: QuerySet[Any]) -> Iterator[Any]:
    """Go through rows by a cursor of the database's own, some at a time."""
    return rows.iterator(chunk_size=AT_ONCE)


def _first(model: Any, moment: Any, name: str) -> int:
    """Give the id of the first row that is not before a moment, or the one after the last."""
    low, high = 1, (model._default_manager.aggregate(last=Max("pk"))["last"] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        found = model._default_manager.filter(pk__gte=middle, pk__lt=high).order_by("pk").values_list("pk", name).first()
        if found is None or found[1] >= moment:
            high = middle
        else:
            low = found[0] + 1
    return low
