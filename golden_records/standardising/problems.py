"""What can be wrong with a value, and what becomes of the record that holds it.

The policy, in one place:

- `Severity.WARNING`: the value can't be used and is not needed. The record goes on without it, and the warning is kept
  with the record. A wrong check digit in an optional id, a phone number that does not exist, a country nobody knows, a
  code that is not in the list, a placeholder such as 'n/a'.
- `Severity.ERROR`: the row as a whole can't be trusted, and goes to quarantine until somebody mends it. A required
  value that is missing or unusable, a text in a date or a number, a day that no calendar has, a number out of bounds,
  a text too long for its column, a value of the wrong type, an attribute that the data dictionary does not have.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

Value = str | date | Decimal

LONGEST_SHOWN: Final = 200


class Severity(StrEnum):
    """What becomes of the record: it goes on without the value, or the row goes to quarantine."""

    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value of one record, in words for the person who will mend it.

    `value` is what was sent, cut to 200 characters; it may be personal data and must not be logged.
    """

    field: str
    value: str
    reason: str
    remedy: str
    severity: Severity

    def as_json(self) -> dict[str, str]:
        """Give the four texts that are stored with a record or a quarantined row."""
        return {"field": self.field, "value": self.value, "reason": self.reason, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Remark:
    """A problem before it is known which attribute has it."""

    reason: str
    remedy: str
    severity: Severity = Severity.WARNING

    def about(self, field: str, value: object) -> Problem:
        """Say which attribute and which value the remark is about."""
        return Problem(field, shown(value), self.reason, self.remedy, self.severity)


@dataclass(frozen=True, slots=True)
class Standardised:
    """What a value means: the value as it is stored (None when there is none to store), and what was wrong with it."""

    value: Value | None = None
    remark: Remark | None = None


class Place(NamedTuple):
    """Where a value comes from: the country whose customs apply, and whether the record itself states it.

    A country that is only the source's default decides how to read a value, and never makes one wrong.
    """

    country: str | None
    stated: bool = False


NOWHERE: Final = Place(None)
NOTHING: Final = Standardised()
PLACEHOLDER: Final = Standardised(remark=Remark("This stands for 'no value'; it was left out.", "Leave it empty in the source."))


def left_out(reason: str, remedy: str) -> Standardised:
    """Say that a value can't be used and that the record goes on without it."""
    return Standardised(remark=Remark(reason, remedy))


def refused(reason: str, remedy: str) -> Standardised:
    """Say that a value can't be used and that the row goes to quarantine."""
    return Standardised(remark=Remark(reason, remedy, Severity.ERROR))


def shown(value: object) -> str:
    """Give a value as people may read it in a list of problems: one text, not longer than 200 characters."""
    text = value if isinstance(value, str) else str(value)
    # A lone surrogate can't be stored or sent as UTF-8.
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
