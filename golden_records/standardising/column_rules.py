"""Reading the rule of one attribute out of a mapping document, with all that is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Final, Protocol

from golden_records.standardising.amounts import parse_decimal
from golden_records.standardising.columns import FAMILY, GIVEN, CodeList, ColumnRule, Condition, NameSplit, Scale, code_of
from golden_records.standardising.dates import EXCEL, UnknownDateFormat, strptime_format

LINES: Final = "\n"
RULE_KEYS: Final = (
    "column", "join", "with", "constant", "when", "unless", "values", "otherwise", "format", "decimal", "scale", "split", "optional",
)  # fmt: skip
DECIMAL_MARKS: Final = (".", ",")
_ORDERS: Final[Mapping[str, bool]] = {"family_given": True, "given_family": False}
_PARTS: Final[Mapping[str, str]] = {"given_name": GIVEN, "family_name": FAMILY}
# key of a rule -> the standardisers of the attributes for which it has a meaning, and their name in words.
_ONLY_FOR: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "format": (frozenset({"date"}), "dates"),
    "decimal": (frozenset({"decimal"}), "numbers"),
    "scale": (frozenset({"decimal"}), "numbers"),
    "split": (frozenset(_PARTS), "given and family names"),
}


class TargetLike(Protocol):
    """What a rule must know of the attribute that it fills; `golden_records.attributes.AttributeSpec` has it."""

    @property
    def name(self) -> str: ...  # noqa: D102 - as AttributeSpec has it
    @property
    def standardiser(self) -> str: ...  # noqa: D102
    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class MappingFault:
    """One thing that is wrong with a mapping document: where, why, and what to do."""

    where: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        """Give the fault as one line."""
        return f"{self.where}: {self.reason} {self.remedy}"


@dataclass(slots=True)
class Faults:
    """What was found wrong so far: a document is read to its end, so that all its faults are reported at once."""

    found: list[MappingFault] = field(default_factory=list)

    def add(self, where: str, reason: str, remedy: str) -> None:
        """Note a fault."""
        self.found.append(MappingFault(where, reason, remedy))


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a document says for all its rules."""

    decimal_mark: str | None = None
    date_formats: tuple[str, ...] = ()


def did_you_mean(unknown: str, known: Iterable[str]) -> str:
    """Give the remedy for an unknown name: the nearest known one, or all of them."""
    names = list(known)
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(unknown.lower(), lowered, n=1)
    return f"Did you mean '{lowered[close[0]]}'?" if close else f"Known are: {', '.join(names)}."


def read_rule(target: TargetLike, entry: object, defaults: Defaults, faults: Faults) -> ColumnRule:
    """Read how an attribute is filled: the name of a column, or a mapping with the keys of `RULE_KEYS`."""
    where = f"attributes.{target.name}"
    if isinstance(entry, str):
        entry = {"column": entry}
    if not isinstance(entry, Mapping):
        faults.add(where, "A rule is the name of a column or a mapping.", "Write `attribute: COLUMN` or `attribute: {column: COLUMN}`.")
        return ColumnRule()
    for key in entry:
        if key not in RULE_KEYS:
            faults.add(f"{where}.{key}", "There is no such key in a rule.", did_you_mean(str(key), RULE_KEYS))
        elif key in _ONLY_FOR and target.standardiser not in _ONLY_FOR[key][0]:
            faults.add(f"{where}.{key}", f"`{key}` is for {_ONLY_FOR[key][1]} only.", "Remove it.")
    is_date, is_number = target.standardiser == "date", target.standardiser == "decimal"
    decoded = "values" in entry
    return ColumnRule(
        columns=read_columns(entry, where, faults, constant_allowed=True),
        separator=read_separator(entry, LINES if target.standardiser == "address_lines" else " "),
        constant=entry.get("constant"),
        conditions=_conditions(entry, where, faults),
        codes=_code_list(entry, where, faults),
        date_formats=(read_formats(entry, where, faults) or defaults.date_formats) if is_date and not decoded else (),
        decimal_mark=(read_decimal_mark(entry, where, faults) or defaults.decimal_mark) if is_number and not decoded else None,
        scale=_scale(entry, target, where, faults) if is_number else None,
        split=_split(entry, target, where, faults),
        optional=entry.get("optional") is True,
    )


def read_columns(entry: Mapping[str, object], where: str, faults: Faults, *, constant_allowed: bool = False) -> tuple[str, ...]:
    """Read which columns a value is taken from: exactly one of `column`, `join` and, where allowed, `constant`."""
    ways = [way for way in ("column", "join", "constant") if way in entry and (constant_allowed or way != "constant")]
    if len(ways) != 1:
        known = "`column`, `join` and `constant`" if constant_allowed else "`column` and `join`"
        faults.add(where, f"Exactly one of {known} says where the value comes from.", "Name the column: `column: COLUMN`.")
        return ()
    named = entry[ways[0]]
    if ways[0] == "constant":
        return ()
    columns = named if isinstance(named, list) and ways[0] == "join" else [named]
    if not columns or not all(isinstance(column, str) and column.strip() for column in columns):
        faults.add(f"{where}.{ways[0]}", "The name of a column is a text.", "Write the name as the file's header has it, in quotes.")
        return ()
    return tuple(str(column).strip() for column in columns)


def read_separator(entry: Mapping[str, object], default: str) -> str:
    """Read what stands between joined columns."""
    return str(entry.get("with", default))


def read_formats(entry: Mapping[str, object], where: str, faults: Faults) -> tuple[str, ...]:
    """Read the formats of a date: 'dd/mm/yyyy' and its like, 'iso', 'excel', or a list of them."""
    if "format" not in entry:
        return ()
    named = entry["format"]
    formats = tuple(str(pattern) for pattern in (named if isinstance(named, list) else [named]))
    for pattern in formats:
        try:
            strptime_format("yyyy" if pattern in {"iso", EXCEL} else pattern)
        except UnknownDateFormat:
            remedy = "Use yyyy, yy, mm, dd, HH, MM, SS with what stands between them, or 'iso' or 'excel'."
            faults.add(f"{where}.format", f"'{pattern}' is no format of a date.", remedy)
    return formats


def read_decimal_mark(entry: Mapping[str, object], where: str, faults: Faults) -> str | None:
    """Read the decimal mark of numbers: a point or a comma."""
    mark = entry.get("decimal")
    if mark is not None and mark not in DECIMAL_MARKS:
        faults.add(f"{where}.decimal" if where else "decimal", "The decimal mark is '.' or ','.", 'Write `decimal: ","`.')
        return None
    return str(mark) if mark else None


def _conditions(entry: Mapping[str, object], where: str, faults: Faults) -> tuple[Condition, ...]:
    conditions = []
    for key in ("when", "unless"):
        clauses = entry.get(key, {})
        if not isinstance(clauses, Mapping):
            faults.add(f"{where}.{key}", "A condition names columns and codes.", f"Write `{key}: {{COLUMN: [CODE, CODE]}}`.")
            continue
        for column, named in clauses.items():
            codes = named if isinstance(named, list) else [named]
            _refuse_booleans(codes, f"{where}.{key}.{column}", faults)
            conditions.append(Condition(str(column), frozenset(map(code_of, codes)), negated=key == "unless"))
    return tuple(conditions)


def _code_list(entry: Mapping[str, object], where: str, faults: Faults) -> CodeList | None:
    listed = entry.get("values")
    if listed is None:
        if "otherwise" in entry:
            faults.add(f"{where}.otherwise", "`otherwise` belongs to a code list.", "Add `values`, or use `constant`.")
        return None
    if not isinstance(listed, Mapping):
        faults.add(f"{where}.values", "A code list gives each code its meaning.", "Write `values: {CODE: meaning}`.")
        return None
    _refuse_booleans([*listed.keys(), *listed.values()], f"{where}.values", faults)
    meanings = {code_of(code): meaning for code, meaning in listed.items()}
    if len(meanings) < len(listed):
        faults.add(f"{where}.values", "Two codes are the same apart from case, accents and punctuation.", "Keep one of them.")
    return CodeList(meanings, entry.get("otherwise"), "otherwise" in entry)


def _refuse_booleans(codes: Iterable[object], where: str, faults: Faults) -> None:
    # YAML reads a bare yes, no, on and off as true and false: the code is lost.
    if any(isinstance(code, bool) for code in codes):
        faults.add(where, "A bare yes, no, on or off is not a text in YAML.", "Put the code in quotes.")


def _scale(entry: Mapping[str, object], target: TargetLike, where: str, faults: Faults) -> Scale | None:
    if "scale" not in entry:
        return None
    ends = entry["scale"]
    numbers = [parse_decimal(str(end)) for end in ends] if isinstance(ends, list) else []
    least, greatest = target.bounds
    if least is None or greatest is None:
        faults.add(f"{where}.scale", "This attribute has no scale of its own to convert to.", "Remove `scale`.")
        return None
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None or numbers[0] >= numbers[1]:  # noqa: PLR2004 - two ends
        faults.add(f"{where}.scale", "A scale is its least and its greatest number.", "Write `scale: [1, 5]`.")
        return None
    return Scale((numbers[0], numbers[1]), (least, greatest))


def _split(entry: Mapping[str, object], target: TargetLike, where: str, faults: Faults) -> NameSplit | None:
    if "split" not in entry or target.standardiser not in _PARTS:
        return None
    order = str(entry["split"])
    if order not in _ORDERS:
        faults.add(f"{where}.split", f"'{order}' is no order of names.", did_you_mean(order, _ORDERS))
        return None
    return NameSplit(_PARTS[target.standardiser], _ORDERS[order])
