"""Which four-eyes rule covers what somebody wants to do to golden records: the one question behind every road, a question's or by hand."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from golden_records import endorsing
from golden_records.entities import entity_type
from matching import valuing
from matching.models import FourEyesRule


@dataclass(frozen=True, slots=True)
class Matter:
    """What something is done to: golden records of one entity type, all that it touches."""

    entity: str
    golden_ids: frozenset[UUID]


def rules_in_force() -> list[FourEyesRule]:
    """Give the rules in force. One statement."""
    return list(FourEyesRule.objects.filter(is_active=True))


def covered(matters: Mapping[int, Matter], rules: Iterable[FourEyesRule] | None = None) -> dict[int, FourEyesRule]:
    """Give the matters that a rule covers, with the first that does; of the rules in force, where none are named.

    It goes by what is at stake and confirmed now. One statement where no rule is in force, else a constant number for each entity type.
    """
    known = list(rules_in_force() if rules is None else rules)
    if not known:
        return {}
    values = _values(matters) if any(rule.value_from is not None for rule in known) else {}
    confirmed = _confirmed(matters) if any(rule.only_confirmed for rule in known) else set()
    found = {key: _first(known, matter, values.get(key, Decimal(0)), is_confirmed=key in confirmed) for key, matter in matters.items()}
    return {key: rule for key, rule in found.items() if rule is not None}


def _first(rules: Iterable[FourEyesRule], matter: Matter, value: Decimal, *, is_confirmed: bool) -> FourEyesRule | None:
    fits = (
        rule
        for rule in rules
        if rule.entity in {"", matter.entity}
        and (rule.value_from is None or value >= rule.value_from)
        and (is_confirmed or not rule.only_confirmed)
    )
    return next(fits, None)


def _values(matters: Mapping[int, Matter]) -> dict[int, Decimal]:
    found: dict[int, Decimal] = {}
    for name, own in _by_entity(matters).items():
        found |= valuing.at_stake(entity_type(name), own)
    return found


def _confirmed(matters: Mapping[int, Matter]) -> set[int]:
    """Give the matters of which a golden record is confirmed, or one that leads to it."""
    found: set[int] = set()
    for name, own in _by_entity(matters).items():
        marked = endorsing.standing(entity_type(name), {golden_id for ids in own.values() for golden_id in ids}).keys()
        found |= {key for key, ids in own.items() if not marked.isdisjoint(ids)}
    return found


def _by_entity(matters: Mapping[int, Matter]) -> dict[str, dict[int, Collection[UUID]]]:
    groups: dict[str, dict[int, Collection[UUID]]] = {}
    for key, matter in matters.items():
        groups.setdefault(matter.entity, {})[key] = matter.golden_ids
    return groups
