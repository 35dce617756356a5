"""What rules may ask of a value beside a chain of strategies, one example each."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from golden_records.survivorship.members import Member
from golden_records.survivorship.rules import Reads
from tests.golden_records.survivorship.making import START, TODAY, member, rules, survived


def name_by(**terms: Any) -> Any:
    """Rules whose names go by these terms."""
    return rules(attributes={"name": terms})


def test_three_clocks_give_three_answers() -> None:
    changed = member(1, day=9, arrived=10, name="changed last in its source")
    arrived = member(2, day=1, arrived=20, name="arrived last")
    confirmed = replace(member(3, day=2, arrived=5, name="confirmed last"), confirmed_at=START + timedelta(days=30))
    for strategy, told in (("most_recent", "changed"), ("last_arrived", "arrived"), ("last_confirmed", "confirmed")):
        found = survived(name_by(by=[strategy]), [changed, arrived, confirmed])
        assert str(found.values["name"]).startswith(told)
        assert found.winners["name"].rule == strategy


def test_only_what_is_young_enough_stands_and_the_day_it_goes_is_known() -> None:
    by = name_by(younger_than="30 days")
    day = START.date() + timedelta(days=29)
    found = survived(by, [member(1, day=0, name="Acme")], day=day)
    assert (found.values["name"], found.due) == ("Acme", START.date() + timedelta(days=30))
    gone = survived(by, [member(1, day=0, name="Acme")], day=day + timedelta(days=1))
    assert (gone.values["name"], gone.winners.get("name"), gone.due) == (None, None, None)


def test_only_a_valid_value_stands() -> None:
    by = rules(attributes={"name": {"valid": "siren", "only_if": "valid"}, "email": {"only_if": "valid"}})
    wrong, right = member(1, trust=90, name="552100555"), member(2, trust=10, name="552100554")
    assert survived(by, [wrong, right]).values["name"] == "552100554"
    assert survived(by, [wrong]).values["name"] is None
    doubted = replace(member(3, email="a@b.fr"), warned=frozenset({"email"}))
    assert survived(by, [doubted]).values["email"] is None


@pytest.mark.parametrize(
    ("value", "check", "valid"),
    [
        ("552100554", "siren", True),
        ("55210055400013", "siren", True),
        ("55210055400014", "siren", False),
        ("5521005", "siren", False),
        ("HRB 552100", "siren", False),
        ("969500KSV493XWY0PS34", "lei", False),
        ("HWUPKR0MPOU8FGXBT394", "lei", True),
    ],
)
def test_what_counts_as_valid(value: str, check: str, *, valid: bool) -> None:
    by = name_by(valid=check, only_if="valid")
    assert (survived(by, [member(1, name=value)]).values["name"] is not None) == valid


def test_that_a_source_sent_nothing_may_win_where_the_rules_let_it() -> None:
    emptied = replace(member(1, trust=90), sent_empty=frozenset({"name"}))
    silent = member(2, trust=95)
    other = member(3, trust=10, name="Acme")
    counts = survived(name_by(empty="counts"), [emptied, silent, other])
    assert (counts.values["name"], counts.winners["name"][:3]) == (None, (1, "source 90", "most_trusted"))
    assert survived(name_by(empty="ignored"), [emptied, silent, other]).values["name"] == "Acme"


def test_trust_is_said_for_an_attribute_and_a_source_and_decays() -> None:
    by = rules(trust={"name": {"source 90": {"maximum": 80, "minimum": 20, "over": "100 days"}, "*": 50}})
    old, other = member(1, trust=90, day=0, name="old"), member(2, trust=10, day=0, name="steady")
    young = survived(by, [old, other], day=START.date())
    assert young.values["name"] == "old"
    # Of whole points, 50 are left on the 49th day: as much as the other has, so that another strategy decides from then on.
    assert young.due == START.date() + timedelta(days=49)
    assert survived(by, [old, other], day=START.date() + timedelta(days=51)).values["name"] == "steady"


def test_an_invalid_value_is_trusted_less() -> None:
    doubted = replace(member(1, trust=90, name="doubted"), warned=frozenset({"name"}))
    by = rules(trust={"default": {"*": {"invalid_at_most": 5}}})
    assert survived(rules(), [doubted, member(2, trust=10, name="plain")]).values["name"] == "doubted"
    assert survived(by, [doubted, member(2, trust=10, name="plain")]).values["name"] == "plain"


def test_the_union_has_every_value_once_the_best_first_and_whole_ones_only() -> None:
    by = rules(attributes={"email": {"union": True, "by": ["most_trusted"]}})
    members = [
        member(1, trust=10, email="c@acme.fr"),
        member(2, trust=90, email="a@acme.fr"),
        member(3, trust=50, email="b@acme.fr"),
        member(4, trust=40, email="a@acme.fr"),
    ]
    found = survived(by, members)
    assert found.values["email"] == "a@acme.fr | b@acme.fr | c@acme.fr"
    assert found.winners["email"] == (2, "source 90", "union", None, (3, 1))
    long = member(5, trust=80, email="x" * 55)
    assert survived(by, [*members, long]).values["email"] == "a@acme.fr | b@acme.fr | c@acme.fr"
    assert survived(by, [long]).winners["email"].rule == "only_value"


def test_rules_say_what_they_must_know_of_records() -> None:
    assert rules().reads == frozenset()
    assert rules(default=["last_confirmed"]).reads == {Reads.CONFIRMED}
    assert name_by(only_if="valid").reads == {Reads.PROBLEMS}
    assert name_by(only_if="valid", valid="siren").reads == frozenset()
    assert name_by(empty="counts").reads == {Reads.SENT_EMPTY}


def test_a_day_changes_nothing_where_no_rule_looks_at_it() -> None:
    members: list[Member] = [member(1, name="a"), member(2, name="b")]
    assert survived(rules(), members, day=TODAY + timedelta(days=5_000)) == survived(rules(), members)
