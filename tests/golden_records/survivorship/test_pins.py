from datetime import timedelta

import pytest

from golden_records.survivorship.members import Member
from golden_records.survivorship.pins import LapseReason, Life, Pin
from tests.golden_records.survivorship.making import TODAY, member, rules, survived

ERP = member(1, trust=90, name="ACME SA")
CRM = member(2, trust=10, name="Acme")


def a_pin(life: Life = Life.UNTIL_ENDED, *, record: int | None = None, watched: int | None = 1) -> Pin:
    """A steward says 'Acme Group', or that the record is right; the most trusted record said 'ACME SA' then."""
    return Pin("pin", "name", record, ("Acme Group",), life, until=TODAY, watched=watched, watched_parts=("ACME SA",))


def test_a_pinned_value_stands_whatever_the_records_say_and_names_its_pin() -> None:
    found = survived(rules(), [ERP, CRM], pins=[a_pin()])
    assert (found.values["name"], found.winners["name"]) == ("Acme Group", (None, None, "pinned", "pin", ()))


def test_a_pinned_record_is_followed_when_it_changes() -> None:
    found = survived(rules(), [ERP, CRM], pins=[a_pin(record=2)])
    assert (found.values["name"], found.winners["name"]) == ("Acme", (2, "source 10", "pinned", "pin", ()))
    changed = survived(rules(), [ERP, member(2, trust=10, name="Acme II")], pins=[a_pin(record=2)])
    assert changed.values["name"] == "Acme II"


def test_a_pin_may_say_that_there_is_no_value() -> None:
    nothing = Pin("pin", "name", None, (None,))
    found = survived(rules(), [ERP, CRM], pins=[nothing])
    assert (found.values["name"], found.winners["name"].rule) == (None, "pinned")


@pytest.mark.parametrize(
    ("pin", "members", "reason"),
    [
        (a_pin(Life.UNTIL_CHANGED), [ERP, CRM], None),
        (a_pin(Life.UNTIL_CHANGED), [member(1, trust=90, name="ACME SAS"), CRM], LapseReason.SOURCE_CHANGED),
        (a_pin(Life.UNTIL_CHANGED), [CRM], LapseReason.SOURCE_CHANGED),
        (a_pin(Life.UNTIL_CHANGED, watched=None), [member(3)], None),
        (a_pin(Life.UNTIL_CHANGED, watched=None), [CRM], LapseReason.SOURCE_CHANGED),
        (a_pin(Life.UNTIL_CONFIRMED), [ERP, member(2, name="Acme Group")], None),
        (a_pin(Life.UNTIL_CONFIRMED), [member(1, trust=90, name="Acme Group"), CRM], LapseReason.SOURCE_CONFIRMED),
        (a_pin(Life.UNTIL_CONFIRMED), [member(2, name="Acme Group")], LapseReason.SOURCE_CONFIRMED),
        (a_pin(Life.UNTIL_CONFIRMED, record=2), [ERP, CRM], None),
        (a_pin(Life.UNTIL_CONFIRMED, record=2), [member(1, name="Acme"), CRM], LapseReason.SOURCE_CONFIRMED),
        (a_pin(record=2), [ERP], LapseReason.RECORD_GONE),
    ],
)
def test_when_a_pin_ends(pin: Pin, members: list[Member], reason: LapseReason | None) -> None:
    found = survived(rules(), members, pins=[pin])
    assert found.lapsed == (() if reason is None else (("pin", reason),))
    assert (found.values["name"] == survived(rules(), members).values["name"]) == (reason is not None)


def test_a_pin_until_a_date_holds_on_that_day_and_the_next_day_is_due() -> None:
    pin = a_pin(Life.UNTIL_DATE)
    today = survived(rules(), [ERP, CRM], pins=[pin])
    assert (today.values["name"], today.due) == ("Acme Group", TODAY + timedelta(days=1))
    after = survived(rules(), [ERP, CRM], pins=[pin], day=TODAY + timedelta(days=1))
    assert (after.values["name"], after.lapsed) == ("ACME SA", (("pin", LapseReason.DATE_PASSED),))
