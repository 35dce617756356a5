"""What holds of survivorship whatever the rules, records, pins and day."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from golden_records.survivorship.members import Member
from golden_records.survivorship.pins import Life, Pin, lapse_of
from golden_records.survivorship.rules import SurvivorshipRules
from golden_records.survivorship.survive import PINNED
from golden_records.survivorship.trust import CURVES, Trust
from tests.golden_records.survivorship.making import GROUPS, days, member_lists, rule_books, survived

UNITS = {"name": 1, "email": 1, "address": 2}


@st.composite
def pins_for(draw: st.DrawFn, members: Sequence[Member]) -> list[Pin]:
    """Pins of every kind, at most one for each unit."""
    found = []
    for number, (unit, width) in enumerate(UNITS.items()):
        if not draw(st.booleans()):
            continue
        record = draw(st.sampled_from([None, 99_999, *(each.record_id for each in members)]))
        parts = tuple(draw(st.none() | st.sampled_from(["Acme", "ACME SA", "pinned"])) for _ in range(width))
        watched = draw(st.sampled_from([None, *(each.record_id for each in members)]))
        until = draw(days)
        found.append(Pin(f"pin {number}", unit, record, parts, draw(st.sampled_from(Life)), until, watched, parts))
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[SurvivorshipRules, list[Member], list[Pin], date]:
    """Rules, members, pins and a day."""
    members = draw(member_lists)
    return draw(rule_books()), members, draw(pins_for(members)), draw(days)


@given(situation=situations(), seed=st.integers())
def test_neither_the_order_of_the_records_nor_that_of_the_pins_matters(situation: Any, seed: int) -> None:
    by, members, pins, day = situation
    chance = Random(seed)  # noqa: S311  # a seed that Hypothesis chose
    shuffled, moved = list(members), list(pins)
    chance.shuffle(shuffled)
    chance.shuffle(moved)
    assert survived(by, members, pins=pins, day=day) == survived(by, shuffled, pins=moved, day=day)


@given(situation=situations())
def test_what_stands_holds_up_to_the_day_that_is_named_and_not_on_that_day(situation: Any) -> None:
    by, members, pins, day = situation
    now = survived(by, members, pins=pins, day=day)
    for later in range(1, 60):
        then = survived(by, members, pins=pins, day=day + timedelta(days=later))
        same = (then.values, then.winners, then.lapsed) == (now.values, now.winners, now.lapsed)
        if now.due is not None and day + timedelta(days=later) >= now.due:
            assert not same
            return
        assert same


@given(situation=situations())
def test_a_pin_stands_as_long_as_it_lives_and_no_longer(situation: Any) -> None:
    by, members, pins, day = situation
    found = survived(by, members, pins=pins, day=day)
    lapsed = {lapse.pin for lapse in found.lapsed}
    without = survived(by, members, day=day)
    units = {unit.name: unit for unit in by.units}
    by_id = {each.record_id: each for each in members}
    for unit in UNITS:
        names = units[unit].attributes
        pin = next((each for each in pins if each.unit == unit), None)
        if pin is None or pin.id in lapsed:
            assert [found.values[name] for name in names] == [without.values[name] for name in names]
            continue
        assert lapse_of(pin, units[unit], by_id, day) is None
        said = pin.parts if pin.record_id is None else units[unit].parts_of(by_id[pin.record_id])
        assert tuple(found.values[name] for name in names) == said
        assert {found.winners[name].rule for name in names if name in found.winners} <= {PINNED}


@given(situation=situations())
def test_a_group_stands_as_one_record_said_it(situation: Any) -> None:
    by, members, _, day = situation
    found = survived(by, members, day=day)
    said = [(each.values["street"], each.values["city"]) for each in members]
    assert (found.values["street"], found.values["city"]) in [*said, (None, None)]


@given(situation=situations())
def test_a_value_that_stands_is_that_of_its_record_and_one_that_is_missing_was_said_to_be_or_kept_out(situation: Any) -> None:
    by, members, _, day = situation
    found = survived(by, members, day=day)
    by_id = {each.record_id: each for each in members}
    for name in ("born", "score", "street", "city"):
        if found.values[name] is not None:
            winner = by_id[found.winners[name].record_id]
            assert winner.values[name] == found.values[name]
    plain = {unit.name for unit in by.units if unit.terms is None}
    for name, group in GROUPS.items():
        if name in plain and group is None:
            assert (found.values[name] is None) == all(each.values[name] is None for each in members)


@given(situation=situations())
def test_one_record_alone_is_the_same_by_the_short_road_and_by_the_long_one(situation: Any) -> None:
    by, members, _, day = situation
    if not members or not by.alone_all_stands:
        return
    elsewhere = Pin("elsewhere", "none of the units", None, (None,))
    assert survived(by, members[:1], day=day) == survived(by, members[:1], pins=[elsewhere], day=day)


@given(
    curve=st.sampled_from(sorted(CURVES)),
    ends=st.tuples(st.integers(0, 100), st.integers(0, 100)),
    period=st.integers(1, 800),
    ages=st.tuples(st.integers(0, 900), st.integers(0, 900)),
    is_valid=st.booleans(),
)
def test_trust_never_grows_with_age_and_stays_between_its_bounds(
    curve: str, ends: tuple[int, int], period: int, ages: tuple[int, int], *, is_valid: bool
) -> None:
    trust = Trust(max(ends), min(ends), period, CURVES[curve], invalid_at_most=60)
    younger, older = sorted(ages)
    before, after = (trust.at(age, general=50, is_valid=is_valid) for age in (younger, older))
    assert after <= before <= max(ends)
    assert after >= min(*ends, 60)
    assert trust.at(period, general=50, is_valid=True) == min(ends)
    change = trust.next_change(younger, general=50, is_valid=is_valid)
    known = [age for age in range(younger + 1, period + 1) if trust.at(age, general=50, is_valid=is_valid) != before]
    assert change == (known[0] if known else None)
