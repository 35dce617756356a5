"""Survivorship: out of what the source records of one golden record say, the values that stand, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from golden_records.survivorship.members import Candidate, Member, Parts, Value
from golden_records.survivorship.pins import Lapse, Pin, lapse_of, standing_parts
from golden_records.survivorship.rules import SEPARATOR, SurvivorshipRules, Terms, Unit

ONLY_VALUE: Final = "only_value"
AGREEMENT: Final = "agreement"
TIE_BREAK: Final = "tie_break"
UNION: Final = "union"
PINNED: Final = "pinned"


class Winner(NamedTuple):
    """The record whose value stands, and the rule that decided: a strategy's name, or one of the five above.

    A pinned value may come from no record. `pin` is the id of the pin; `also` are the further records of a union.
    """

    record_id: int | None
    source: str | None
    rule: str
    pin: str | None = None
    also: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Survived:
    """The values of a golden record; each one that is not None has a winner, and one that is None may (somebody said 'none').

    `due` is the first day on which the day alone makes it another; None where it stays. `lapsed` are the pins that no longer live.
    """

    values: Mapping[str, Value | None]
    winners: Mapping[str, Winner]
    due: date | None = None
    lapsed: tuple[Lapse, ...] = ()


class Contender(NamedTuple):
    """A value that another record than the winner has; `agrees` where it is the same."""

    record_id: int
    source: str
    value: Value
    agrees: bool


class _Choice(NamedTuple):
    parts: Parts
    winner: Winner


def survive(rules: SurvivorshipRules, members: Iterable[Member], *, pins: Sequence[Pin] = (), day: date) -> Survived:
    """Choose the value of each attribute of the data dictionary.

    A pure function of rules, members, pins and day: the order of the members does not matter, and nothing is left to chance (where
    all strategies leave two different values, trust, then recency, then the smallest record id decide). A value that somebody has is
    never lost to a missing one, but by the rules' own terms, and but for the parts of a group, which come from one record together.
    The answer holds for every day from `day` up to the one before `due`. Of the pins of a unit, the last in order of ids stands.
    """
    # In the order that breaks ties, which no strategy changes, so that the first of what is left is the winner.
    everyone = sorted(members, key=_precedence)
    if len(everyone) == 1 and not pins and rules.alone_all_stands:
        return _alone(rules, everyone[0])
    by_id = {member.record_id: member for member in everyone} if pins else {}
    living, lapsed = _living(rules, by_id, pins, day)
    values: dict[str, Value | None] = {}
    winners: dict[str, Winner] = {}
    due: list[date] = []
    for unit in rules.units:
        pin = living.get(unit.name)
        if pin is None and unit.terms is None:
            _stand(unit, everyone, values, winners)
            continue
        chosen = _choice(unit, everyone, day) if pin is None else _pinned(pin, unit, by_id)
        until = _next_change(unit, everyone, day, chosen) if pin is None else pin.ends_on
        if until is not None:
            due.append(until)
        _keep(unit, chosen, values, winners)
    return Survived(MappingProxyType(values), MappingProxyType(winners), min(due, default=None), lapsed)


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


def _alone(rules: SurvivorshipRules, member: Member) -> Survived:
    """Most golden records have one record: all that it says stands, with nothing to choose."""
    winner, said = Winner(member.record_id, member.source, ONLY_VALUE), member.values
    values = {name: said.get(name) for unit in rules.units for name in unit.attributes}
    winners = {name: winner for name, value in values.items() if value is not None}
    return Survived(values=MappingProxyType(values), winners=MappingProxyType(winners))


def _stand(unit: Unit, members: Sequence[Member], values: dict[str, Value | None], winners: dict[str, Winner]) -> None:
    """Choose for a unit that nothing special is asked of: most of them, of which nothing more need be known."""
    candidates = _plain_candidates(unit, members)
    if not candidates:
        values.update(dict.fromkeys(unit.attributes))
        return
    chosen, rule = _choose(unit, candidates)
    winner = Winner(chosen.member.record_id, chosen.member.source, rule)
    for name, part in zip(unit.attributes, chosen.parts, strict=True):
        values[name] = part
        if part is not None:
            winners[name] = winner


def _keep(unit: Unit, chosen: _Choice | None, values: dict[str, Value | None], winners: dict[str, Winner]) -> None:
    if chosen is None:
        values.update(dict.fromkeys(unit.attributes))
        return
    values.update(zip(unit.attributes, chosen.parts, strict=True))
    # Of what says that there is nothing, somebody said so; of an address without a street, nobody did.
    says_nothing = all(part is None for part in chosen.parts)
    winners.update(
        {name: chosen.winner for name, part in zip(unit.attributes, chosen.parts, strict=True) if part is not None or says_nothing}
    )


def _living(
    rules: SurvivorshipRules, members: Mapping[int, Member], pins: Sequence[Pin], day: date
) -> tuple[dict[str, Pin], tuple[Lapse, ...]]:
    living: dict[str, Pin] = {}
    lapsed: list[Lapse] = []
    units = {unit.name: unit for unit in rules.units} if pins else {}
    for pin in sorted((pin for pin in pins if pin.unit in units), key=lambda pin: pin.id):
        reason = lapse_of(pin, units[pin.unit], members, day)
        if reason is None:
            living[pin.unit] = pin
        else:
            lapsed.append(Lapse(pin.id, reason))
    return living, tuple(lapsed)


def _pinned(pin: Pin, unit: Unit, members: Mapping[int, Member]) -> _Choice:
    source = members[pin.record_id].source if pin.record_id is not None else None
    return _Choice(standing_parts(pin, unit, members), Winner(pin.record_id, source, PINNED, pin.id))


def _choice(unit: Unit, members: Sequence[Member], day: date) -> _Choice | None:
    candidates = _plain_candidates(unit, members) if unit.terms is None else _candidates(unit, unit.terms, members, day)
    if not candidates:
        return None
    if unit.terms is not None and unit.terms.union is not None:
        return _united(unit, unit.terms.union, candidates)
    chosen, rule = _choose(unit, candidates)
    return _Choice(chosen.parts, Winner(chosen.member.record_id, chosen.member.source, rule))


def _plain_candidates(unit: Unit, members: Sequence[Member]) -> list[Candidate]:
    if len(unit.attributes) == 1:
        (name,) = unit.attributes
        return [Candidate(member, (value,), member.trust) for member in members if (value := member.values.get(name)) is not None]
    found = []
    for member in members:
        parts = unit.parts_of(member)
        if any(part is not None for part in parts):
            found.append(Candidate(member, parts, member.trust))
    return found


def _candidates(unit: Unit, terms: Terms, members: Sequence[Member], day: date) -> list[Candidate]:
    found = []
    for member in members:
        parts, age = unit.parts_of(member), member.age(day)
        if not _says_something(unit, terms, member, parts):
            continue
        is_valid = unit.is_valid(member, parts)
        if (terms.only_valid and not is_valid) or (terms.younger_than is not None and age >= terms.younger_than):
            continue
        trust = terms.trust_in(member.source).at(age, general=member.trust, is_valid=is_valid)
        found.append(Candidate(member, parts, trust))
    return found


def _says_something(unit: Unit, terms: Terms, member: Member, parts: Parts) -> bool:
    return any(part is not None for part in parts) or (terms.empty_counts and not member.sent_empty.isdisjoint(unit.attributes))


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


def _united(unit: Unit, longest: int, candidates: list[Candidate]) -> _Choice:
    """Join the distinct values, the one that would win first; what the column has no room for is left out as a whole."""
    first, rule = _choose(unit, [each for each in candidates if each.parts != (None,)] or candidates)
    joined, also, rest = str(first.parts[0]), [], _without(first, candidates)
    while rest:
        following, _ = _choose(unit, rest)
        longer = f"{joined}{SEPARATOR}{following.parts[0]}"
        if len(longer) <= longest:
            joined = longer
            also.append(following.member.record_id)
        rest = _without(following, rest)
    parts = (joined,) if also else first.parts
    return _Choice(parts, Winner(first.member.record_id, first.member.source, UNION if also else rule, also=tuple(also)))


def _without(candidate: Candidate, others: Sequence[Candidate]) -> list[Candidate]:
    """Give what is left beside a value, and beside those that say that there is none."""
    return [each for each in others if each.parts not in (candidate.parts, (None,))]


def _next_change(unit: Unit, members: Sequence[Member], day: date, now: _Choice | None) -> date | None:
    """Give the first later day on which something else is chosen, the members being what they are."""
    if unit.terms is None:
        return None
    step = _next_step(unit, unit.terms, members, day)
    while step is not None and _choice(unit, members, step) == now:
        step = _next_step(unit, unit.terms, members, step)
    return step


def _next_step(unit: Unit, terms: Terms, members: Sequence[Member], day: date) -> date | None:
    """Give the first later day on which a record is no longer young enough, or is trusted less."""
    if terms.younger_than is None and all(trust.period is None for trust in terms.trust.values()):
        return None
    days = []
    for member in members:
        parts, born = unit.parts_of(member), member.as_of.date()
        if not _says_something(unit, terms, member, parts):
            continue
        age = member.age(day)
        if terms.younger_than is not None and age < terms.younger_than:
            days.append(born + timedelta(days=terms.younger_than))
        is_valid = unit.is_valid(member, parts)
        less = terms.trust_in(member.source).next_change(age, general=member.trust, is_valid=is_valid)
        if less is not None:
            days.append(born + timedelta(days=less))
    return min(days, default=None)


def _precedence(member: Member) -> tuple[int, float, int]:
    return (-member.trust, -member.as_of.timestamp(), member.record_id)
