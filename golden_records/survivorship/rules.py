"""Survivorship rules: what decides, for each attribute, whose value stands. `reading` makes them of a document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from golden_records.survivorship.checks import CHECKS, UNWARNED
from golden_records.survivorship.members import Member, Parts
from golden_records.survivorship.strategies import Strategy
from golden_records.survivorship.trust import MOST, PLAIN, Trust

ANY_SOURCE: Final = "*"
SEPARATOR: Final = " | "
"""Stands between the values of a union."""


class Reads(StrEnum):
    """What rules must know of source records beside their values, and most rules need not."""

    PROBLEMS = "problems"
    SENT_EMPTY = "sent_empty"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a value beside the chain of strategies.

    `valid` names the check that says what is valid. `only_valid` and `younger_than` (days) keep others from standing at all.
    `empty_counts`: that a source sent no value is a statement like another. `union`: all values stand, joined, in a text of at most
    as many characters. `trust` has the sources that are trusted otherwise than in general.
    """

    valid: str = UNWARNED
    only_valid: bool = False
    younger_than: int | None = None
    empty_counts: bool = False
    union: int | None = None
    trust: Mapping[str, Trust] = field(default_factory=lambda: MappingProxyType({}))

    def trust_in(self, source: str) -> Trust:
        """Give the trust in a source as to this attribute."""
        return self.trust.get(source) or self.trust.get(ANY_SOURCE) or PLAIN


@dataclass(frozen=True, slots=True)
class Unit:
    """The attributes that survive together (most often one alone), the strategies that choose in turn, and the terms.

    `terms` is None where nothing is asked that is not asked of every attribute: most often.
    """

    name: str
    attributes: tuple[str, ...]
    chain: tuple[tuple[str, Strategy], ...]
    terms: Terms | None = None

    def parts_of(self, member: Member) -> Parts:
        """Give what a record says of the unit."""
        return tuple([member.values.get(name) for name in self.attributes])

    def is_valid(self, member: Member, parts: Parts) -> bool:
        """Say whether what a record says counts as valid. Saying that there is no value is."""
        check = CHECKS.get(self.terms.valid) if self.terms is not None else None
        if check is None:
            return member.warned.isdisjoint(self.attributes)
        return parts[0] is None or check(parts)


@dataclass(frozen=True, slots=True)
class SurvivorshipRules:
    """The rules of one entity type; each attribute of the data dictionary is in exactly one unit."""

    entity: str
    version: str
    units: tuple[Unit, ...]
    alone_all_stands: bool = field(init=False, compare=False, repr=False)
    """Whether all that a record says stands where it is the only one, whatever it says and however old it is."""
    reads: frozenset[Reads] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Find out once what is asked for every golden record."""
        terms = [unit.terms for unit in self.units if unit.terms is not None]
        strict = any(each.only_valid or each.younger_than is not None or each.empty_counts for each in terms)
        object.__setattr__(self, "alone_all_stands", not strict)
        object.__setattr__(self, "reads", frozenset(_reads(self.units, terms)))


def _reads(units: tuple[Unit, ...], terms: list[Terms]) -> set[Reads]:
    found = set()
    if any(each.valid == UNWARNED and (each.only_valid or _downgrades(each)) for each in terms):
        found.add(Reads.PROBLEMS)
    if any(each.empty_counts for each in terms):
        found.add(Reads.SENT_EMPTY)
    if any(name == "last_confirmed" for unit in units for name, _ in unit.chain):
        found.add(Reads.CONFIRMED)
    return found


def _downgrades(terms: Terms) -> bool:
    return any(trust.invalid_at_most < MOST for trust in terms.trust.values())
