"""Survivorship: out of what the source records of one golden record say, the values that stand, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from golden_records.survivorship.members import Candidate, Member, Value
from golden_records.survivorship.rules import SurvivorshipRules, Unit

ONLY_VALUE: Final = "only_value"
AGREEMENT: Final = "agreement"
TIE_BREAK: Final = "tie_break"


class Winner(NamedTuple):
    """The record whose value stands, and the rule that decided: a strategy's name, or one of the three above."""

    record_id: int
    source: str
    rule: str


@dataclass(frozen=True, slots=True)
class Survived:
    """The values of a golden record; each one that is not None has a winner."""

    values: Mapping[str, Value | None]
    winners: Mapping[str, Winner]


class Contender(NamedTuple):
    """A value that another record than the winner has; `agrees` where it is the same."""

    record_id: int
    source: str
    value: Value
    agrees: bool


def survive(rules: SurvivorshipRules, members: Iterable[Member]) -> Survived:
    """Choose the value of each attribute of the data dictionary.

    A pure function of rules and members: the order of the members does not matter, and nothing is left to chance (where
    all strategies leave two different values, trust, then recency, then the smallest record id decide). A value that
    somebody has is never lost to a missing one, but for the parts of a group, which come from one record together.
    """
    # In the order that breaks ties, which no strategy changes, so that the first of what is left is the winner.
    everyone = sorted(members, key=_precedence)
    if len(everyone) == 1:
        return _alone(rules, everyone[0])
    values: dict[str, Value | None] = {}
    winners: dict[str, Winner] = {}
    for unit in rules.units:
        candidates = _candidates(unit, everyone)
        if not candidates:
            values.update(dict.fromkeys(unit.attributes))
            continue
        chosen, rule = _choose(unit, candidates)
        winner = Winner(chosen.member.record_id, chosen.member.source, rule)
        for name, part in zip(unit.attributes, chosen.parts, strict=True):
            values[name] = part
            if part is not None:
                winners[name] = winner
    return Survived(values=MappingProxyType(values), winners=MappingProxyType(winners))


def _alone(rules: SurvivorshipRules, member: Member) -> Survived:
    """Most golden records have one record: all that it says stands, with nothing to choose."""
    winner, said = Winner(member.record_id, member.source, ONLY_VALUE), member.values
    values = {name: said.get(name) for unit in rules.units for name in unit.attributes}
    winners = {name: winner for name, value in values.items() if value is not None}
    return Survived(values=MappingProxyType(values), winners=MappingProxyType(winners))


def contenders(survived: Survived, members: Iterable[Member]) -> Mapping[str, tuple[Contender, ...]]:
    """List, per attribute, what the records other than the winner say, in the order of their ids."""
    ordered = sorted(members, key=lambda member: member.record_id)
    found: dict[str, tuple[Contender, ...]] = {}
    for name, standing in survived.values.items():
        winner = survived.winners.get(name)
        found[name] = tuple(
            Contender(member.record_id, member.source, value, value == standing)
            for member in ordered
            if (value := member.values.get(name)) is not None and (winner is None or member.record_id != winner.record_id)
        )
    return MappingProxyType(found)


def _candidates(unit: Unit, members: Sequence[Member]) -> list[Candidate]:
    if len(unit.attributes) == 1:
        (name,) = unit.attributes
        return [Candidate(member, (value,)) for member in members if (value := member.values.get(name)) is not None]
    found = []
    for member in members:
        parts = tuple([member.values.get(name) for name in unit.attributes])
        if any(part is not None for part in parts):
            found.append(Candidate(member, parts))
    return found


def _choose(unit: Unit, candidates: list[Candidate]) -> tuple[Candidate, str]:
    if len(candidates) == 1:
        return candidates[0], ONLY_VALUE
    if _agree(candidates):
        return candidates[0], AGREEMENT
    remaining, rule = candidates, TIE_BREAK
    for name, strategy in unit.chain:
        kept = strategy(remaining)
        if len(kept) < len(remaining):
            remaining, rule = kept, name
        if _agree(remaining):
            return remaining[0], rule
    return remaining[0], TIE_BREAK


def _agree(candidates: Sequence[Candidate]) -> bool:
    first = candidates[0].parts
    return all(candidate.parts == first for candidate in candidates)


def _precedence(member: Member) -> tuple[int, float, int]:
    return (-member.trust, -member.as_of.timestamp(), member.record_id)
