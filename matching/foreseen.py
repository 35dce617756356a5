"""What a rehearsed plan would do to golden records that are published: who would be merged, who would be split, what would change value.

Read out of the plan, which names records by id, and out of the database as it is now: no value of any record is kept for it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.db.models import Count

from golden_records import golden
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.golden import Held, Membership
from golden_records.locking import CONTENT
from golden_records.members import members_of
from golden_records.models import GoldenState, LinkSource, RecordState
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

    `placed` has each record that goes somewhere: where it is now (None: nowhere yet), and where it would be.
    """

    entity: EntityType
    merges: tuple[Merge, ...]
    splits: tuple[Split, ...]
    begun: int
    placed: Mapping[int, tuple[UUID | None, UUID]]

    @property
    def moved(self) -> list[int]:
        """The records that would leave the golden record that they are in."""
        return [pk for pk, (home, _) in self.placed.items() if home is not None]

    @cached_property
    def _at(self) -> Mapping[UUID, list[int]]:
        """The records that come to or leave each golden record."""
        at: defaultdict[UUID, list[int]] = defaultdict(list)
        for pk, ends in self.placed.items():
            for golden_id in filter(None, ends):
                at[golden_id].append(pk)
        return at

    def values(self, change: Change) -> Iterator[tuple[UUID, Values]]:
        """Give the golden records that stay and would change a value, and which, were it done by `change`; a few statements per 500."""
        ids = iter(sorted(self._at.keys() - {merge.absorbed for merge in self.merges}))
        while some := list(islice(ids, _AT_ONCE)):
            yield from self._values_of(some, change)

    def _values_of(self, golden_ids: Sequence[UUID], change: Change) -> Iterator[tuple[UUID, Values]]:
        names = self.entity.attribute_names
        placed = {pk: self.placed[pk] for golden_id in golden_ids for pk in self._at[golden_id]}
        concerned = {golden_id for ends in placed.values() for golden_id in ends if golden_id} | set(golden_ids)
        rows = self.entity.goldens.filter(pk__in=concerned, state=GoldenState.ACTIVE).values("id", *CONTENT, "version", *names)
        goldens = {row["id"]: row for row in rows}
        # What has moved since the plan was made is left where it is.
        found = [(each, placed.get(each.member.record_id)) for each in members_of(self.entity, goldens, placed)]
        going = [(each, ends[1]) for each, ends in found if ends is not None and ends[0] == each.link.golden_id]
        memberships = [Membership(each.member.record_id, goal, LinkSource.AUTO, {}) for each, goal in going]
        here = [each for each, ends in found if each.link.golden_id in goldens or (ends is not None and ends[0] == each.link.golden_id)]
        after = golden.foresee(self.entity, memberships, change=change, held=Held(goldens, here)).after
        for golden_id in golden_ids:
            before, then = goldens.get(golden_id), after.get(golden_id)
            if before is None or then is None or then["state"] != GoldenState.ACTIVE:
                continue
            changed = {name: (before[name], then[name]) for name in names if before[name] != then[name]}
            if changed:
                yield golden_id, changed


def foreseen(run: MatchRun) -> Foreseen:
    """Read what a planned run would do: three statements, and what the plan says of each record that goes somewhere."""
    entity = entity_type(run.entity)
    placed = {pk: (home, goal) for pk, goal, home in _places(run) if goal != home}
    goals = {goal for _, goal in placed.values()}
    there = set(entity.goldens.filter(pk__in=goals, state=GoldenState.ACTIVE).values_list("pk", flat=True))
    leaving: defaultdict[UUID, defaultdict[UUID, list[int]]] = defaultdict(lambda: defaultdict(list))
    for pk, (home, goal) in sorted(placed.items()):
        if home is not None:
            leaving[home][goal].append(pk)
    sizes = _sizes(entity, leaving)
    merges, splits = [], []
    for home, gone in sorted(leaving.items()):
        if len(gone) == 1 and sum(map(len, gone.values())) == sizes.get(home) and there.issuperset(gone):
            merges.append(Merge(home, next(iter(gone))))
        else:
            splits += [Split(home, goal if goal in there else None, tuple(some)) for goal, some in sorted(gone.items())]
    return Foreseen(entity, tuple(merges), tuple(splits), len(goals - there), placed)


def counted(run: MatchRun, change: Change) -> dict[str, int]:
    """Say how much a planned run would do, for its counts."""
    found = foreseen(run)
    return {
        "would_merge": len(found.merges),
        "would_split": len({split.golden_id for split in found.splits}),
        "would_move_records": len(found.moved),
        "would_begin": found.begun,
        "would_change_value": sum(1 for _ in found.values(change)),
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
