"""Reading survivorship rules from a document that a person may edit.

    entity: customer
    version: customer-1
    default: [most_trusted, most_recent]
    attributes:
      email: [most_recent, most_trusted]         # a chain of strategies alone, or with terms:
      registration_id: {by: [most_frequent, most_trusted], valid: siren, only_if: valid}
      phone: {by: [last_confirmed], younger_than: 3 years}
      segment: {empty: counts}                   # 'sent empty' says that there is none, and may win
      trade_name: {union: true, by: [most_recent]}
    groups:
      address: [most_complete, most_recent]
    trust:
      phone:
        crm: {maximum: 90, minimum: 30, over: 2 years, curve: linear}
        erp: 60
      default:
        "*": {invalid_at_most: 10}

The strategies of a chain are asked in turn, each among what the one before it left. The attributes of a group of the
data dictionary survive together from one record, so that an address is never put together from two.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from golden_records.errors import MdmError
from golden_records.survivorship.checks import CHECKS, UNWARNED
from golden_records.survivorship.rules import SurvivorshipRules, Terms, Unit
from golden_records.survivorship.strategies import ONE_ATTRIBUTE_ONLY, STRATEGIES
from golden_records.survivorship.trust import CURVES, MOST, Trust

DEFAULT: Final = "default"
_KEYS: Final = frozenset({"entity", "version", DEFAULT, "attributes", "groups", "trust"})
_TERMS: Final = ("by", "valid", "only_if", "younger_than", "empty", "union")
_TRUST: Final = ("maximum", "minimum", "over", "curve", "invalid_at_most")
_DAYS: Final[Mapping[str, int]] = MappingProxyType({"day": 1, "week": 7, "month": 30, "year": 365})
_LONGEST: Final = 36_500


class InvalidRules(MdmError):
    """A document of survivorship rules has mistakes; `data["problems"]` lists all of them."""

    code = "invalid_survivorship_rules"
    title = "The survivorship rules have mistakes"


def parse_rules(
    document: object, *, entity: str, groups: Mapping[str, str | None], unions: Mapping[str, int] = MappingProxyType({})
) -> SurvivorshipRules:
    """Read the rules of an entity type whose attributes are the keys of `groups`, each with its group or None.

    `unions` has the attributes that can hold the union of several values, each with the most characters that it takes. Raises
    `InvalidRules` with every mistake at once.
    """
    reading = _Reading(document, entity, groups, unions)
    rules = reading.rules()
    if reading.problems:
        message = f"The survivorship rules of '{entity}' have {len(reading.problems)} mistake(s): " + " ".join(reading.problems)
        raise InvalidRules(message, remedy="Correct the document.", problems=reading.problems)
    return rules


class _Reading:
    """One document being read, and what is wrong with it."""

    def __init__(self, document: object, entity: str, groups: Mapping[str, str | None], unions: Mapping[str, int]) -> None:
        self._parts: Mapping[Any, Any] = document if isinstance(document, dict) else {}
        self.problems = [] if self._parts else ["The rules must be a mapping with 'entity', 'version' and 'default'."]
        self._entity = entity
        self._unions = unions
        self._units: dict[str, list[str]] = {}
        for name, group in groups.items():
            self._units.setdefault(group or name, []).append(name)
        self._groups = {group for group in groups.values() if group is not None}

    def rules(self) -> SurvivorshipRules:
        self._unknown("The rules", self._parts, _KEYS)
        self._head()
        default = self._chain(DEFAULT, self._parts.get(DEFAULT))
        declared = self._section("attributes", self._units.keys() - self._groups) | self._section("groups", self._groups)
        trust = self._trust()
        units = [self._unit(name, attributes, default, declared.get(name), trust) for name, attributes in self._units.items()]
        return SurvivorshipRules(entity=self._entity, version=str(self._parts.get("version")), units=tuple(units))

    def _head(self) -> None:
        if self._parts.get("entity") != self._entity:
            self.problems.append(f"'entity' must be '{self._entity}'.")
        if not isinstance(self._parts.get("version"), str | int) or not str(self._parts["version"]).strip():
            self.problems.append("'version' must name this version of the rules.")

    def _section(self, section: str, known: Iterable[str]) -> dict[str, tuple[str, Mapping[Any, Any]]]:
        """Give what a section declares, by unit, with where it stands: a list alone is a chain without terms."""
        entries = self._mapping(section, self._parts.get(section, {}))
        found: dict[str, tuple[str, Mapping[Any, Any]]] = {}
        for name, entry in entries.items():
            place = f"{section}.{name}"
            if name not in known:
                self.problems.append(f"'{section}' names '{name}'; it may name {', '.join(sorted(known))}.")
            elif isinstance(entry, dict) and entry:
                self._unknown(f"'{place}'", entry, _TERMS)
                found[str(name)] = (place, entry)
            else:
                found[str(name)] = (place, {"by": entry})
        return found

    def _unit(
        self,
        name: str,
        attributes: list[str],
        default: tuple[str, ...],
        declared: tuple[str, Mapping[Any, Any]] | None,
        trust: Mapping[str, Mapping[str, Trust]],
    ) -> Unit:
        place, entry = declared or (name, {})
        names = self._chain(f"{place}.by" if "by" in entry and len(entry) > 1 else place, entry["by"]) if "by" in entry else default
        terms = self._terms(place, name, entry, trust)
        single = [each for each in names if each in ONE_ATTRIBUTE_ONLY]
        if single and (len(attributes) > 1 or terms.empty_counts):
            why = "which compares single values" if len(attributes) > 1 else "which compares values: an empty one is none"
            self.problems += [f"'{place}' can't go by '{each}', {why}." for each in single]
        chain = tuple((each, STRATEGIES[each]) for each in names if each in STRATEGIES)
        return Unit(name, tuple(attributes), chain, None if terms == Terms() else terms)

    def _chain(self, place: str, names: object) -> tuple[str, ...]:
        if not isinstance(names, list) or not names:
            self.problems.append(f"'{place}' must be a list of strategies.")
            return ()
        for name in names:
            if not isinstance(name, str) or name not in STRATEGIES:
                self.problems.append(f"'{place}' names '{name}'; the strategies are {', '.join(STRATEGIES)}.")
        if len({str(name) for name in names}) < len(names):
            self.problems.append(f"'{place}' names a strategy twice.")
        return tuple(str(name) for name in names)

    def _terms(self, place: str, name: str, entry: Mapping[Any, Any], trust: Mapping[str, Mapping[str, Trust]]) -> Terms:
        checks = (UNWARNED,) if name in self._groups else (UNWARNED, *CHECKS)
        union = self._one_of(f"{place}.union", entry.get("union", False), (True, False))
        if union and name not in self._unions:
            self.problems.append(f"'{place}' can't be a union: only single texts without a list of choices can hold several values.")
        return Terms(
            valid=self._one_of(f"{place}.valid", entry.get("valid", UNWARNED), checks),
            only_valid=self._one_of(f"{place}.only_if", entry.get("only_if", "any"), ("any", "valid")) == "valid",
            younger_than=self._period(f"{place}.younger_than", entry["younger_than"]) if "younger_than" in entry else None,
            empty_counts=self._one_of(f"{place}.empty", entry.get("empty", "ignored"), ("ignored", "counts")) == "counts",
            union=self._unions.get(name) if union else None,
            trust=MappingProxyType({**trust.get(DEFAULT, {}), **trust.get(name, {})}),
        )

    def _trust(self) -> dict[str, dict[str, Trust]]:
        known = {DEFAULT, *self._units}
        found: dict[str, dict[str, Trust]] = {}
        for name, sources in self._mapping("trust", self._parts.get("trust", {})).items():
            if name not in known:
                self.problems.append(f"'trust' names '{name}'; it may name {', '.join(sorted(known))}.")
            entries = self._mapping(f"trust.{name}", sources)
            found[str(name)] = {str(source): self._trust_in(f"trust.{name}.{source}", entry) for source, entry in entries.items()}
        return found

    def _trust_in(self, place: str, entry: object) -> Trust:
        if not isinstance(entry, dict):
            return Trust(maximum=self._points(place, entry))
        self._unknown(f"'{place}'", entry, _TRUST)
        points = {key: self._points(f"{place}.{key}", entry[key]) for key in ("maximum", "minimum", "invalid_at_most") if key in entry}
        if points.get("minimum", 0) > points.get("maximum", MOST):
            self.problems.append(f"'{place}': the minimum is above the maximum.")
        if "over" not in entry and ("minimum" in entry or "curve" in entry):
            self.problems.append(f"'{place}' says how trust decays, and not over how long: add 'over'.")
        period = self._period(f"{place}.over", entry["over"]) if "over" in entry else None
        curve = self._one_of(f"{place}.curve", entry.get("curve", "linear"), tuple(CURVES))
        return Trust(**points, period=period, curve=CURVES.get(curve, CURVES["linear"]))

    def _points(self, place: str, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
            return value
        self.problems.append(f"'{place}' must be a whole number from 0 to {MOST}.")
        return 0

    def _period(self, place: str, value: object) -> int:
        """Read a period in days: '18 months'; a month is 30 days, a year 365."""
        number, _, unit = str(value).partition(" ")
        days = _DAYS.get(unit.strip().removesuffix("s"), 0)
        if number.isascii() and number.isdigit() and len(number) <= len(str(_LONGEST)) and 0 < int(number) * days <= _LONGEST:
            return int(number) * days
        self.problems.append(f"'{place}' must be a period of at most a hundred years, such as '90 days', '18 months' or '2 years'.")
        return 1

    def _one_of(self, place: str, value: Any, allowed: tuple[Any, ...]) -> Any:
        if any(value is each or (isinstance(value, str) and value == each) for each in allowed):
            return value
        named = ", ".join(str(each).lower() if isinstance(each, bool) else str(each) for each in allowed)
        self.problems.append(f"'{place}' must be one of: {named}.")
        return allowed[0]

    def _mapping(self, place: str, entries: object) -> Mapping[Any, Any]:
        if isinstance(entries, dict):
            return entries
        self.problems.append(f"'{place}' must be a mapping.")
        return {}

    def _unknown(self, place: str, entries: Mapping[Any, Any], known: Iterable[str]) -> None:
        self.problems += [f"{place} can't say '{key}'; known are {', '.join(sorted(known))}." for key in entries if key not in known]
