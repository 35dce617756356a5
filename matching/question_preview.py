"""What would become of golden records that are one: the golden record they would be, and whose word each of its values would be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from golden_records import golden, pins
from golden_records.attributes import AttributeSpec
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden import Held, Membership
from golden_records.members import LinkedMember, members_of
from golden_records.models import GoldenState, LinkSource
from matching.regroup_preview import contents

MOST_RECORDS: Final = 400
"""Source records of all of them together, from which on no value is foreseen: the page would have to wait for it."""

Values = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that some source records have: the one that would speak for it, and the sources of all that say the same."""

    record_id: int
    values: Values
    sources: tuple[str, ...]
    wins: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """An attribute, or a group that survives together: what would stand, and what else could.

    `is_pinned` where an override stands for it already: then it is no matter of choice here.
    """

    name: str
    specs: tuple[AttributeSpec, ...]
    values: Values
    candidates: tuple[Candidate, ...]
    is_pinned: bool

    @property
    def is_disputed(self) -> bool:
        """Whether there is a choice."""
        return len(self.candidates) > 1 and not self.is_pinned


@dataclass(frozen=True, slots=True)
class Together:
    """The golden record that would be: the oldest goes on, the others answer with it. Nothing is foreseen where `is_too_large`."""

    survivor_id: UUID
    golden_ids: tuple[UUID, ...]
    units: tuple[Unit, ...] = ()
    records: int = 0
    is_too_large: bool = False


def foresee_together(entity: EntityType, golden_ids: Sequence[UUID], *, change: Change) -> Together | None:
    """Say what these golden records would be as one, by the steps that would make it so; writes nothing.

    None where fewer than two of them are active. Two statements, however many there are, and two more where overrides stand.
    """
    rows = {key: row for key, row in contents(entity, golden_ids).items() if row["state"] == GoldenState.ACTIVE}
    if len(rows) < 2:  # noqa: PLR2004 - one alone is together with nothing
        return None
    survivor, ids = min(rows), tuple(sorted(rows))
    counted = sum(row["member_count"] for row in rows.values())
    if counted > MOST_RECORDS:
        return Together(survivor, ids, records=counted, is_too_large=True)
    members = members_of(entity, rows)
    moved = [
        Membership(each.member.record_id, survivor, LinkSource.MANUAL, {}, keeps_waiting=True)
        for each in members
        if each.link.golden_id != survivor
    ]
    after = golden.foresee(entity, moved, change=change, held=Held(rows, members)).after[survivor]
    active = [each for each in members if each.is_active]
    units = dict.fromkeys(spec.group or spec.name for spec in entity.attributes)
    pinned = {entry["unit"] for entry in after["pins"] or ()}
    found = tuple(_unit(pins.unit_attributes(entity, name), after, active, pinned) for name in units)
    return Together(survivor, ids, tuple(unit for unit in found if unit.candidates or any(_known(unit.values))), counted)


def _unit(specs: tuple[AttributeSpec, ...], after: Mapping[str, Any], members: Sequence[LinkedMember], pinned: set[str]) -> Unit:
    name = specs[0].group or specs[0].name
    values = tuple(after[spec.name] for spec in specs)
    said: dict[Values, list[LinkedMember]] = {}
    for each in members:
        own = tuple(each.member.values.get(spec.name) for spec in specs)
        if any(_known(own)):
            said.setdefault(own, []).append(each)
    winners = {after["lineage"].get(spec.name, {}).get("record") for spec in specs} - {None}
    candidates = tuple(
        Candidate(
            record_id=_speaker(some, winners),
            values=own,
            sources=tuple(dict.fromkeys(each.member.source for each in some)),
            wins=own == values,
        )
        for own, some in said.items()
    )
    return Unit(name, specs, values, tuple(sorted(candidates, key=lambda each: (not each.wins, each.record_id))), name in pinned)


def _speaker(members: Sequence[LinkedMember], winners: set[int]) -> int:
    """The record that would stand for a value: the one that survivorship chose, else that of the source that is trusted most."""
    best = max(members, key=lambda each: (each.member.record_id in winners, each.member.trust, -each.member.record_id))
    return best.member.record_id


def _known(values: Values) -> list[bool]:
    return [value not in (None, "") for value in values]
