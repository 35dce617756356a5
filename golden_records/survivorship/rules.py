"""Survivorship rules: which strategies choose the value of each attribute, read from a document a person may edit.

    entity: customer
    version: customer-1
    default: [most_trusted, most_recent]
    attributes:
      email: [most_recent, most_trusted]
    groups:
      address: [most_complete, most_recent]

The strategies of a chain are asked in turn, each among what the one before it left. The attributes of a group of the
data dictionary survive together from one record, so that an address is never put together from two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from golden_records.errors import MdmError
from golden_records.survivorship.strategies import ONE_ATTRIBUTE_ONLY, STRATEGIES, Strategy


class InvalidRules(MdmError):
    """A document of survivorship rules has mistakes; `data["problems"]` lists all of them."""

    code = "invalid_survivorship_rules"
    title = "The survivorship rules have mistakes"


@dataclass(frozen=True, slots=True)
class Unit:
    """The attributes that survive together (most often one alone) and the strategies that choose, in turn."""

    attributes: tuple[str, ...]
    chain: tuple[tuple[str, Strategy], ...]


@dataclass(frozen=True, slots=True)
class SurvivorshipRules:
    """The rules of one entity type; each attribute of the data dictionary is in exactly one unit."""

    entity: str
    version: str
    units: tuple[Unit, ...]


_KEYS = frozenset({"entity", "version", "default", "attributes", "groups"})


def parse_rules(document: object, *, entity: str, groups: Mapping[str, str | None]) -> SurvivorshipRules:
    """Read the rules of an entity type whose attributes are the keys of `groups`, each with its group or None.

    Raises `InvalidRules` with every mistake at once.
    """
    parts = document if isinstance(document, dict) else {}
    problems = [] if parts else ["The rules must be a mapping with 'entity', 'version' and 'default'."]
    problems += _unknown_keys(parts) + _wrong_head(parts, entity)
    chains = _Chains(parts, problems)
    default = chains.read("default", parts.get("default"))
    own = chains.read_all("attributes", known={name for name, group in groups.items() if group is None})
    of_groups = chains.read_all("groups", known={group for group in groups.values() if group is not None})
    problems += _misplaced(own, of_groups)
    if problems:
        message = f"The survivorship rules of '{entity}' have {len(problems)} mistake(s): " + " ".join(problems)
        raise InvalidRules(message, remedy="Correct the document.", problems=problems)
    units = _units(groups, default=default, chains=own | of_groups)
    return SurvivorshipRules(entity=entity, version=str(parts["version"]), units=units)


def _unknown_keys(parts: Mapping[Any, Any]) -> list[str]:
    return [f"'{key}' is not a part of the rules." for key in parts if key not in _KEYS]


def _wrong_head(parts: Mapping[Any, Any], entity: str) -> list[str]:
    problems = []
    if parts.get("entity") != entity:
        problems.append(f"'entity' must be '{entity}'.")
    if not isinstance(parts.get("version"), str | int) or not str(parts["version"]).strip():
        problems.append("'version' must name this version of the rules.")
    return problems


class _Chains:
    """Reads chains of strategies and keeps what is wrong with them."""

    def __init__(self, parts: Mapping[Any, Any], problems: list[str]) -> None:
        self._parts = parts
        self._problems = problems

    def read(self, place: str, names: object) -> tuple[str, ...]:
        if not isinstance(names, list) or not names:
            self._problems.append(f"'{place}' must be a list of strategies.")
            return ()
        for name in names:
            if name not in STRATEGIES:
                self._problems.append(f"'{place}' names '{name}'; the strategies are {', '.join(STRATEGIES)}.")
        if len({str(name) for name in names}) < len(names):
            self._problems.append(f"'{place}' names a strategy twice.")
        return tuple(str(name) for name in names)

    def read_all(self, section: str, *, known: set[str]) -> dict[str, tuple[str, ...]]:
        entries = self._parts.get(section, {})
        if not isinstance(entries, dict):
            self._problems.append(f"'{section}' must be a mapping from names to lists of strategies.")
            return {}
        for name in entries:
            if name not in known:
                self._problems.append(f"'{section}' names '{name}'; it may name {', '.join(sorted(known))}.")
        return {str(name): self.read(f"{section}.{name}", names) for name, names in entries.items()}


def _misplaced(own: Mapping[str, tuple[str, ...]], of_groups: Mapping[str, tuple[str, ...]]) -> list[str]:
    problems = [
        f"'groups.{group}' can't go by '{name}', which compares single values."
        for group, chain in of_groups.items()
        for name in chain
        if name in ONE_ATTRIBUTE_ONLY
    ]
    return problems + [f"'{name}' is both an attribute and a group." for name in own if name in of_groups]


def _units(groups: Mapping[str, str | None], *, default: tuple[str, ...], chains: Mapping[str, tuple[str, ...]]) -> tuple[Unit, ...]:
    together: dict[str, list[str]] = {}
    for name, group in groups.items():
        together.setdefault(group or name, []).append(name)
    return tuple(
        Unit(
            attributes=tuple(names),
            chain=tuple((strategy, STRATEGIES[strategy]) for strategy in chains.get(unit, default)),
        )
        for unit, names in together.items()
    )
