"""What survivorship works on: the source records of one golden record, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

Value = str | date | Decimal
Parts = tuple[Value | None, ...]
"""The values of the attributes that survive together, in the order of the data dictionary."""

NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    """One source record of a golden record. `values` may leave out what the record does not know, or hold None.

    `trust` is that of its source, greater is better; `source_updated_at` is the source's own clock, where it has one;
    `arrived_at` is when its present content came to us, `confirmed_at` when the source last sent the same content again. `sent_empty`
    names the attributes that the source sent without a value, `warned` those that standardising had a warning about.
    """

    record_id: int
    source: str
    trust: int
    source_updated_at: datetime | None
    arrived_at: datetime
    values: Mapping[str, Value | None]
    confirmed_at: datetime | None = None
    sent_empty: frozenset[str] = NO_NAMES
    warned: frozenset[str] = NO_NAMES

    @property
    def as_of(self) -> datetime:
        """The moment at which the record was true, as far as we know.

        Where the source gives no time, the arrival stands for it. A time after the arrival is a wrong clock or a
        typing error, and would win for ever; it counts as the arrival.
        """
        if self.source_updated_at is None:
            return self.arrived_at
        return min(self.source_updated_at, self.arrived_at)

    @property
    def confirmed(self) -> datetime:
        """The moment at which the source last sent this content: its arrival, or that of the same again since."""
        return self.arrived_at if self.confirmed_at is None else max(self.arrived_at, self.confirmed_at)

    def age(self, day: date) -> int:
        """The days since the record was true; none on days before."""
        return max(0, (day - self.as_of.date()).days)


class Candidate(NamedTuple):
    """What one record proposes for the attributes that survive together, and how far it is trusted in that.

    At least one part is a value, but where the rules let a record say that there is none.
    """

    member: Member
    parts: Parts
    trust: int
