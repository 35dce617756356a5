from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from golden_records.survivorship.members import Member
from golden_records.survivorship.survive import contenders
from tests.golden_records.survivorship.making import GROUPS, chains, member, member_lists, rules, survived


def test_the_first_strategy_that_tells_the_values_apart_decides_and_is_named() -> None:
    members = [
        member(1, trust=50, day=9, name="Acme"),
        member(2, trust=80, day=1, name="ACME SA"),
        member(3, trust=80, day=5, name="Acme Ltd"),
    ]
    found = survived(rules(), members)
    assert found.values["name"] == "Acme Ltd"
    assert found.winners["name"][:3] == (3, "source 80", "most_recent")


def test_a_value_that_only_one_record_has_stands_however_little_it_is_trusted() -> None:
    found = survived(rules(), [member(1, trust=90), member(2, trust=1, email="a@b.fr")])
    assert found.winners["email"][:3] == (2, "source 1", "only_value")


def test_records_that_agree_need_no_strategy_and_the_most_trusted_is_named() -> None:
    found = survived(rules(), [member(1, trust=10, name="Acme"), member(2, trust=20, name="Acme")])
    assert found.winners["name"][:3] == (2, "source 20", "agreement")


def test_where_every_strategy_leaves_two_values_the_first_record_decides() -> None:
    found = survived(rules(), [member(7, name="B"), member(3, name="C"), member(5, name="A")])
    assert found.values["name"] == "C"
    assert found.winners["name"].rule == "tie_break"


def test_an_address_is_never_put_together_from_two_records() -> None:
    members = [member(1, day=1, street="1 rue Haute", city="Lyon"), member(2, day=5, city="Paris")]
    found = survived(rules(groups={"address": ["most_recent"]}), members)
    assert (found.values["street"], found.values["city"]) == (None, "Paris")
    assert "street" not in found.winners
    complete = survived(rules(groups={"address": ["most_complete", "most_recent"]}), members)
    assert (complete.values["street"], complete.values["city"]) == ("1 rue Haute", "Lyon")
    assert complete.winners["street"].rule == "most_complete"


def test_a_source_without_a_clock_is_as_recent_as_its_arrival() -> None:
    found = survived(rules(default=["most_recent"]), [member(1, day=5, name="old"), member(2, day=None, arrived=7, name="new")])
    assert found.values["name"] == "new"


def test_a_time_in_the_future_does_not_win_for_ever() -> None:
    typing_error = member(1, day=30_000, arrived=10, name="2107")
    assert survived(rules(default=["most_recent"]), [typing_error, member(2, day=20, arrived=21, name="now")]).values["name"] == "now"


def test_no_record_is_no_value() -> None:
    assert set(survived(rules(), []).values.values()) == {None}


def test_the_other_records_are_listed_with_what_they_say_and_whether_they_agree() -> None:
    members = [member(4, trust=10, name="Acme"), member(2, trust=90, name="Acme"), member(9, trust=20, name="Acne"), member(5)]
    others = contenders(survived(rules(), members), members)["name"]
    assert [(each.record_id, each.value, each.agrees) for each in others] == [(4, "Acme", True), (9, "Acne", False)]


@given(members=member_lists, chain=chains, group_chain=chains, seed=st.integers())
def test_the_order_of_the_records_does_not_matter(members: list[Member], chain: list[str], group_chain: list[str], seed: int) -> None:
    by = rules(default=chain, groups={"address": group_chain})
    shuffled = list(members)
    Random(seed).shuffle(shuffled)  # noqa: S311  # a seed that Hypothesis chose
    assert survived(by, members) == survived(by, shuffled)


@given(members=member_lists, chain=chains)
def test_every_value_is_that_of_its_winner_and_no_attribute_that_a_record_has_is_lost(members: list[Member], chain: list[str]) -> None:
    found = survived(rules(default=chain), members)
    by_id: dict[int | None, Member] = {each.record_id: each for each in members}
    assert found.values.keys() == GROUPS.keys()
    for name, value in found.values.items():
        assert (value is not None) == (name in found.winners)
        if value is not None:
            winner = by_id[found.winners[name].record_id]
            assert (winner.values[name], winner.source) == (value, found.winners[name].source)
    for name, group in GROUPS.items():
        if group is None:
            assert (found.values[name] is None) == all(each.values[name] is None for each in members)


@given(members=member_lists, chain=chains)
def test_the_parts_of_an_address_come_from_one_record(members: list[Member], chain: list[str]) -> None:
    found = survived(rules(groups={"address": chain}), members)
    assert len({found.winners[name].record_id for name in ("street", "city") if name in found.winners}) <= 1


@given(members=member_lists.filter(bool), chain=chains)
def test_what_survived_survives_again(members: list[Member], chain: list[str]) -> None:
    by = rules(default=chain)
    once = survived(by, members)
    latest = max(each.arrived_at for each in members) + timedelta(days=1)
    assert survived(by, [Member(1, "golden", 99, latest, latest, once.values)]).values == once.values
