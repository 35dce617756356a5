"""What a report is: a row of a table, with what may be asked of it, its columns, who may see it, and a function that yields its rows.

Those who write reports to files (`matching.reports.writers`) know none of them; reports know of no file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

from golden_records.errors import MdmError

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Label: TypeAlias = "str | _StrPromise"
Row: TypeAlias = Sequence[Any]

AT_ONCE: Final = 2_000
"""Rows that the database hands over at a time, by a cursor of its own."""
_LONGEST: Final = 200


class InvalidParameters(MdmError):
    """The report can't be asked for like this; `problems` names every parameter that is wrong."""

    code = "invalid_report"
    title = "The report can't be made"


class Kind(StrEnum):
    """What the cells of a column are, or what a parameter is."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    SHARE = "share"
    DATE = "date"
    MOMENT = "moment"
    CANONICAL_ID = "canonical_id"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `personal`: its cells may tell of a person, and are left out for those who may not see that. `total`: it is added up.

    `printed`: a page to print has it; what only programs need would leave too little room there for the rest.
    """

    name: str
    title: Label
    kind: Kind = Kind.TEXT
    personal: bool = False
    total: bool = False
    printed: bool = True


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that may be asked for. `choices` gives the values there are, by their labels."""

    name: str
    title: Label
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: Callable[[], Mapping[str, Label]] | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked for: values by parameter, read; and whether whoever asks may see values of persons, and who read what."""

    values: Mapping[str, Any] = field(default_factory=dict)
    with_values: bool = False
    with_readings: bool = False

    def get(self, name: str) -> Any:
        """Give the value of a parameter; None where it was not asked for."""
        return self.values.get(name)

    @property
    def since(self) -> datetime | None:
        """The beginning of the period: the first moment of its first day, UTC."""
        day = self.get("since")
        return datetime.combine(day, time.min, UTC) if day is not None else None

    @property
    def until(self) -> datetime | None:
        """The end of the period: the first moment after its last day, UTC."""
        day = self.get("until")
        return datetime.combine(day + timedelta(days=1), time.min, UTC) if day is not None else None


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `permissions`: whoever sees it needs all of them. `count` gives its rows up to a bound, without reading them all."""

    name: str
    title: Label
    about: Label
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    permissions: tuple[str, ...]
    rows: Callable[[Asking], Iterator[Row]]
    count: Callable[[Asking, int], int]

    @property
    def is_personal(self) -> bool:
        """Whether it tells of persons, to those who may see that."""
        return any(column.personal for column in self.columns)

    def shown(self, asking: Asking) -> tuple[Column, ...]:
        """Give the columns that whoever asks may see."""
        return tuple(column for column in self.columns if asking.with_values or not column.personal)

    def pages(self, asking: Asking) -> Iterator[Row]:
        """Yield the rows with the cells that whoever asks may see."""
        if asking.with_values:
            yield from self.rows(asking)
            return
        seen = [number for number, column in enumerate(self.columns) if not column.personal]
        for row in self.rows(asking):
            yield [row[number] for number in seen]


def read_parameters(report: Report, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Read what was sent, by parameter; what is empty is not asked for. Raises `InvalidParameters` with all that is wrong."""
    known = {parameter.name: parameter for parameter in report.parameters}
    problems = [f"'{name}' is no parameter; known are {', '.join(known)}." for name in sent if name not in known]
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        given = sent.get(name)
        if given in (None, ""):
            problems += [f"'{name}' is needed."] if parameter.required else []
            continue
        try:
            values[name] = _read(parameter, str(given).strip())
        except ValueError:
            problems.append(_problem(parameter, str(given)))
    if {"since", "until"} <= values.keys() and values["since"] > values["until"]:
        problems.append("The period ends before it begins.")
    if problems:
        raise InvalidParameters(" ".join(problems), remedy="Correct it and ask again.", problems=problems)
    return values


def as_written(values: Mapping[str, Any]) -> dict[str, str]:
    """Write values as they are kept, and read again by `read_parameters`."""
    return {name: value.isoformat() if isinstance(value, date) else str(value) for name, value in values.items()}


def _read(parameter: Parameter, text: str) -> Any:
    if parameter.kind is Kind.DATE:
        return date.fromisoformat(text)
    if parameter.kind is Kind.CANONICAL_ID:
        return UUID(text)
    if parameter.choices is not None and text not in parameter.choices():
        raise ValueError
    if len(text) > _LONGEST:
        raise ValueError
    return text


def _problem(parameter: Parameter, given: str) -> str:
    if parameter.kind is Kind.DATE:
        return f"'{parameter.name}' is no date: send it as YYYY-MM-DD."
    if parameter.kind is Kind.CANONICAL_ID:
        return f"'{parameter.name}' is no canonical id."
    if parameter.choices is not None:
        return f"'{parameter.name}' has no value '{given[:60]}'; known are {', '.join(parameter.choices())}."
    return f"'{parameter.name}' is longer than {_LONGEST} characters."
