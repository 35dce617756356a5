"""Project facts: the monthly figures of a project, as one source reports them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, cast

from django.db.models import DecimalField

from golden_records import bulk
from golden_records.change import Change
from golden_records.errors import RejectedRecord
from golden_records.history import ChangeKind, write_history_of
from golden_records.models import ProjectFact, ProjectRecord, RecordState, SourceSystem
from golden_records.payloads import fingerprint
from golden_records.source_systems import FACT_ATTRIBUTES
from golden_records.sources import SentRow, rejected, standardise_row
from golden_records.standardising.problems import Problem, Severity, Value, shown
from golden_records.storing import StoreOutcome

_NAMES: Final = tuple(spec.name for spec in FACT_ATTRIBUTES)

Key = tuple[int, date]


@dataclass(frozen=True, slots=True)
class UnderstoodFact:
    """A fact after standardising. `held_since` as `UnderstoodRecord` has it."""

    source: SourceSystem
    project: str
    period: date
    values: Mapping[str, Value]
    fingerprint: str
    held_since: datetime | None = None


def understand_fact(sent: SentRow) -> UnderstoodFact:
    """Say what the figures of a month mean; the row's external id is that of the project, any day stands for its month.

    Raises `RejectedRecord` with all their problems where they can't be taken.
    """
    mapped = sent.mapped
    standardised = standardise_row(FACT_ATTRIBUTES, sent)
    too_large = _too_many_digits(standardised.values)
    if too_large:
        raise rejected(mapped.external_id, too_large)
    period = cast("date", standardised.values["period"]).replace(day=1)
    return UnderstoodFact(
        source=sent.source,
        project=mapped.external_id,
        period=period,
        values={**standardised.values, "period": period},
        fingerprint=fingerprint(payload=sent.payload, meaning=mapped.attributes, source_updated_at=None),
        held_since=sent.held_since,
    )


def store_facts(facts: Sequence[UnderstoodFact], *, change: Change) -> list[StoreOutcome | RejectedRecord]:
    """Write the figures, each as if the ones before it had been written; the answers are in the same order.

    The same figures again are no work. Figures of a project that the source has not sent are rejected. The caller owns
    the transaction. At most six statements, however many facts.
    """
    projects = _projects(facts)
    held = _held(projects, facts)
    batch = _Batch(held, change)
    outcomes: list[StoreOutcome | RejectedRecord] = []
    for fact in facts:
        record_id = projects.get((fact.source.pk, fact.project))
        outcomes.append(_unknown(fact) if record_id is None else batch.take(record_id, fact))
    batch.write()
    return outcomes


class _Batch:
    """The facts that are to be written: what is new and what replaces other figures."""

    def __init__(self, held: dict[Key, dict[str, Any]], change: Change) -> None:
        self._held = held
        self._change = change
        self._new: dict[Key, dict[str, Any]] = {}
        self._changed: dict[Key, dict[str, Any]] = {}

    def take(self, record_id: int, fact: UnderstoodFact) -> StoreOutcome:
        key = (record_id, fact.period)
        held = self._new.get(key) or self._changed.get(key) or self._held.get(key)
        if held is not None and held["fingerprint"] == fact.fingerprint:
            return StoreOutcome.UNCHANGED
        if held is not None and fact.held_since is not None and fact.held_since < held["updated_at"]:
            return StoreOutcome.STALE
        figures = {name: fact.values.get(name) for name in _NAMES}
        row = {**figures, "record_id": record_id, "fingerprint": fact.fingerprint, "updated_at": self._change.at}
        if held is None or key in self._new:
            self._new[key] = row
        else:
            self._changed[key] = row | {"id": held["id"]}
        return StoreOutcome.CREATED if held is None else StoreOutcome.UPDATED

    def write(self) -> None:
        created = bulk.insert(ProjectFact, list(self._new.values()), returning=("id",))
        write_history_of(ProjectFact, [fact_id for (fact_id,) in created], change=self._change, kind=ChangeKind.CREATED)
        changed = list(self._changed.values())
        bulk.update(ProjectFact, changed, columns=(*_NAMES, "fingerprint", "updated_at"))
        write_history_of(ProjectFact, [row["id"] for row in changed], change=self._change, kind=ChangeKind.CHANGED)


def _projects(facts: Sequence[UnderstoodFact]) -> dict[tuple[int, str], int]:
    """Find and lock the records of the projects: of two imports of one project's figures, the second waits."""
    rows = ProjectRecord.objects.select_for_update().filter(
        source_id__in={fact.source.pk for fact in facts},
        external_id__in={fact.project for fact in facts},
        state=RecordState.ACTIVE,
    )
    found = rows.order_by("id").values_list("source_id", "external_id", "id")
    return {(source_id, external_id): record_id for source_id, external_id, record_id in found}


def _held(projects: Mapping[tuple[int, str], int], facts: Sequence[UnderstoodFact]) -> dict[Key, dict[str, Any]]:
    rows = ProjectFact.objects.filter(record_id__in=projects.values(), period__in={fact.period for fact in facts})
    return {(row["record_id"], row["period"]): dict(row) for row in rows.values("id", "record_id", "period", "fingerprint", "updated_at")}


def _unknown(fact: UnderstoodFact) -> RejectedRecord:
    reason = f"{fact.source.name} has sent no project with this id."
    remedy = "Import projects first, then replay."
    return rejected(fact.project, [Problem("project", shown(fact.project), reason, remedy, Severity.ERROR)])


def _too_many_digits(values: Mapping[str, Value]) -> list[Problem]:
    return [
        Problem(name, shown(value), "The number is too large.", f"Send a number below 10^{_whole_digits(name)}.", Severity.ERROR)
        for name, value in values.items()
        if isinstance(value, Decimal) and abs(value) >= Decimal(10) ** _whole_digits(name)
    ]


def _whole_digits(name: str) -> int:
    field = ProjectFact._meta.get_field(name)
    if not isinstance(field, DecimalField):
        message = f"'{name}' is no number."
        raise TypeError(message)
    return field.max_digits - field.decimal_places
