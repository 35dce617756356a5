"""What an assignment of source records does to golden records, worked out before anything is written: who stands, with which values, and
who is retired with which successor. `golden_records.golden` writes it; who only wants to see it writes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from golden_records import bulk, outbox, pins
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden_content import content_of, day_of, differing
from golden_records.golden_events import Telling
from golden_records.history import ChangeKind, history_of
from golden_records.locking import CONTENT, GoldenRow
from golden_records.members import LinkedMember
from golden_records.models import GoldenState
from golden_records.pins import NONE, Entry
from golden_records.survivorship.members import Member
from golden_records.survivorship.pins import Lapse
from golden_records.survivorship.rules import SurvivorshipRules


@dataclass(frozen=True, slots=True)
class Assigned:
    """The golden records that were made, that changed, and that were retired because nothing is left of them."""

    created: list[UUID]
    changed: list[UUID]
    retired: list[UUID]


class GoldenPlan:
    """What is to be written to the golden records of one entity type; one statement for each kind of change."""

    def __init__(self, entity: EntityType, rules: SurvivorshipRules, change: Change, telling: Telling) -> None:
        self._entity = entity
        self._rules = rules
        self._day = day_of(change.at)
        self._change = change
        self._telling = telling
        self._inserts: list[GoldenRow] = []
        self._updates: list[GoldenRow] = []
        self._retired: list[UUID] = []
        self._lapses: list[Lapse] = []
        self.pins: Mapping[UUID, Sequence[Entry]] = NONE
        """The overrides of the golden records whose overrides are others than they carry."""

    def stand(self, golden_id: UUID, members: Sequence[Member], before: GoldenRow | None) -> None:
        """Let a golden record stand with these active records; it is made where there was none `before`."""
        carried = self.pins.get(golden_id)
        if carried is None:
            carried = (before["pins"] if before is not None else None) or ()
        content, lapses = content_of(self._entity, self._rules, members, carried, self._day)
        content["id"] = golden_id
        self._lapses += lapses
        if before is None:
            at = self._change.at
            self._inserts.append({**content, "version": 1, "created_at": at, "updated_at": at})
            self._telling.created(self._inserts[-1])
        elif differing(before, content):
            self._telling.revised(before, self._revise(before, content))
        else:
            self._telling.unchanged(before)

    def retire(self, before: GoldenRow, successors: Sequence[UUID], *, anew: bool = False) -> None:
        """Retire a golden record; one that is retired keeps its successor, but where it is retired `anew`."""
        was_active = before["state"] == GoldenState.ACTIVE
        kept = None if was_active or anew else before["successor_id"]
        content = {"state": GoldenState.RETIRED, "successor_id": kept or next(iter(successors), None), "member_count": 0, "due_on": None}
        if before["state"] == GoldenState.ERASED or all(before[name] == value for name, value in content.items()):
            self._telling.unchanged(before)
            return
        if was_active:
            self._retired.append(before["id"])
        self._telling.retired(self._revise(before, content), successors=successors)

    def _revise(self, before: GoldenRow, content: GoldenRow) -> GoldenRow:
        row = {**before, **content, "version": before["version"] + 1, "updated_at": self._change.at}
        self._updates.append(row)
        return row

    def write(self) -> None:
        """Write it, with history and events, in the caller's transaction."""
        golden, names = self._entity.golden, self._entity.attribute_names
        created = history_of(golden, change=self._change, kind=ChangeKind.CREATED)
        changed = history_of(golden, change=self._change, kind=ChangeKind.CHANGED)
        of_created = outbox.beside(self._telling.of_created, change=self._change)
        of_changed = outbox.beside(self._telling.of_changed, change=self._change)
        bulk.insert(golden, self._inserts, copy_to=created, beside=of_created)
        bulk.update(golden, self._updates, columns=(*names, *CONTENT, "version", "updated_at"), copy_to=changed, beside=of_changed)
        pins.lapse(self._lapses, change=self._change)

    @property
    def rows(self) -> dict[UUID, GoldenRow]:
        """The golden records that are made or change, as they will be."""
        return {row["id"]: row for row in (*self._inserts, *self._updates)}

    @property
    def done(self) -> Assigned:
        """What became of which golden record."""
        retired = set(self._retired)
        changed = [golden_id for golden_id in _ids(self._updates) if golden_id not in retired]
        return Assigned(created=_ids(self._inserts), changed=changed, retired=sorted(retired))


def regroup(
    placed: Mapping[int, UUID], members: Sequence[LinkedMember], goldens: Mapping[UUID, GoldenRow]
) -> tuple[dict[UUID, list[Member]], dict[UUID, Counter[UUID]]]:
    """Give the active members of each golden record after the move, and where the members of each one went.

    `placed` says where records are put.
    """
    groups: dict[UUID, list[Member]] = {golden_id: [] for golden_id in goldens}
    homes: dict[UUID, Counter[UUID]] = {}
    for each in members:
        home = placed.get(each.member.record_id, each.link.golden_id)
        if home is None:
            continue
        group = groups.setdefault(home, [])
        if each.is_active:
            group.append(each.member)
        if each.link.golden_id is not None and each.link.golden_id != home:
            homes.setdefault(each.link.golden_id, Counter())[home] += 1
    return groups, homes


def heirs_of(homes: Counter[UUID] | None, groups: Mapping[UUID, Sequence[Member]]) -> list[UUID]:
    """Give where the records went and somebody stands, the one that got most first (the oldest, where several got as many)."""
    standing = {golden_id: count for golden_id, count in (homes or {}).items() if groups[golden_id]}
    return sorted(standing, key=lambda golden_id: (-standing[golden_id], golden_id))


def _ids(rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [row["id"] for row in rows]
