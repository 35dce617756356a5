"""What projects bring in and cost: the believed figures of their months, by project and by the customer that they are for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from golden_records.entities import ENTITIES, EntityType
from golden_records.models import GoldenState, ProjectFact, ProjectRecord, RecordState

AMOUNTS: Final = ("revenue", "invoiced", "cost", "hours_worked", "hours_billable", "hours_billed")

PROJECT: Final = next(entity for entity in ENTITIES.values() if entity.record is ProjectRecord)


@dataclass(frozen=True, slots=True)
class Figures:
    """How many projects, and what they bring in and cost over all their months, in one currency."""

    projects: int = 0
    revenue: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    @property
    def margin(self) -> Decimal:
        """Revenue less cost."""
        return self.revenue - self.cost

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(self.projects + other.projects, self.revenue + other.revenue, self.cost + other.cost)


@dataclass(frozen=True, slots=True)
class Referring:
    """A golden project, and the source record of the customer that it names."""

    golden_id: UUID
    name: str
    record_id: int
    currency: str


def believed(facts: Iterable[ProjectFact]) -> list[ProjectFact]:
    """Give the months of one project, in their order, of facts that come with their records' sources.

    Where several sources report one month, the most trusted one that does is believed; the figures of several records of
    that source are added up, since each is a part of the project.
    """
    months: dict[Any, list[ProjectFact]] = {}
    for fact in facts:
        months.setdefault(fact.period, []).append(fact)
    return [_month(rows) for _, rows in sorted(months.items())]


def facts_of(record_ids: Collection[int]) -> list[ProjectFact]:
    """Read the facts of project records that their sources still have. One statement."""
    rows = ProjectFact.objects.filter(record_id__in=record_ids, record__state=RecordState.ACTIVE)
    return list(rows.select_related("record__source").order_by("period", "id"))


def of_groups(groups: Mapping[Any, Collection[int]]) -> dict[Any, Figures]:
    """Give the figures of each group of project records, as if each were one project. One statement."""
    wanted = {record for records in groups.values() for record in records}
    facts: dict[int, list[ProjectFact]] = {}
    for fact in facts_of(wanted) if wanted else ():
        facts.setdefault(fact.record_id, []).append(fact)
    return {key: total(believed([fact for record in sorted(records) for fact in facts.get(record, ())])) for key, records in groups.items()}


def total(months: Sequence[ProjectFact]) -> Figures:
    """Add the months of one project up."""
    revenue, cost = (sum((getattr(fact, name) or Decimal(0) for fact in months), Decimal(0)) for name in ("revenue", "cost"))
    return Figures(1, revenue, cost)


def of_projects(golden_ids: Collection[UUID]) -> dict[UUID, Figures]:
    """Give the figures of golden projects. Two statements."""
    groups: dict[UUID, list[int]] = {golden_id: [] for golden_id in golden_ids}
    for record, golden_id in PROJECT.records.filter(golden_id__in=golden_ids).values_list("id", "golden_id") if golden_ids else ():
        groups[golden_id].append(record)
    return of_groups(groups)


def referring(entity: EntityType, names: Mapping[tuple[str, str], int]) -> list[Referring]:
    """Find the golden projects that are for one of some customers, by what these are called (source, its own id), with whose id it is.

    Nothing for records that no project can be for. Two statements.
    """
    attribute = next((spec.name for spec in PROJECT.attributes if spec.refers_to == entity.name), None)
    if attribute is None or not names:
        return []
    by_source: dict[str, list[str]] = {}
    for source, external_id in names:
        by_source.setdefault(source, []).append(external_id)
    naming = reduce(or_, (Q(source__code=source, **{f"{attribute}__any": ids}) for source, ids in by_source.items()))
    homes = set(PROJECT.records.filter(naming, golden__isnull=False).values_list("golden_id", flat=True))
    found = []
    for golden in PROJECT.goldens.filter(pk__in=homes, state=GoldenState.ACTIVE).order_by("pk"):
        # The value is the own id of the source whose record won.
        winner = golden.lineage.get(attribute)
        record = names.get((winner["source"], getattr(golden, attribute))) if winner else None
        if record is not None:
            found.append(Referring(golden.pk, str(golden), record, golden.currency or ""))
    return found


def _amount(fact: ProjectFact, name: str) -> Decimal:
    value: Decimal | None = getattr(fact, name)
    return value or Decimal(0)


def _month(rows: Sequence[ProjectFact]) -> ProjectFact:
    most = max(row.record.source.trust for row in rows)
    trusted = [row for row in rows if row.record.source.trust == most]
    source = min(row.record.source_id for row in trusted)
    of_source = [row for row in trusted if row.record.source_id == source]
    summed = {name: sum((_amount(row, name) for row in of_source), Decimal(0)) for name in AMOUNTS}
    return ProjectFact(record=of_source[0].record, period=of_source[0].period, **summed)
