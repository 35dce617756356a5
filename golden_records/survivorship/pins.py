"""Overrides (pins): what a steward says stands, whatever the rules would choose, for as long as it lives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from golden_records.survivorship.members import Member, Parts
from golden_records.survivorship.rules import Unit


class Life(StrEnum):
    """How long a pin lives: until it is ended by hand, or up to what it names, whichever comes first."""

    UNTIL_ENDED = "until_ended"
    UNTIL_DATE = "until_date"
    UNTIL_CHANGED = "until_changed"
    UNTIL_CONFIRMED = "until_confirmed"


class LapseReason(StrEnum):
    """Why a pin no longer lives."""

    DATE_PASSED = "date_passed"
    SOURCE_CHANGED = "source_changed"
    SOURCE_CONFIRMED = "source_confirmed"
    RECORD_GONE = "record_gone"


class Lapse(NamedTuple):
    """A pin that no longer lives, and why."""

    pin: str
    reason: LapseReason


@dataclass(frozen=True, slots=True)
class Pin:
    """What stands for a unit: the value of the record `record_id`, whatever that becomes, or where it is None the `parts`.

    `until` is the last day of a pin that lives until a date. `watched` is the source record whose word ends it, and
    `watched_parts` what that said when the pin was made; None where nobody said anything then.
    """

    id: str
    unit: str
    record_id: int | None
    parts: Parts
    life: Life = Life.UNTIL_ENDED
    until: date | None = None
    watched: int | None = None
    watched_parts: Parts = ()

    @property
    def ends_on(self) -> date | None:
        """The first day on which it no longer lives, by the day alone."""
        return self.until + timedelta(days=1) if self.life is Life.UNTIL_DATE and self.until is not None else None


def standing_parts(pin: Pin, unit: Unit, members: Mapping[int, Member]) -> Parts:
    """Give what stands by a pin that lives."""
    return pin.parts if pin.record_id is None else unit.parts_of(members[pin.record_id])


def lapse_of(pin: Pin, unit: Unit, members: Mapping[int, Member], day: date) -> LapseReason | None:
    """Say why a pin does not live on a day, among these active source records; None where it does."""
    if pin.record_id is not None and pin.record_id not in members:
        return LapseReason.RECORD_GONE
    if pin.ends_on is not None and day >= pin.ends_on:
        return LapseReason.DATE_PASSED
    if pin.life is Life.UNTIL_CHANGED and _has_changed(pin, unit, members):
        return LapseReason.SOURCE_CHANGED
    if pin.life is Life.UNTIL_CONFIRMED and _is_confirmed(pin, unit, members):
        return LapseReason.SOURCE_CONFIRMED
    return None


def _has_changed(pin: Pin, unit: Unit, members: Mapping[int, Member]) -> bool:
    if pin.watched is None:
        # Nobody had said anything: the first word is a change.
        return any(part is not None for member in members.values() for part in unit.parts_of(member))
    watched = members.get(pin.watched)
    return watched is None or unit.parts_of(watched) != pin.watched_parts


def _is_confirmed(pin: Pin, unit: Unit, members: Mapping[int, Member]) -> bool:
    said = standing_parts(pin, unit, members)
    # Where the record that said otherwise is gone, any other may confirm.
    asked = {pin.watched} & members.keys() or members.keys() - {pin.record_id}
    return any(unit.parts_of(members[record]) == said for record in asked if record is not None)
