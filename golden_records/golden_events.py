"""What is told of an assignment of source records to golden records: each change of state as one change event.

Of a golden record: that it was made, changed, merged away, brought back, split or retired. Of a source record: that it left a golden
record, and that it came to one. A new version that neither changes a value nor comes with a record is told as an update of nothing (where
its values come from has changed), so that the newest event of a golden record always names its version.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from golden_records.entities import EntityType
from golden_records.members import LinkedMember
from golden_records.models import EventType, GoldenState
from golden_records.outbox import Event
from golden_records.survivorship.members import Member

GoldenRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Placing:
    """A source record that is put into a golden record, it being there already or not. `sent`: because its source sent it."""

    record: LinkedMember
    golden_id: UUID
    sent: bool

    @property
    def came_from(self) -> UUID | None:
        """The golden record that it leaves; None where it was in none, and where it had left it as withdrawn."""
        return self.record.link.golden_id if self.record.link.linked_at else None

    @property
    def is_move(self) -> bool:
        """Whether it was not there before. A withdrawn record is nowhere, wherever it is kept."""
        return self.record.is_active and self.came_from != self.golden_id


class Telling:
    """The change events of one assignment, made while it is planned."""

    def __init__(self, entity: EntityType, placings: Sequence[Placing], *, known: Iterable[UUID] = ()) -> None:
        """`known` are the golden records that there are already."""
        self._entity = entity
        self._moves = [placing for placing in placings if placing.is_move]
        self._with_moves = {golden_id for move in self._moves for golden_id in (move.came_from, move.golden_id)}
        self._parts = self._parts_of(set(known))
        self._senders: dict[UUID, list[Member]] = {}
        for placing in placings:
            if placing.sent:
                self._senders.setdefault(placing.golden_id, []).append(placing.record.member)
        self._after: dict[UUID, GoldenRow] = {}
        self.of_created: list[Event] = []
        self.of_changed: list[Event] = []

    def created(self, row: GoldenRow) -> None:
        """A golden record was made: all its values are told."""
        self._after[row["id"]] = row
        self.of_created.append(self._whole(EventType.CREATED, row))

    def unchanged(self, row: GoldenRow) -> None:
        """A golden record came out as it was; records may have come and gone all the same."""
        self._after[row["id"]] = row
        self._split(row)

    def revised(self, before: GoldenRow, row: GoldenRow) -> None:
        """A golden record stands, and has a new version."""
        self._after[row["id"]] = row
        if before["state"] != GoldenState.ACTIVE:
            self.of_changed.append(self._whole(EventType.UNMERGED, row))
            return
        names = [name for name in self._entity.attribute_names if before[name] != row[name]]
        if names or row["id"] not in self._with_moves:
            values = {"before": [before[name] for name in names], "after": [row[name] for name in names]} if names else {}
            self.of_changed.append(self._event(EventType.UPDATED, row, attributes=names, **values))
        self._split(row)

    def retired(self, row: GoldenRow, *, successors: Sequence[UUID]) -> None:
        """A golden record is left without records; the first of its successors answers for it."""
        self._after[row["id"]] = row
        kind = EventType.MERGED if successors else EventType.RETIRED
        self.of_changed.append(self._event(kind, row, successor_ids=successors))

    def of_links(self) -> list[Event]:
        """Tell of every record that moved: that it left, where it was somewhere, and that it came."""
        events = []
        for move in self._moves:
            if move.came_from is not None:
                events.append(self._of_link(EventType.UNLINKED, move, self._after[move.came_from]))
            events.append(self._of_link(EventType.LINKED, move, self._after[move.golden_id]))
        return events

    def _parts_of(self, known: set[UUID]) -> dict[UUID, list[UUID]]:
        parts: dict[UUID, dict[UUID, None]] = {}
        for move in self._moves:
            if move.came_from is not None and move.golden_id not in known:
                parts.setdefault(move.came_from, {})[move.golden_id] = None
        return {golden_id: sorted(made) for golden_id, made in parts.items()}

    def _split(self, row: GoldenRow) -> None:
        if row["id"] in self._parts:
            self.of_changed.append(self._event(EventType.SPLIT, row, successor_ids=self._parts[row["id"]]))

    def _whole(self, kind: EventType, row: GoldenRow) -> Event:
        names = [name for name in self._entity.attribute_names if row[name] is not None]
        return self._event(kind, row, attributes=names, after=[row[name] for name in names])

    def _event(self, kind: EventType, row: GoldenRow, **told: Any) -> Event:
        senders = self._senders.get(row["id"], [])
        sources = {sender.source for sender in senders}
        if len(sources) == 1:
            told |= {"caused_by": sources.pop(), "differing": self._differing(row, senders)}
        return Event(self._entity.name, kind, row["id"], row["version"], **told)

    def _of_link(self, kind: EventType, move: Placing, row: GoldenRow) -> Event:
        member = move.record.member
        told: dict[str, Any] = {"source": member.source, "external_id": move.record.external_id}
        if move.sent:
            told |= {"caused_by": member.source, "differing": self._differing(row, [member])}
        return Event(self._entity.name, kind, row["id"], row["version"], **told)

    def _differing(self, row: GoldenRow, senders: Sequence[Member]) -> list[str]:
        names, said = self._entity.attribute_names, [sender.values for sender in senders]
        if len(said) == 1:
            only = said[0]
            return [name for name in names if only.get(name) != row[name]]
        return [name for name in names if any(values.get(name) != row[name] for values in said)]
