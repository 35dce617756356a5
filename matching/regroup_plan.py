"""What a merge, a split or a move by hand means: which source records go where, and what it says of pairs of them. Pure rules.

What a person did must hold, whatever the engine thinks later. So a split says that those who leave are DIFFERENT from those who stay, a
move says that too, and that they are the SAME as the golden record they join; a merge says that the two are the SAME. Earlier judgements
that say otherwise are conflicts: they are told, and give way only to a person who was told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from golden_records.errors import MdmError
from matching.known import Said
from matching.models import JudgementValue

MOST_PAIRS: Final = 1_000
"""Of more pairs between those who leave and those who stay, only those with the oldest of the other side are called different."""

Pair = tuple[int, int]


class InvalidRegrouping(MdmError):
    """What is asked can't be done with these golden records, whatever their state; the message says all that is wrong."""

    code = "invalid_regrouping"
    title = "This can't be done with these golden records"


class RegroupKind(StrEnum):
    """MERGE: two golden records become one. SPLIT: records get a golden record of their own. MOVE: they go to another one."""

    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Regrouping:
    """What somebody asks for.

    Of a merge, `golden_id` and `other_id` are the two, and `survivor_id` the one that goes on; the oldest where nobody chose. Of a split
    and a move, `record_ids` leave `golden_id`, and of a move they go to `other_id`.
    """

    kind: RegroupKind
    golden_id: UUID
    other_id: UUID | None = None
    record_ids: tuple[int, ...] = ()
    survivor_id: UUID | None = None

    @property
    def golden_ids(self) -> set[UUID]:
        """The golden records that there must be."""
        return {self.golden_id} | ({self.other_id} if self.other_id is not None else set())


@dataclass(frozen=True, slots=True)
class Around:
    """Who belongs to the golden records, withdrawn records too: where each is, and which are `active`; `said` are judgements on them."""

    homes: Mapping[int, UUID]
    active: frozenset[int]
    said: Sequence[Said] = ()

    def members(self, golden_id: UUID) -> list[int]:
        """The records of a golden record, the active ones first, each by age."""
        here = [record for record, home in self.homes.items() if home == golden_id]
        return sorted(here, key=lambda record: (record not in self.active, record))


@dataclass(frozen=True, slots=True)
class RegroupPlan:
    """What follows: `moved` records go from one golden record to another.

    `says` are the judgements that are made, `conflicts` the ids of earlier ones that say otherwise, and `set_aside` the ids of all that
    give way, also of those that settled nothing.
    """

    kind: RegroupKind
    from_id: UUID
    to_id: UUID
    moved: tuple[int, ...]
    says: Mapping[Pair, JudgementValue]
    conflicts: tuple[int, ...]
    set_aside: tuple[int, ...]


def plan(wish: Regrouping, around: Around, *, new_id: UUID) -> RegroupPlan:
    """Work out what follows from a wish; `new_id` is for the golden record that a split makes. Raises `InvalidRegrouping`."""
    problems = list(_problems(wish, around))
    if problems:
        raise InvalidRegrouping(" ".join(problems), remedy="Correct it and ask again.", problems=problems)
    from_id, to_id = _ends(wish, new_id)
    moved = tuple(around.members(from_id)) if wish.kind is RegroupKind.MERGE else tuple(sorted(set(wish.record_ids)))
    after = {**around.homes, **dict.fromkeys(moved, to_id)}
    wanted = _SAYS[wish.kind](around, moved, from_id, to_id)
    against = [each for each in around.said if _contradicts(each, after)]
    standing = {(each.left, each.right): each for each in around.said}
    given_way = {each.judgement_id for each in against}
    given_way |= {standing[pair].judgement_id for pair, value in wanted.items() if pair in standing and standing[pair].value != value}
    says = {pair: value for pair, value in wanted.items() if pair not in standing or standing[pair].judgement_id in given_way}
    conflicts = tuple(sorted(each.judgement_id for each in against))
    return RegroupPlan(wish.kind, from_id, to_id, moved, says, conflicts, tuple(sorted(given_way)))


def _ends(wish: Regrouping, new_id: UUID) -> tuple[UUID, UUID]:
    """Give the golden record that is left and the one that is joined. UUIDv7: the smaller id is the older."""
    if wish.kind is not RegroupKind.MERGE:
        return wish.golden_id, wish.other_id or new_id
    oldest, youngest = sorted(wish.golden_ids)
    survivor = wish.survivor_id or oldest
    return (oldest if survivor == youngest else youngest), survivor


def _problems(wish: Regrouping, around: Around) -> Iterator[str]:
    needs_other = wish.kind is not RegroupKind.SPLIT
    if needs_other and wish.other_id in (None, wish.golden_id):
        yield "Name another golden record."
    if not needs_other and wish.other_id is not None:
        yield "A split makes a golden record: name no other."
    if wish.survivor_id is not None and wish.survivor_id not in wish.golden_ids:
        yield "The survivor is none of the two."
    if wish.kind is RegroupKind.MERGE:
        if wish.record_ids:
            yield "A merge takes all records: name none."
        return
    here = set(around.members(wish.golden_id))
    chosen = set(wish.record_ids)
    if strangers := chosen - here:
        yield f"Source record {min(strangers)} is not in golden record {wish.golden_id}."
    if not chosen & around.active:
        yield "Name an active source record that is to leave."
    if not (here - chosen) & around.active:
        yield f"Some active source record must stay{': merge the two instead' if wish.kind is RegroupKind.MOVE else ''}."


def _contradicts(said: Said, after: Mapping[int, UUID]) -> bool:
    if said.left not in after or said.right not in after:
        return False
    together = after[said.left] == after[said.right]
    return said.value == (JudgementValue.DIFFERENT if together else JudgementValue.SAME)


def _of_merge(around: Around, moved: Sequence[int], from_id: UUID, to_id: UUID) -> dict[Pair, JudgementValue]:
    del from_id
    return {pair_of(moved[0], around.members(to_id)[0]): JudgementValue.SAME}


def _of_split(around: Around, moved: Sequence[int], from_id: UUID, to_id: UUID) -> dict[Pair, JudgementValue]:
    del to_id
    leaving = set(moved)
    staying = [record for record in around.members(from_id) if record not in leaving]
    return dict.fromkeys(_apart(_active_first(moved, around), staying), JudgementValue.DIFFERENT)


def _of_move(around: Around, moved: Sequence[int], from_id: UUID, to_id: UUID) -> dict[Pair, JudgementValue]:
    joined = around.members(to_id)[0]
    same = {pair_of(record, joined): JudgementValue.SAME for record in moved}
    return _of_split(around, moved, from_id, to_id) | same


_SAYS: Final = {RegroupKind.MERGE: _of_merge, RegroupKind.SPLIT: _of_split, RegroupKind.MOVE: _of_move}


def _active_first(records: Iterable[int], around: Around) -> list[int]:
    return sorted(records, key=lambda record: (record not in around.active, record))


def _apart(leaving: Sequence[int], staying: Sequence[int]) -> set[Pair]:
    if len(leaving) * len(staying) <= MOST_PAIRS:
        return {pair_of(one, other) for one in leaving for other in staying}
    return {pair_of(one, staying[0]) for one in leaving} | {pair_of(leaving[0], other) for other in staying}


def pair_of(one: int, other: int) -> Pair:
    """Give two records in the order in which pairs are kept."""
    return (one, other) if one < other else (other, one)
