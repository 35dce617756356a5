"""Reading one attribute out of a row that has a source's own columns, formats and codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from golden_records.standardising.amounts import parse_decimal
from golden_records.standardising.dates import parse_moment
from golden_records.standardising.folding import fold
from golden_records.standardising.names import split_person_name
from golden_records.standardising.problems import Remark, Severity
from golden_records.standardising.texts import clean_text, text_of
from golden_records.standardising.words import is_placeholder

Row = Mapping[str, object]

GIVEN: Final = "given"
FAMILY: Final = "family"


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule counts only for rows whose column holds one of these codes (or, negated, none of them); folded."""

    column: str
    codes: frozenset[str]
    negated: bool = False

    def holds(self, row: Row) -> bool:
        """Say whether the rule counts for the row."""
        return (code_of(row.get(self.column)) in self.codes) is not self.negated


@dataclass(frozen=True, slots=True)
class CodeList:
    """What each of a source's codes means (None: no value), and what any other means; without one, others are left out."""

    meanings: Mapping[str, object]
    otherwise: object = None
    has_otherwise: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """A source's scale and the data dictionary's: [1, 5] to [0, 10] makes 4 of 1..5 a 7.5 of 0..10."""

    source: tuple[Decimal, Decimal]
    target: tuple[Decimal, Decimal]

    def convert(self, number: Decimal) -> Decimal | None:
        """Give the number on the target scale; None for one that is not on the source's."""
        (low, high), (target_low, target_high) = self.source, self.target
        if not low <= number <= high:
            return None
        return target_low + (number - low) * (target_high - target_low) / (high - low)


@dataclass(frozen=True, slots=True)
class NameSplit:
    """Which part of a person's name in one column is meant, and which part the source writes first."""

    part: str
    family_first: bool


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """How one attribute is read: out of which columns (or from a constant), when, and by which formats and codes."""

    columns: tuple[str, ...] = ()
    separator: str = " "
    constant: object = None
    conditions: tuple[Condition, ...] = ()
    codes: CodeList | None = None
    date_formats: tuple[str, ...] = ()
    decimal_mark: str | None = None
    scale: Scale | None = None
    split: NameSplit | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The value that a rule read (None when there is none), and what was wrong with it."""

    value: object = None
    remark: Remark | None = None


NOTHING_READ: Final = Reading()


def code_of(raw: object) -> str:
    """Give a cell as codes are compared: folded, or as it is where folding leaves nothing."""
    text = clean_text(text_of(raw) or "")
    return fold(text) or text


def read_attribute(rule: ColumnRule, row: Row) -> Reading:
    """Read an attribute out of a row; what remains to be cleaned is the standardiser's work."""
    if not all(condition.holds(row) for condition in rule.conditions):
        return NOTHING_READ
    raw = rule.constant if rule.constant is not None else _cell(rule, row)
    if is_blank(raw):
        # An empty cell can be a code too: 'not blocked'.
        return Reading(rule.codes.meanings.get("")) if rule.codes else NOTHING_READ
    return _decoded(rule.codes, raw) if rule.codes is not None else _interpreted(rule, raw)


def is_sent_empty(rule: ColumnRule, row: Row) -> bool:
    """Say whether a row has the columns of an attribute, and nothing in them: its source says that there is no value."""
    columns = rule.columns
    if not columns or (rule.conditions and not all(condition.holds(row) for condition in rule.conditions)):
        return False
    # Most often there is one column, and most rows have it.
    return all(column in row and is_blank(row[column]) for column in columns)


def is_blank(sent: object) -> bool:
    """Say whether what was sent is nothing at all, or a text of spaces."""
    return sent is None or (isinstance(sent, str) and not sent.strip())


def _interpreted(rule: ColumnRule, raw: object) -> Reading:
    if rule.date_formats:
        return _read_date(rule, raw)
    if rule.decimal_mark or rule.scale:
        return _read_number(rule, raw)
    if rule.split is not None:
        return _read_part_of_name(rule.split, raw)
    return Reading(raw)


def _cell(rule: ColumnRule, row: Row) -> object:
    if len(rule.columns) == 1:
        return row.get(rule.columns[0])
    cells = (text_of(row.get(column)) for column in rule.columns)
    return rule.separator.join(cell.strip() for cell in cells if cell and cell.strip())


def _decoded(codes: CodeList, raw: object) -> Reading:
    code = code_of(raw)
    if code in codes.meanings:
        return Reading(codes.meanings[code])
    if codes.has_otherwise:
        return Reading(codes.otherwise)
    if is_placeholder(code):
        return NOTHING_READ
    return Reading(remark=Remark("The mapping's code list does not have this code.", "Add the code to `values` in the mapping."))


def _read_date(rule: ColumnRule, raw: object) -> Reading:
    text = text_of(raw)
    if isinstance(raw, date) or text is None or is_placeholder(text):
        # 'No date' in zeros ('00000000', '00/00/0000') says nothing worth a word.
        return Reading(None if text and not fold(text).replace(" ", "").strip("0") else raw)
    moment = parse_moment(clean_text(text), rule.date_formats)
    if moment is not None:
        return Reading(moment.date())
    formats = " or ".join(rule.date_formats)
    return Reading(
        remark=Remark(
            f"This is no day written {formats}, or no calendar has it.",
            "Mend the day, or the `format` in the mapping.",
            Severity.ERROR,
        )
    )


def _read_number(rule: ColumnRule, raw: object) -> Reading:
    mark = rule.decimal_mark or "."
    number = parse_decimal(raw, mark) if isinstance(raw, str) else _as_decimal(raw)
    if number is None:
        text = text_of(raw)
        if text is None or (is_placeholder(text) and not any(letter.isdigit() for letter in text)):
            return Reading(raw)
        mark_in_words = "comma" if mark == "," else "point"
        remedy = "Mend the number, or the `decimal` mark in the mapping."
        return Reading(remark=Remark(f"This is not a number with a decimal {mark_in_words}.", remedy, Severity.ERROR))
    if rule.scale is None:
        return Reading(number)
    converted = rule.scale.convert(number)
    if converted is None:
        low, high = rule.scale.source
        remedy = "Mend the number, or the `scale` in the mapping."
        return Reading(remark=Remark(f"The number is not on the source's scale of {low} to {high}.", remedy, Severity.ERROR))
    return Reading(converted)


def _as_decimal(raw: object) -> Decimal | None:
    text = text_of(raw) if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool) else None
    return parse_decimal(text) if text else None


def _read_part_of_name(split: NameSplit, raw: object) -> Reading:
    text = text_of(raw)
    if text is None:
        return Reading(raw)
    if is_placeholder(text):
        return Reading(raw if split.part == FAMILY else None)
    name = split_person_name(text, split.family_first)
    return Reading((name.given if split.part == GIVEN else name.family) or None)
