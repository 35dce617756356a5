"""Storing source records: an idempotent upsert of what sources sent, one record or ten thousand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from django.db import connection

from golden_records import bulk, confirming
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import Busy
from golden_records.history import ChangeKind, history_of
from golden_records.models import Given, MatchState, RecordState, SourceRecord, SourceSystem
from golden_records.recency import is_overtaken
from golden_records.remembered import Remembered
from golden_records.standardising.problems import Value
from golden_records.tombstones import suppressing

_ROUNDS: Final = 3
_CONTENT: Final = (
    "payload",
    "problems",
    "sent_empty",
    "fingerprint",
    "source_updated_at",
    "updated_at",
    "version",
    "state",
    "match_state",
)


@dataclass(frozen=True, slots=True)
class UnderstoodRecord:
    """A source record after mapping and standardising: what it means, and what was sent.

    `held_since` is set for a record that waited in quarantine: it never replaces what came since then, even where the
    source gives no time of its own.
    """

    source: SourceSystem
    external_id: str
    values: Mapping[str, Value]
    problems: Sequence[Mapping[str, str]]
    payload: Mapping[str, Any]
    fingerprint: str
    source_updated_at: datetime | None
    held_since: datetime | None = None
    sent_empty: Sequence[str] = ()


class StoreOutcome(StrEnum):
    """What storing a record did. STALE: something newer was there already, and stays. SUPPRESSED: it was erased, and is not kept."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Stored:
    """The record as it is now, and what was done with what was sent."""

    record: SourceRecord
    outcome: StoreOutcome


Key = tuple[int, str]


def store(entity: EntityType, records: Sequence[UnderstoodRecord], *, change: Change) -> list[Stored]:
    """Write what sources sent, each as if the ones before it had been written; the answers are in the same order.

    The same content again is no work at all. A record that is new or changed waits to be matched (PENDING), as does one
    that was withdrawn and is there again. What is older than what is held (`recency`) is not written. Existing rows are
    locked in the order of their ids, so the caller takes no lock on golden records afterwards; of two who insert the same
    record at once, the second finds that of the first. The caller owns the transaction. At most five statements, however
    many records.
    """
    outcomes: dict[int, Stored] = {}
    waiting = list(enumerate(records))
    for _ in range(_ROUNDS):
        batch = _Batch(entity, [record for _, record in waiting], change)
        for (position, _), stored in zip(waiting, batch.apply(), strict=True):
            if stored is not None:
                outcomes[position] = stored
        waiting = [(position, record) for position, record in waiting if position not in outcomes]
        if not waiting:
            return [outcomes[position] for position in range(len(records))]
    message = f"{len(waiting)} records are being written by somebody else."
    raise Busy(message, remedy="Send them again.", entity=entity.name)


def store_new(entity: EntityType, sent: UnderstoodRecord, *, change: Change) -> Stored:
    """Do as `store` for one record, but write it only where it is new: nobody can wait for a row that nobody has seen.

    One that is there already comes back as it is to be (UPDATED), and neither its row nor its history has that yet: `store_known`
    writes it, once the locks that come before those of source records are had. What is new is in no history yet either. The caller
    is the only one to do this to the record.
    """
    for _ in range(_ROUNDS):
        stored = _Batch(entity, [sent], change, locked=False).insert_new()[0]
        if stored is not None:
            return stored
    message = "The record is being written by somebody else."
    raise Busy(message, remedy="Send it again.", entity=entity.name)


def store_known(entity: EntityType, record: SourceRecord) -> bool:
    """Write what `store_new` found that a record is to be; says whether it was still as it was read: an import may have been faster."""
    return bulk.update_next(entity.record, vars(record), columns=(*_CONTENT, *entity.attribute_names))


class _Batch:
    """One round of storing: read what is there, decide in memory, write."""

    def __init__(self, entity: EntityType, records: Sequence[UnderstoodRecord], change: Change, *, locked: bool = True) -> None:
        self._entity = entity
        self._model = entity.record
        self._names = entity.attribute_names
        self._records = records
        self._change = change
        self._keep_history = locked
        self._held = self._read(locked=locked)
        self._created: dict[Key, SourceRecord] = {}
        self._updated: dict[Key, SourceRecord] = {}

    def apply(self) -> list[Stored | None]:
        """Write; None stands for a record that somebody else inserted since it was looked for."""
        stored = self.insert_new()
        self._update()
        return stored

    def insert_new(self) -> list[Stored | None]:
        """Write what is new; None as in `apply`."""
        stored = [self._take(record) for record in self._records]
        lost = self._insert()
        again = [done.record.pk for done in stored if done.outcome is StoreOutcome.UNCHANGED and done.record.state == RecordState.ACTIVE]
        confirming.note(self._entity, again, at=self._change.at)
        return [None if _key(record) in lost else done for record, done in zip(self._records, stored, strict=True)]

    def _read(self, *, locked: bool) -> dict[Key, SourceRecord]:
        sources = {record.source.pk: record.source for record in self._records}
        named = [record.external_id for record in self._records]
        # In the same statement: nothing of a record that was erased is kept, and who waited for its row finds its tombstone.
        self._tombstones = {text: _key(record) for record in self._records for text in _suppressing(self._entity, record)}
        rows = _held_rows(self._model, locked=locked).rows(source_ids=sources, external_ids=[*named, *self._tombstones])
        names = [field.attname for field in self._model._meta.concrete_fields]
        found = [self._model.from_db(connection.alias, names, row) for row in rows]
        for record in found:
            record.source = sources[record.source_id]
        return {self._tombstones.get(record.external_id, (record.source_id, record.external_id)): record for record in found}

    def _take(self, sent: UnderstoodRecord) -> Stored:
        held = self._held.get(_key(sent))
        if held is None:
            created = self._new(sent)
            self._held[_key(sent)] = self._created[_key(sent)] = created
            return Stored(created, StoreOutcome.CREATED)
        outcome = _compare(held, sent)
        if outcome is StoreOutcome.UPDATED:
            self._replace(held, sent)
        return Stored(held, outcome)

    def _new(self, sent: UnderstoodRecord) -> SourceRecord:
        values: dict[str, Any] = {
            **_defaults(self._model),
            **sent.values,
            "source_id": sent.source.pk,
            "external_id": sent.external_id,
            "payload": sent.payload,
            "problems": list(sent.problems),
            "sent_empty": list(sent.sent_empty) or None,
            "fingerprint": sent.fingerprint,
            "source_updated_at": sent.source_updated_at,
            "received_at": self._change.at,
            "updated_at": self._change.at,
            "link": {},
        }
        # As one that was read: to find out what is left out costs Django more than all the rest of storing a record.
        record = self._model.from_db(connection.alias, list(values), list(values.values()))
        _source_field(self._model).set_cached_value(record, sent.source)
        return record

    def _replace(self, held: SourceRecord, sent: UnderstoodRecord) -> None:
        for name in self._names:
            setattr(held, name, sent.values.get(name))
        held.payload, held.problems, held.fingerprint = dict(sent.payload), list(sent.problems), sent.fingerprint
        held.sent_empty = list(sent.sent_empty) or None
        # A source that gives no time this once does not open the door to what is older than the last time it gave.
        held.source_updated_at = sent.source_updated_at or held.source_updated_at
        held.updated_at, held.state, held.match_state = self._change.at, RecordState.ACTIVE, MatchState.PENDING
        if _key(sent) not in self._created and _key(sent) not in self._updated:
            held.version += 1
            self._updated[_key(sent)] = held

    def _insert(self) -> set[Key]:
        # In one order whatever was sent: of two who insert the same records at once, neither waits for the other in a circle.
        rows = [vars(record) for _, record in sorted(self._created.items())]
        kept = self._history(ChangeKind.CREATED)
        written = bulk.insert(self._model, rows, returning=("id", "source_id", "external_id"), or_ignore=True, copy_to=kept)
        for record_id, source_id, external_id in written:
            self._created[source_id, external_id].pk = record_id
        return {key for key, record in self._created.items() if record.pk is None}

    def _update(self) -> None:
        rows = [vars(record) for record in self._updated.values()]
        bulk.update(self._model, rows, columns=(*_CONTENT, *self._names), copy_to=self._history(ChangeKind.CHANGED))

    def _history(self, kind: ChangeKind) -> bulk.Copy | None:
        return history_of(self._model, change=self._change, kind=kind) if self._keep_history else None


@cache
def _held_rows(model: type[SourceRecord], *, locked: bool) -> Remembered:
    """Ask for the records of some sources by the sources' own ids; where they are to be `locked`, that is in the order of their ids."""
    rows = model._default_manager.select_for_update() if locked else model._default_manager.all()
    names = [field.attname for field in model._meta.concrete_fields]
    wanted = {"source_id__any": Given("source_ids"), "external_id__any": Given("external_ids")}
    return Remembered(lambda: rows.filter(**wanted).order_by("id").values_list(*names))


def _suppressing(entity: EntityType, record: UnderstoodRecord) -> tuple[str, ...]:
    return suppressing(entity, (record.source.code, record.external_id))


@cache
def _defaults(model: type[SourceRecord]) -> Mapping[str, Any]:
    """Give the columns of a model in their order, with what a new record has in them; none that can be changed is left so."""
    return {field.attname: field.get_default() for field in model._meta.concrete_fields}


@cache
def _source_field(model: type[SourceRecord]) -> Any:
    return model._meta.get_field("source")


def _key(record: UnderstoodRecord) -> Key:
    return (record.source.pk, record.external_id)


def _compare(held: SourceRecord, sent: UnderstoodRecord) -> StoreOutcome:
    if held.state == RecordState.ERASED:
        return StoreOutcome.SUPPRESSED
    if held.fingerprint == sent.fingerprint and held.state == RecordState.ACTIVE:
        return StoreOutcome.UNCHANGED
    overtaken = is_overtaken(held, sent_at=sent.source_updated_at, waited_since=sent.held_since)
    return StoreOutcome.STALE if overtaken else StoreOutcome.UPDATED
