from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_records.survivorship.members import Candidate, Member, Value
from golden_records.survivorship.strategies import ONE_ATTRIBUTE_ONLY, STRATEGIES
from tests.golden_records.survivorship.making import START, member_lists, rules, survived


@pytest.mark.parametrize(
    ("strategy", "attribute", "values", "winner"),
    [
        ("longest", "name", ["Acme", "Acme Industries", "ACME SA"], "Acme Industries"),
        ("most_frequent", "name", ["B", "A", "B"], "B"),
        ("minimum", "score", [Decimal("7.50"), Decimal("1.00")], Decimal("1.00")),
        ("maximum", "score", [Decimal("7.50"), Decimal("10.00")], Decimal("10.00")),
        ("minimum", "born", [date(1990, 1, 1), date(1980, 1, 1)], date(1980, 1, 1)),
        ("maximum", "name", ["a", "b"], "b"),
        ("most_recent", "name", ["day 0", "day 1", "day 2"], "day 2"),
        ("last_arrived", "name", ["day 0", "day 1", "day 2"], "day 2"),
        ("last_confirmed", "name", ["day 0", "day 1", "day 2"], "day 2"),
        ("most_trusted", "name", ["trust 0", "trust 1"], "trust 1"),
    ],
)
def test_known_answers(strategy: str, attribute: str, values: list[Value], winner: Value) -> None:
    members = [
        Member(place, "any", place, START + timedelta(days=place), START + timedelta(days=50 + place), {attribute: value})
        for place, value in enumerate(values)
    ]
    found = survived(rules(attributes={attribute: [strategy]}), members)
    assert (found.values[attribute], found.winners[attribute].rule) == (winner, strategy)


@given(members=member_lists, name=st.sampled_from(sorted(STRATEGIES)))
def test_a_strategy_keeps_some_of_what_it_is_given_and_is_not_moved_by_asking_twice(members: list[Member], name: str) -> None:
    candidates = [Candidate(each, (each.values["name"],), each.trust) for each in members if each.values["name"] is not None]
    if not candidates:
        return
    kept = STRATEGIES[name](candidates)
    assert kept
    assert all(each in candidates for each in kept)
    assert STRATEGIES[name](kept) == kept


def test_strategies_for_single_attributes_are_strategies() -> None:
    assert STRATEGIES.keys() > ONE_ATTRIBUTE_ONLY
