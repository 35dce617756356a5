"""Who holds personal data: a registry of all tables that can hold a value of a person, each of which hands over and erases.

Each app has a module `holders`, which registers its own when Django starts. A model that can hold a value and is neither held by one
of them nor named with a reason why it holds none fails a test.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Model

from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.models import GoldenState, QuarantinedRow, WhenSentAgain
from golden_records.selectors import erased, follow


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """A source record of the subject, and its version: whether it is still as it was."""

    id: int
    version: int
    source_id: int
    source: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom it is about: a golden record, all canonical ids that lead to it (`golden_ids`, itself among them), and all their records.

    `former_ids` are golden records that one of these records was in once, and that go on without it.
    """

    entity: EntityType
    golden_id: UUID
    golden_ids: tuple[UUID, ...]
    former_ids: tuple[UUID, ...]
    records: tuple[KnownRecord, ...]

    @property
    def record_ids(self) -> list[int]:
        """The ids of the records, in order."""
        return [record.id for record in self.records]

    @property
    def names(self) -> list[tuple[int, str]]:
        """The records as their sources know them."""
        return [(record.source_id, record.external_id) for record in self.records]


@dataclass(frozen=True, slots=True)
class Erasing:
    """Who erases and why, what is to become of a record that is sent again, and under which number this is kept."""

    change: Change
    when_sent_again: WhenSentAgain
    erasure_id: int


Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Holder:
    """What some tables hold of a subject (`hand_over`), and how it is removed from them (`erase`, which says from how many rows).

    `erase` works in the caller's transaction, which holds the locks of the subject's golden records and source records.
    """

    name: str
    models: tuple[type[Model], ...]
    hand_over: Callable[[Subject], Rows]
    erase: Callable[[Subject, Erasing], int]


_HOLDERS: Final[dict[str, Holder]] = {}
_HOLDING_NONE: Final[dict[type[Model], str]] = {}


def register(*holders: Holder, without: Mapping[type[Model], str] | None = None) -> None:
    """Enter holders, and tables that hold nothing of a person, each with the reason why."""
    _HOLDERS.update({holder.name: holder for holder in holders})
    _HOLDING_NONE.update(without or {})


def holders() -> tuple[Holder, ...]:
    """Give all holders, those of packages that others stand on first."""
    return tuple(_HOLDERS.values())


def holding_none() -> Mapping[type[Model], str]:
    """Give the tables that hold nothing of a person, and why."""
    return _HOLDING_NONE


def subject_of(entity: EntityType, canonical_id: UUID) -> Subject:
    """Find whom a canonical id is about now; of a retired one, whom its successor is about.

    Raises `UnknownGoldenRecord`, and `Erased`.
    """
    found = follow(entity, canonical_id)
    if found.state == GoldenState.ERASED:
        raise erased(entity, canonical_id)
    golden_ids = _leading_to(entity, found.pk)
    columns = ("id", "version", "source_id", "source__code", "external_id")
    rows = entity.records.filter(golden_id__in=golden_ids).order_by("id").values_list(*columns)
    records = tuple(KnownRecord(*row) for row in rows)
    return Subject(entity, found.pk, tuple(sorted(golden_ids)), _former_homes(entity, records, golden_ids), records)


def lock_beside(subject: Subject) -> None:
    """Lock the rows in quarantine that are of these records: who replays one holds it before the record."""
    rows = QuarantinedRow.objects.select_for_update().filter(external_id__any=[external_id for _, external_id in subject.names])
    list(rows.order_by("pk").values_list("pk", flat=True))


def hand_over(subject: Subject) -> dict[str, Rows]:
    """Give all that is held of a subject, by holder: what somebody who asks for access gets."""
    return {holder.name: holder.hand_over(subject) for holder in holders()}


def held_by(subject: Subject) -> dict[str, int]:
    """Count what each holder holds of a subject: what an erasure would empty or remove."""
    return {holder.name: len(holder.hand_over(subject)) for holder in holders()}


def _leading_to(entity: EntityType, golden_id: UUID) -> set[UUID]:
    found, last = {golden_id}, {golden_id}
    while last:
        last = set(entity.goldens.filter(successor_id__in=last, state=GoldenState.RETIRED).values_list("pk", flat=True)) - found
        found |= last
    return found


def _former_homes(entity: EntityType, records: Iterable[KnownRecord], golden_ids: set[UUID]) -> tuple[UUID, ...]:
    history: Any = entity.record
    entries = history.history.filter(id__in=[record.id for record in records], golden_id__isnull=False)
    return tuple(sorted(set(entries.order_by().values_list("golden_id", flat=True).distinct()) - golden_ids))
