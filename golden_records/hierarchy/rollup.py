"""What a group of golden customers comes to: how many there are, their projects, and those projects' figures, by currency."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef

from golden_records import selectors
from golden_records.entities import EntityType, entity_type
from golden_records.hierarchy.links import any_of, below
from golden_records.models import GoldenState, ProjectFact, RecordState, SourceSystem

AMOUNTS: Final = ("revenue", "invoiced", "cost", "hours_worked", "hours_billable", "hours_billed")
_CENT: Final = Decimal("0.01")
_AT_ONCE: Final = 1_000
_PROJECT: Final = entity_type("project")
_CUSTOMER_OF: Final = "customer"


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of project facts in one currency (None: of projects that name none); hours are hours, all else is in that currency."""

    currency: str | None
    projects: int
    sums: dict[str, Decimal]

    @property
    def margin(self) -> Decimal:
        """Revenue less cost."""
        return self.sums["revenue"] - self.sums["cost"]

    @property
    def margin_share(self) -> float | None:
        """The margin as a share of revenue; None without revenue."""
        return float(self.margin / self.sums["revenue"]) if self.sums["revenue"] else None


@dataclass(frozen=True, slots=True)
class Group:
    """A golden customer with all below it; `members` counts them, itself among them, and `projects` counts theirs."""

    head_id: UUID
    members: int
    projects: int
    figures: tuple[Figures, ...]


def group_of(entity: EntityType, head_id: UUID, *, since: date | None = None, until: date | None = None) -> Group:
    """Add up a golden customer and all below it, of the months from `since` to `until`, both included. A few statements, however many.

    Of a month that several sources report the most trusted one is believed, as on the page of a project. Amounts of different currencies
    are never added.
    """
    members = below(entity, head_id)
    projects = projects_of(entity, set(members))
    return Group(head_id, len(members), len(projects), tuple(_figures(projects, since, until)))


def projects_of(entity: EntityType, customers: Collection[UUID]) -> list[UUID]:
    """Give the active golden projects whose surviving customer is one of these, in the order of ids."""
    named = entity.records.filter(source=OuterRef("source"), external_id=OuterRef(_CUSTOMER_OF), golden_id__any=list(customers))
    naming = _PROJECT.records.filter(Exists(named), golden__state=GoldenState.ACTIVE)
    ids = sorted(set(naming.order_by().values_list("golden_id", flat=True)))
    found: list[UUID] = []
    for start in range(0, len(ids), _AT_ONCE):
        goldens = _PROJECT.goldens.filter(id__any=ids[start : start + _AT_ONCE]).only("id", "lineage", _CUSTOMER_OF).order_by("id")
        references = selectors.references_of(_PROJECT, goldens)
        found += [project for project, named_by in references.items() if named_by[_CUSTOMER_OF] in customers]
    return found


def _figures(projects: Sequence[UUID], since: date | None, until: date | None) -> list[Figures]:
    quote = connection.ops.quote_name
    models: tuple[Any, ...] = (ProjectFact, _PROJECT.record, SourceSystem, _PROJECT.golden)
    fact, record, source, golden = (quote(model._meta.db_table) for model in models)
    columns = ", ".join(f"f.{quote(name)}" for name in AMOUNTS)
    sums = ", ".join(f"coalesce(sum({quote(name)}), 0)" for name in AMOUNTS)
    is_any, given = any_of(projects)
    months = "".join(f" AND f.period {sign} %s" for sign, day in ((">=", since), ("<=", until)) if day is not None)
    # Of what several sources say of a month, all that the most trusted one says is kept.
    believed = "dense_rank() OVER (PARTITION BY r.golden_id, f.period ORDER BY s.trust DESC, s.id)"
    sql = (
        f"SELECT currency, count(DISTINCT project), {sums} FROM (SELECT g.currency AS currency, g.id AS project, {columns}, "  # noqa: S608 - names of our own tables
        f"{believed} AS place FROM {fact} f JOIN {record} r ON r.id = f.record_id JOIN {source} s ON s.id = r.source_id "
        f"JOIN {golden} g ON g.id = r.golden_id WHERE r.state = %s AND r.golden_id {is_any}{months}) believed "
        "WHERE place = 1 GROUP BY currency ORDER BY currency"
    )
    days = [day.isoformat() for day in (since, until) if day is not None]
    with connection.cursor() as cursor:
        cursor.execute(sql, [RecordState.ACTIVE.value, given, *days])
        return [
            Figures(currency, count, {name: _amount(value) for name, value in zip(AMOUNTS, rest, strict=True)})
            for currency, count, *rest in cursor.fetchall()
        ]


def _amount(value: Any) -> Decimal:
    """Read a sum; SQLite adds up in floating point."""
    return Decimal(str(value)).quantize(_CENT)
