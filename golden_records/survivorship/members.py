"""What survivorship works on: the source records of one golden record, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

Value = str | date | Decimal


@dataclass(frozen=True, slots=True)
class Member:
    """One source record of a golden record. `values` may leave out what the record does not know, or hold None.

    `trust` is that of its source, greater is better; `source_updated_at` is the source's own clock, where it has one;
    `arrived_at` is when its present content came to us.
    """

    record_id: int
    source: str
    trust: int
    source_updated_at: datetime | None
    arrived_at: datetime
    values: Mapping[str, Value | None]

    @property
    def as_of(self) -> datetime:
        """The moment at which the record was true, as far as we know.

        Where the source gives no time, the arrival stands for it. A time after the arrival is a wrong clock or a
        typing error, and would win for ever; it counts as the arrival.
        """
        if self.source_updated_at is None:
            return self.arrived_at
        return min(self.source_updated_at, self.arrived_at)


class Candidate(NamedTuple):
    """What one record proposes for the attributes that survive together; at least one part is a value."""

    member: Member
    parts: tuple[Value | None, ...]
