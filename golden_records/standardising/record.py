"""Standardising a whole record: each attribute by its own standardiser, then what attributes tell about each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, Protocol

from golden_records.standardising.cross_fields import CROSS_FIELD_RULES, NOTHING_FOUND, CrossFieldRule
from golden_records.standardising.problems import (
    NOTHING,
    Place,
    Problem,
    Remark,
    Severity,
    Standardised,
    Value,
    refused,
)
from golden_records.standardising.registry import TEXT_STANDARDISERS, VALUE_STANDARDISERS
from golden_records.standardising.texts import not_a_text, text_of

# A longer text fits no column; refused before it fills caches.
LONGEST_READ: Final = 2_000
_TAKES_LINES: Final = frozenset({"address_lines"})


class AttributeLike(Protocol):
    """What standardising must know of an attribute; `golden_records.attributes.AttributeSpec` has it."""

    @property
    def name(self) -> str: ...  # noqa: D102 - as AttributeSpec has it
    @property
    def standardiser(self) -> str: ...  # noqa: D102
    @property
    def required(self) -> bool: ...  # noqa: D102
    @property
    def max_length(self) -> int | None: ...  # noqa: D102
    @property
    def choices(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class StandardisedRecord:
    """What a record means: the values to store, without those that are missing, and what was wrong with it."""

    values: Mapping[str, Value]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What sends the row to quarantine; empty for a record that can be taken."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is kept with a record that was taken."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)


def standardise(attributes: Sequence[AttributeLike], raw: Mapping[str, object], *, country_hint: str | None = None) -> StandardisedRecord:
    """Give the values of a record as they are stored, and every problem it has, at once.

    `raw` is keyed by the names of the data dictionary; missing, None and empty mean 'no value'. `country_hint` (ISO
    alpha-2) is the country assumed where the record states none. Never raises for what a record holds; standardising
    the values again changes nothing.
    """
    names = tuple(attribute.name for attribute in attributes)
    values: dict[str, Value] = {}
    problems = _unknown_attributes(names, raw)
    place = Place(country_hint)
    # The country comes first: it decides how postcodes, phone numbers and ids are read.
    for attribute in sorted(attributes, key=_is_no_country):
        sent = raw.get(attribute.name)
        if sent is None:
            continue
        outcome = _standardise_one(attribute, sent, place)
        if outcome.remark is not None:
            problems.append(outcome.remark.about(attribute.name, sent))
        if outcome.value is not None:
            values[attribute.name] = outcome.value
            if attribute.standardiser == "country":
                place = Place(str(outcome.value), stated=True)
    for rule in _rules_for(names):
        finding = rule.find(values, place.country)
        if finding is not NOTHING_FOUND:
            values = {name: value for name, value in {**values, **finding.added}.items() if name not in finding.removed}
            problems += finding.problems
    problems += _missing(attributes, values, problems)
    return StandardisedRecord(values, tuple(problems))


def _is_no_country(attribute: AttributeLike) -> bool:
    return attribute.standardiser != "country"


@lru_cache(maxsize=64)
def _rules_for(names: tuple[str, ...]) -> tuple[CrossFieldRule, ...]:
    return tuple(rule for rule in CROSS_FIELD_RULES if rule.needs <= frozenset(names))


def _standardise_one(attribute: AttributeLike, sent: object, place: Place) -> Standardised:
    text_standardiser = TEXT_STANDARDISERS.get(attribute.standardiser)
    if text_standardiser is None:
        return _within_bounds(attribute, VALUE_STANDARDISERS[attribute.standardiser](sent, place))
    if attribute.standardiser in _TAKES_LINES and isinstance(sent, list | tuple):
        sent = "\n".join(line for line in sent if isinstance(line, str))
    text = sent if isinstance(sent, str) else text_of(sent)
    if text is None:
        return not_a_text(sent)
    if len(text) > LONGEST_READ:
        return refused(f"The text has {len(text):,} characters.", "Shorten it in the source.")
    return _within_bounds(attribute, text_standardiser(text, place) if text else NOTHING)


def _within_bounds(attribute: AttributeLike, outcome: Standardised) -> Standardised:
    value = outcome.value
    if isinstance(value, str):
        if attribute.max_length is not None and len(value) > attribute.max_length:
            return refused(
                f"The text has {len(value):,} characters, {attribute.max_length} are allowed.",
                "Shorten it in the source.",
            )
        if attribute.choices and value not in attribute.choices:
            allowed = ", ".join(attribute.choices)
            return Standardised(remark=Remark("This is none of the allowed values.", f"Use one of: {allowed}."))
    elif isinstance(value, Decimal):
        least, greatest = attribute.bounds
        if (least is not None and value < least) or (greatest is not None and value > greatest):
            return refused("The number is out of bounds.", _bounds_in_words(least, greatest))
    return outcome


def _bounds_in_words(least: Decimal | None, greatest: Decimal | None) -> str:
    if greatest is None:
        return f"Send a number of at least {least}."
    return f"Send a number between {least} and {greatest}." if least is not None else f"Send at most {greatest}."


def _unknown_attributes(names: tuple[str, ...], raw: Mapping[str, object]) -> list[Problem]:
    problems: list[Problem] = []
    for unknown in sorted(raw.keys() - set(names)):
        close = get_close_matches(unknown, names, n=1)
        remedy = f"Did you mean '{close[0]}'?" if close else f"Use the names of the data dictionary: {', '.join(names)}."
        remark = Remark("The data dictionary has no such attribute.", remedy, Severity.ERROR)
        problems.append(remark.about(unknown, raw[unknown]))
    return problems


def _missing(attributes: Sequence[AttributeLike], values: Mapping[str, Value], problems: Sequence[Problem]) -> list[Problem]:
    if all(not attribute.required or attribute.name in values for attribute in attributes):
        return []
    refused_already = {problem.field for problem in problems if problem.severity is Severity.ERROR}
    absent = Remark("A value is required here.", "Fill it in the source.", Severity.ERROR)
    return [
        absent.about(attribute.name, "")
        for attribute in attributes
        if attribute.required and attribute.name not in values and attribute.name not in refused_already
    ]
