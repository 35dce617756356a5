"""What a golden record's page shows: values with lineage, source records, relations, merges, history, facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db.models import BooleanField, ExpressionWrapper, Index, Q
from django.utils import formats
from django.utils.text import capfirst

from golden_records import figures, limits
from golden_records.admin.charts import ColumnChart, column_chart
from golden_records.admin.references import targets
from golden_records.attributes import AttributeSpec
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import GoldenRecord, MergeReceipt, Override, OverrideState, ProjectFact, RecordState, SourceRecord
from golden_records.viewing import Masked

SHOWN: Final = 50
"""Rows of one section; what lies beyond is counted, and found through the lists."""


@dataclass(frozen=True, slots=True)
class Losing:
    """A value that did not survive, and the record that holds it."""

    value: object
    record: SourceRecord


@dataclass(frozen=True, slots=True)
class Surviving:
    """One attribute of a golden record: its value, the record it came from, the rule, what lost; `agreeing` hold the same.

    `pin` is the id of the override that it stands by, where there is one, and `unit` what would be overridden.
    """

    spec: AttributeSpec
    value: object
    winner: SourceRecord | None
    rule: str
    rules: str
    losing: tuple[Losing, ...]
    agreeing: int
    refers_to: GoldenRecord | None
    pin: str

    @property
    def is_hidden(self) -> bool:
        """Whether the person sees no more than a mark of it."""
        return isinstance(self.value, Masked)

    @property
    def unit(self) -> str:
        """The group that it stands together with, or itself."""
        return self.spec.group or self.spec.name

    @property
    def label(self) -> str:
        """The attribute's name as a heading."""
        return capfirst(str(self.spec.label))


@dataclass(frozen=True, slots=True)
class Relation:
    """Golden records of another kind that name this one: a customer's projects."""

    title: str
    golden: tuple[GoldenRecord, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """A project's figures by month with their totals."""

    labels: tuple[str, ...]
    months: tuple[tuple[ProjectFact, Decimal], ...]
    totals: dict[str, Decimal]
    margin: Decimal
    margin_share: float | None
    chart: ColumnChart


def members(golden: GoldenRecord) -> list[SourceRecord]:
    """The source records of a golden record, the most trusted source first."""
    records: Any = golden.records  # type: ignore[attr-defined]  # the reverse of SourceRecord.golden
    return list(limits.within(records.select_related("source")).order_by("-source__trust", "external_id", "id")[: SHOWN * 4])


def surviving(entity: EntityType, golden: GoldenRecord, records: Sequence[SourceRecord]) -> list[Surviving]:
    """Each attribute that the golden record or one of its records has a value for."""
    named = targets(entity, [golden])
    rows = (_surviving(spec, golden, records, named.get((golden.pk, spec.name))) for spec in entity.attributes)
    return [row for row in rows if row is not None]


def _surviving(spec: AttributeSpec, golden: GoldenRecord, records: Sequence[SourceRecord], target: GoldenRecord | None) -> Surviving | None:
    value = getattr(golden, spec.name)
    lineage: dict[str, Any] = golden.lineage.get(spec.name, {})
    held = [(record, getattr(record, spec.name)) for record in records if record.state == RecordState.ACTIVE]
    losing = tuple(Losing(other, record) for record, other in held if other not in (None, "") and other != value)
    if value in (None, "") and not losing and not lineage:
        return None
    return Surviving(
        spec=spec,
        value=dict(golden._meta.get_field(spec.name).flatchoices).get(value, value) if spec.choices else value,  # type: ignore[union-attr]  # an attribute is a column
        winner=next((record for record in records if record.pk == lineage.get("record")), None),
        rule=str(lineage.get("rule", "")),
        rules=str(lineage.get("rules", "")),
        losing=losing,
        agreeing=sum(1 for _, other in held if other == value),
        refers_to=target,
        pin=str(lineage.get("pin", "")),
    )


def relations(entity: EntityType, records: Sequence[SourceRecord]) -> list[Relation]:
    """The golden records whose records refer to one of these records; one query per attribute that has an index for it."""
    if not records:
        return []
    found = (
        _relation(other, spec, records)
        for other in ENTITIES.values()
        for spec in other.attributes
        # Those of its own kind are its family, which has a place of its own.
        if spec.refers_to == entity.name and other != entity and _is_indexed(other, spec)
    )
    return [relation for relation in found if relation.golden]


def _is_indexed(other: EntityType, spec: AttributeSpec) -> bool:
    """Whether the records that refer by this attribute can be found without reading their whole table."""
    return any(_columns_of(index)[:2] == ["source", spec.name] for index in other.record._meta.indexes)


def _columns_of(index: Index) -> list[str]:
    # Django keeps an index that is declared by names as fields, and one declared by expressions as F objects.
    return [*index.fields, *(str(getattr(part, "name", "")) for part in index.expressions)]


def _relation(other: EntityType, spec: AttributeSpec, named_by: Sequence[SourceRecord]) -> Relation:
    naming = reduce(or_, (Q(source=record.source, **{spec.name: record.external_id}) for record in named_by))
    records: Any = other.record._default_manager
    rows = limits.within(records.filter(naming, golden__isnull=False)).select_related("golden").order_by("golden_id")[: SHOWN * 4 + 1]
    golden = list({row.golden_id: row.golden for row in rows}.values())
    title = (
        other.golden._meta.verbose_name_plural
        if spec.name == spec.refers_to
        else f"{other.golden._meta.verbose_name_plural} · {spec.label}"
    )
    return Relation(title=capfirst(str(title)), golden=tuple(golden[:SHOWN]), has_more=len(golden) > SHOWN)


def merges(entity: EntityType, golden: GoldenRecord) -> list[MergeReceipt]:
    """The merges in which this golden record survived or was absorbed, newest first."""
    named = Q(survivor_id=golden.pk) | Q(absorbed_id=golden.pk)
    return list(MergeReceipt.objects.filter(named, entity=entity.name).order_by("-id")[:SHOWN])


def overrides(entity: EntityType, golden: GoldenRecord) -> list[Override]:
    """The overrides that were made on this golden record or stand at it: those in force first, then those that lapsed or were ended."""
    carried = [entry["id"] for entry in golden.pins or ()]
    found = Override.objects.filter(Q(golden_id=golden.pk) | Q(pk__in=carried), entity=entity.name)
    in_force = Q(state=OverrideState.IN_FORCE)
    return list(found.annotate(stands=ExpressionWrapper(in_force, BooleanField())).order_by("-stands", "-created_at", "pk")[:SHOWN])


def facts(records: Sequence[SourceRecord]) -> Facts | None:
    """The figures of a project by month, as `golden_records.figures` believes them, or None where there are none."""
    merged = figures.believed(figures.facts_of([record.pk for record in records]))
    if not merged:
        return None
    totals = {name: sum((getattr(fact, name) or Decimal(0) for fact in merged), Decimal(0)) for name in figures.AMOUNTS}
    margin = totals["revenue"] - totals["cost"]
    return Facts(
        labels=tuple(capfirst(str(ProjectFact._meta.get_field(name).verbose_name)) for name in figures.AMOUNTS),  # type: ignore[union-attr]  # these are columns
        months=tuple((fact, _amount(fact, "revenue") - _amount(fact, "cost")) for fact in reversed(merged)),
        totals=totals,
        margin=margin,
        margin_share=float(margin / totals["revenue"]) if totals["revenue"] else None,
        chart=column_chart([_columns(fact) for fact in merged[-24:]]),
    )


def _amount(fact: ProjectFact, name: str) -> Decimal:
    value: Decimal | None = getattr(fact, name)
    return value or Decimal(0)


def _month_of(fact: ProjectFact) -> date:
    month: date = fact.period
    return month


def _columns(fact: ProjectFact) -> tuple[str, str, list[float]]:
    label = formats.date_format(_month_of(fact), "M y")
    revenue, cost = float(_amount(fact, "revenue")), float(_amount(fact, "cost"))
    words = f"{label}: {formats.number_format(revenue, 0, force_grouping=True)} / {formats.number_format(cost, 0, force_grouping=True)}"
    return label, words, [revenue, cost]
