"""What a row of a file may be: a record of an entity type, or a project's figures. A table; imports know no kinds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from golden_records.change import Change
from golden_records.entities import ENTITIES, EntityType
from golden_records.errors import RejectedRecord, UnknownEntity
from golden_records.facts import store_facts, understand_fact
from golden_records.source_systems import PROJECT_FACT
from golden_records.sources import SentRow, understand_row
from golden_records.storing import StoreOutcome, UnderstoodRecord, store

Outcome = StoreOutcome | RejectedRecord


@dataclass(frozen=True, slots=True)
class RowKind:
    """How rows of one kind are understood (raises `RejectedRecord`) and stored (in the caller's transaction).

    What `understand` gives is what `store` takes; `store` answers in the same order.
    """

    understand: Callable[[SentRow], Any]
    store: Callable[[Sequence[Any], Change], list[Outcome]]


def row_kind(name: str) -> RowKind:
    """Find a kind of rows by the name of its entity type, or "project_fact"; raises `UnknownEntity`."""
    try:
        return ROW_KINDS[name]
    except KeyError:
        message = f"There is nothing to import that is called '{name}'."
        raise UnknownEntity(message, remedy=f"Use one of: {', '.join(ROW_KINDS)}.", entity=name) from None


def _store_records(entity: EntityType, records: Sequence[UnderstoodRecord], change: Change) -> list[Outcome]:
    return [stored.outcome for stored in store(entity, records, change=change)]


def _store_facts(facts: Sequence[Any], change: Change) -> list[Outcome]:
    return store_facts(facts, change=change)


def _records_of(entity: EntityType) -> RowKind:
    return RowKind(understand=partial(understand_row, entity), store=partial(_store_records, entity))


ROW_KINDS: Final[Mapping[str, RowKind]] = MappingProxyType(
    {name: _records_of(entity) for name, entity in ENTITIES.items()}
    | {PROJECT_FACT: RowKind(understand=understand_fact, store=_store_facts)}
)
