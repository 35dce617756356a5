"""What a rehearsed plan would do to golden records that are published: who would be merged, who would be split, what would change value.

Read out of the plan, which names records by id, and out of the database as it is now: no value of any record is kept for it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.db.models import Count

from golden_records import pins
from golden_records.entities import EntityType, entity_type
from golden_records.golden_content import content_of
from golden_records.locking import CONTENT
from golden_records.members import LinkedMember, members_of, rules_for
from golden_records.models import GoldenState, RecordState
from golden_records.pins import Entry
from matching.chunks import Chunk
from matching.models import ChunkKind, MatchRun

_AT_ONCE: Final = 500
_PLACES: Final = (ChunkKind.MOVES, ChunkKind.MEMBERSHIPS)
Values: TypeAlias = Mapping[str, tuple[Any, Any]]
"""By attribute, what a golden record holds and what it would hold."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A golden record that would be absorbed by another, with all of its source records."""

    absorbed: UUID
    survivor: UUID


@dataclass(frozen=True, slots=True)
class Split:
    """Source records that would leave a golden record which stays; they go to another, or to a new one (`into` is None)."""

    golden_id: UUID
    into: UUID | None
    record_ids: tuple[int, ...]


@dataclass(frozen=True)
class Foreseen:
    """What a plan would do: `merges` and `splits`, and how many golden records would be `begun`.

    `coming` has the records that each golden record which stays would get, `leaving` those that it would lose.
    """

    entity: EntityType
    merges: tuple[Merge, ...]
    splits: tuple[Split, ...]
    begun: int
    coming: Mapping[UUID, frozenset[int]] = field(default_factory=dict)
    leaving: Mapping[UUID, frozenset[int]] = field(default_factory=dict)

    @cached_property
    def heirs(self) -> Mapping[UUID, UUID]:
        """The survivor of each golden record that would be absorbed."""
        return {merge.absorbed: merge.survivor for merge in self.merges}

    @property
    def staying(self) -> list[UUID]:
        """The golden records that would have other members, in the order of their ids."""
        return sorted((self.coming.keys() | self.leaving.keys()) - self.heirs.keys())

    def values(self, day: date) -> Iterator[tuple[UUID, Values]]:
        """Give the golden records that would change a value, and which; a few statements per 500."""
        ids = iter(self.staying)
        while some := list(islice(ids, _AT_ONCE)):
            yield from self._values_of(some, day)

    def _values_of(self, golden_ids: Sequence[UUID], day: date) -> Iterator[tuple[UUID, Values]]:
        names = self.entity.attribute_names
        absorbed = [merge.absorbed for merge in self.merges if merge.survivor in set(golden_ids)]
        rows = self.entity.goldens.filter(pk__in=[*golden_ids, *absorbed]).values("id", *CONTENT, *names)
        goldens = {row["id"]: row for row in rows}
        carried = pins.after_move(self.entity, goldens, {one: self.heirs[one] for one in absorbed if one in goldens}, revive=None)
        coming = {pk for golden_id in golden_ids for pk in self.coming.get(golden_id, ())}
        found = {each.member.record_id: each for each in members_of(self.entity, golden_ids, coming) if each.is_active}
        rules = rules_for(self.entity, list(found.values()))
        groups = self._groups(golden_ids, found)
        for golden_id in golden_ids:
            members, before = groups[golden_id], goldens.get(golden_id)
            if not members or before is None or before["state"] != GoldenState.ACTIVE:
                continue
            entries: Sequence[Entry] = carried.get(golden_id, before["pins"] or ())
            content, _ = content_of(self.entity, rules, [each.member for each in members], entries, day)
            changed = {name: (before[name], content[name]) for name in names if before[name] != content[name]}
            if changed:
                yield golden_id, changed

    def _groups(self, golden_ids: Sequence[UUID], found: Mapping[int, LinkedMember]) -> dict[UUID, list[LinkedMember]]:
        target = {pk: golden_id for golden_id in golden_ids for pk in self.coming.get(golden_id, ())}
        groups: dict[UUID, list[LinkedMember]] = {golden_id: [] for golden_id in golden_ids}
        for pk, each in sorted(found.items()):
            home = target.get(pk, each.link.golden_id)
            if home in groups and pk not in self.leaving.get(home, ()):
                groups[home].append(each)
        return groups


def foreseen(run: MatchRun) -> Foreseen:
    """Read what a planned run would do. Six statements, and what the plan says of each record that goes somewhere."""
    entity = entity_type(run.entity)
    targets: defaultdict[UUID, set[int]] = defaultdict(set)
    leaving: defaultdict[UUID, dict[int, UUID]] = defaultdict(dict)
    for record_id, golden_id, home in _places(run):
        if golden_id != home:
            targets[golden_id].add(record_id)
            if home is not None:
                leaving[home][record_id] = golden_id
    there = set(entity.goldens.filter(pk__in=targets.keys(), state=GoldenState.ACTIVE).values_list("pk", flat=True))
    sizes = _sizes(entity, leaving)
    merges, splits = [], []
    for home, gone in sorted(leaving.items()):
        goals = Counter(gone.values())
        if len(gone) == sizes.get(home) and len(goals) == 1 and next(iter(goals)) in there:
            merges.append(Merge(home, next(iter(goals))))
            continue
        for goal in sorted(goals):
            records = tuple(sorted(pk for pk, to in gone.items() if to == goal))
            splits.append(Split(home, goal if goal in there else None, records))
    return Foreseen(
        entity,
        tuple(merges),
        tuple(splits),
        begun=len(targets.keys() - there),
        coming={golden_id: frozenset(some) for golden_id, some in targets.items() if golden_id in there},
        leaving={home: frozenset(gone) for home, gone in leaving.items()},
    )


def counted(run: MatchRun, day: date) -> dict[str, int]:
    """Say how much a planned run would do, for its counts."""
    found = foreseen(run)
    return {
        "would_merge": len(found.merges),
        "would_split": len({split.golden_id for split in found.splits}),
        "would_move_records": sum(map(len, found.leaving.values())),
        "would_begin": found.begun,
        "would_change_value": sum(1 for _ in found.values(day)),
    }


def _places(run: MatchRun) -> Iterator[tuple[int, UUID, UUID | None]]:
    """Give each record that the plan puts somewhere, where, and where it is."""
    for chunk in run.chunks.filter(kind__in=_PLACES, applied_at__isnull=True).iterator():
        rows = Chunk.from_bytes(chunk.kind, bytes(chunk.plan)).rows.select(["record_id", "golden_id", "from_id"])
        for record_id, golden_id, home in zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True):
            yield record_id, UUID(golden_id), UUID(home) if home else None


def _sizes(entity: EntityType, goldens: Mapping[UUID, object]) -> dict[UUID, int]:
    active = entity.records.filter(golden_id__in=goldens.keys(), state=RecordState.ACTIVE)
    return dict(active.values_list("golden_id").annotate(Count("pk")))
