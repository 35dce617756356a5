"""Members and rules for the tests of survivorship."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

import golden_records
from golden_records.survivorship.members import Member, Value
from golden_records.survivorship.pins import Pin
from golden_records.survivorship.reading import parse_rules
from golden_records.survivorship.rules import SurvivorshipRules
from golden_records.survivorship.survive import Survived, survive

GROUPS = {"name": None, "email": None, "born": None, "score": None, "street": "address", "city": "address"}
UNIONS = {"name": 60, "email": 60}
START = datetime(2025, 1, 1, tzinfo=UTC)
TODAY = (START + timedelta(days=100)).date()


def rules(**parts: Any) -> SurvivorshipRules:
    """Rules for the attributes of `GROUPS`."""
    document = {"entity": "thing", "version": "thing-1", "default": ["most_trusted", "most_recent"], **parts}
    return parse_rules(document, entity="thing", groups=GROUPS, unions=UNIONS)


def survived(by: SurvivorshipRules, members: Iterable[Member], *, pins: Sequence[Pin] = (), day: date = TODAY) -> Survived:
    """What stands today, or on another day."""
    return survive(by, members, pins=pins, day=day)


def member(record_id: int, *, trust: int = 50, day: int | None = 0, arrived: int = 100, **values: Value | None) -> Member:
    """A source record; `day` is when its source changed it, None where the source does not say."""
    changed = None if day is None else START + timedelta(days=day)
    return Member(record_id, f"source {trust}", trust, changed, START + timedelta(days=arrived), values)


def shipped_document(name: str) -> Any:
    """The document of the rules that the product ships for an entity type."""
    return yaml.safe_load((Path(golden_records.__file__).parent / "rules" / f"{name}.yml").read_text(encoding="utf-8"))


_TEXTS = st.none() | st.sampled_from(["Acme", "ACME SA", "Acme Industries", "é", "x"])
_MEMBERS = st.builds(
    Member,
    record_id=st.integers(1, 10_000),
    source=st.sampled_from(["crm", "erp", "shop"]),
    trust=st.integers(0, 3),
    source_updated_at=st.none() | st.integers(0, 5).map(lambda day: START + timedelta(days=day)),
    arrived_at=st.integers(0, 5).map(lambda day: START + timedelta(days=day)),
    values=st.fixed_dictionaries(
        {
            "name": _TEXTS,
            "email": _TEXTS,
            "born": st.none() | st.sampled_from([date(1980, 1, 1), date(1990, 2, 2)]),
            "score": st.none() | st.sampled_from([Decimal("1.00"), Decimal("7.50")]),
            "street": _TEXTS,
            "city": _TEXTS,
        }
    ),
    confirmed_at=st.none() | st.integers(0, 9).map(lambda day: START + timedelta(days=day)),
    sent_empty=st.frozensets(st.sampled_from(["name", "email", "city"])),
    warned=st.frozensets(st.sampled_from(["name", "email", "city"])),
)
member_lists = st.lists(_MEMBERS, min_size=0, max_size=6, unique_by=lambda each: each.record_id)
"""Members with few distinct values, so that ties happen all the time."""

chains = st.lists(
    st.sampled_from(["most_trusted", "most_recent", "last_arrived", "last_confirmed", "most_complete", "longest", "most_frequent"]),
    min_size=1,
    max_size=4,
    unique=True,
)
"""Chains of strategies that fit attributes and groups."""

days = st.integers(-1, 40).map(lambda day: (START + timedelta(days=day)).date())
"""Days around those on which the members were true."""


def _terms(chain: st.SearchStrategy[list[str]], *, single: bool) -> st.SearchStrategy[dict[str, Any]]:
    optional = {
        "only_if": st.sampled_from(["any", "valid"]),
        "younger_than": st.integers(1, 12).map(lambda days: f"{days} days"),
        "empty": st.sampled_from(["ignored", "counts"]),
    }
    return st.fixed_dictionaries({"by": chain}, optional=optional | ({"union": st.booleans()} if single else {}))


@st.composite
def _trusts(draw: st.DrawFn) -> dict[str, Any]:
    least, most = sorted(draw(st.tuples(st.integers(0, 100), st.integers(0, 100))))
    over, curve = draw(st.integers(1, 20)), draw(st.sampled_from(["linear", "fast_first", "slow_first", "at_once"]))
    return {"maximum": most, "minimum": least, "over": f"{over} days", "curve": curve, "invalid_at_most": draw(st.integers(0, 100))}


@st.composite
def rule_books(draw: st.DrawFn) -> SurvivorshipRules:
    """Rules of every kind at once."""
    sources = st.dictionaries(st.sampled_from(["crm", "erp", "shop", "*"]), st.integers(0, 100) | _trusts(), max_size=3)
    return rules(
        default=draw(chains),
        attributes=draw(st.fixed_dictionaries({}, optional={name: _terms(chains, single=True) for name in UNIONS})),
        groups=draw(st.fixed_dictionaries({}, optional={"address": _terms(chains, single=False)})),
        trust=draw(st.dictionaries(st.sampled_from(["default", "name", "address"]), sources, max_size=3)),
    )
