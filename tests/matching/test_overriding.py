"""Overrides: what a steward says stands, for how long, and where it goes when golden records are merged and parted."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from golden_records import merging
from golden_records.entities import entity_type
from golden_records.errors import NothingToUndo, StaleWrite
from golden_records.models import GoldenCustomer, MergeReceipt, Override, SourceRecord
from golden_records.models.golden import new_canonical_id
from golden_records.overriding import InvalidOverride, OverrideStands, Wish
from golden_records.sources import SourceRecordDraft
from matching import overriding, turning, verifying
from matching.intake import submit_source_record
from matching.withdrawal import withdraw_source_record
from tests.factories import a_change, a_record, a_source, into

pytestmark = pytest.mark.django_db
CUSTOMER = entity_type("customer")
ACME: dict[str, Any] = {"legal_name": "Acme Conseil", "registration_id": "732829320", "city": "Lyon", "postcode": "69002", "country": "FR"}
PHONE = {"phone": "+33 1 42 68 53 00"}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let days pass: `later(days=3)`."""

    def pass_days(*, days: int) -> None:
        now = datetime.now(UTC) + timedelta(days=days)
        monkeypatch.setattr(timezone, "now", lambda: now)

    return pass_days


def golden(golden_id: UUID) -> GoldenCustomer:
    return GoldenCustomer.objects.get(pk=golden_id)


def pinned(golden_id: UUID, unit: str = "segment", value: Any = "right", **more: Any) -> Override:
    wish = Wish(unit, **({"values": {unit: value}} | more))
    return overriding.override(CUSTOMER, golden_id, wish, change=a_change("the customer told us"))


def sent(external_id: str, source: str = "crm", **attributes: object) -> None:
    draft = SourceRecordDraft(CUSTOMER, a_source(source), external_id, attributes)
    submit_source_record(draft, change=a_change("sent"))


def offences() -> list[str]:
    """What is not as it must be."""
    return [str(offence) for finding in verifying.verify() for offence in finding.offences]


def state_of(override: Override) -> tuple[str, str]:
    override.refresh_from_db()
    return override.state, override.end


def two_that_agree() -> tuple[SourceRecord, SourceRecord]:
    """Two records of one firm, each in a golden record of its own."""
    return a_record("1", source="crm", segment="one"), a_record("2", source="erp", segment="two")


def merge(survivor: UUID, absorbed: UUID) -> MergeReceipt:
    with transaction.atomic():
        return merging.merge(
            CUSTOMER, survivor_id=survivor, absorbed_id=absorbed, change=a_change("one firm"), terms=merging.Terms({"judgement": 1})
        )


def unmerge(receipt: MergeReceipt) -> None:
    with transaction.atomic():
        merging.undo_merge(receipt, change=a_change("two firms"))


def test_a_pinned_value_stands_against_every_source_and_is_standardised_as_theirs_are() -> None:
    record = a_record("1", phone="+33 1 11 11 11 11", segment="one")
    made = pinned(record.golden_id, "phone", values=PHONE)
    now = golden(record.golden_id)
    assert now.phone == "+33142685300"
    assert now.lineage["phone"] == {"record": None, "source": None, "rule": "pinned", "rules": "customer-1", "pin": str(made.pk)}
    sent("1", phone="+33 1 22 22 22 22", segment="one")
    assert golden(record.golden_id).phone == "+33142685300"
    assert (made.owner, made.reason) == ("command:test", "the customer told us")
    assert offences() == []


def test_a_pinned_record_is_followed() -> None:
    strong = a_record("1", source="erp", segment="strong", **ACME)
    weak = into(a_record("2", source="crm", segment="weak", **ACME), strong.golden_id)
    pinned(strong.golden_id, values=None, record_id=weak.pk)
    assert golden(strong.golden_id).segment == "weak"
    sent("2", segment="weak again", **ACME)
    assert golden(strong.golden_id).segment == "weak again"


def test_a_group_is_pinned_as_a_whole() -> None:
    record = a_record("1", address_lines="1 rue Haute", city="Lyon", postcode="69002", country="FR")
    pinned(record.golden_id, "address", values={"city": "Paris", "country": "FR"})
    now = golden(record.golden_id)
    assert (now.address_lines, now.city, now.postcode, now.country) == (None, "Paris", None, "FR")
    assert offences() == []


def test_that_there_is_no_value_can_be_pinned() -> None:
    record = a_record("1", segment="wrong")
    pinned(record.golden_id, value=None)
    assert golden(record.golden_id).segment is None
    assert offences() == []


def test_ending_an_override_lets_the_rules_choose_again() -> None:
    record = a_record("1", segment="one")
    made = pinned(record.golden_id)
    overriding.end_override(made.pk, change=a_change("it was wrong"))
    now = golden(record.golden_id)
    assert (now.segment, now.pins, state_of(made)) == ("one", None, ("ended", "by_hand"))
    with pytest.raises(NothingToUndo):
        overriding.end_override(made.pk, change=a_change("again"))
    assert offences() == []


@pytest.mark.parametrize(
    ("wish", "hint"),
    [
        ({"unit": "colour", "values": {"colour": "red"}}, "'colour' is no attribute"),
        ({"unit": "segment"}, "either values or a source record"),
        ({"unit": "segment", "record_id": 4711}, "does not belong"),
        ({"unit": "parent", "values": {"parent": "0042"}}, "name a canonical id"),
        ({"unit": "phone", "values": {"phone": "no phone"}}, "phone: "),
        ({"unit": "segment", "values": {"colour": "red"}}, "colour: "),
        ({"unit": "segment", "values": {"segment": "x"}, "life": "for ever"}, "no life of an override"),
        ({"unit": "segment", "values": {"segment": "x"}, "life": "until_date"}, "needs its last day"),
        ({"unit": "segment", "values": {"segment": "x"}, "life": "until_date", "until": "yesterday"}, "has passed"),
        ({"unit": "segment", "values": {"segment": "one"}, "life": "until_confirmed"}, "over at once"),
    ],
)
def test_what_can_not_stand_is_refused_with_the_reason(wish: Mapping[str, Any], hint: str) -> None:
    record = a_record("1", segment="one")
    told = dict(wish)
    if told.get("until") == "yesterday":
        told["until"] = timezone.now().date() - timedelta(days=1)
    with pytest.raises(InvalidOverride, match=hint):
        overriding.override(CUSTOMER, record.golden_id, Wish(**told), change=a_change())
    assert not Override.objects.exists()


def test_an_attribute_is_overridden_once_and_only_of_a_golden_record_that_stands() -> None:
    one, two = two_that_agree()
    pinned(one.golden_id)
    with pytest.raises(OverrideStands):
        pinned(one.golden_id, value="other")
    merge(one.golden_id, two.golden_id)
    with pytest.raises(StaleWrite):
        pinned(two.golden_id)


def test_until_a_date_it_holds_on_that_day_and_lapses_the_next(later: Callable[..., None]) -> None:
    record = a_record("1", segment="one")
    made = pinned(record.golden_id, life="until_date", until=timezone.now().date() + timedelta(days=2))
    later(days=2)
    turning.turn(CUSTOMER, seconds=5)
    assert golden(record.golden_id).segment == "right"
    later(days=3)
    assert offences() == []
    turning.turn(CUSTOMER, seconds=5)
    assert (golden(record.golden_id).segment, state_of(made)) == ("one", ("lapsed", "date_passed"))
    assert offences() == []


def test_until_the_source_changes_it_lapses_when_the_source_says_something_else() -> None:
    record = a_record("1", segment="one", city="Lyon")
    made = pinned(record.golden_id, life="until_changed")
    sent("1", segment="one", city="Paris")
    assert state_of(made) == ("in_force", "")
    sent("1", segment="two", city="Paris")
    assert (golden(record.golden_id).segment, state_of(made)) == ("two", ("lapsed", "source_changed"))
    assert offences() == []


def test_until_it_is_confirmed_it_lapses_when_the_source_says_the_same() -> None:
    record = a_record("1", segment="one")
    made = pinned(record.golden_id, life="until_confirmed")
    sent("1", segment="two")
    assert golden(record.golden_id).segment == "right"
    sent("1", segment="right")
    assert (golden(record.golden_id).lineage["segment"]["source"], state_of(made)) == ("crm", ("lapsed", "source_confirmed"))


def test_a_pinned_record_that_is_withdrawn_ends_its_override() -> None:
    strong = a_record("1", source="erp", segment="strong")
    weak = into(a_record("2", source="crm", segment="weak"), strong.golden_id)
    made = pinned(strong.golden_id, values=None, record_id=weak.pk)
    withdraw_source_record(CUSTOMER, source="crm", external_id="2", withdrawn_at=None, change=a_change("gone"))
    assert (golden(strong.golden_id).segment, state_of(made)) == ("strong", ("lapsed", "record_gone"))
    assert offences() == []


def test_an_override_goes_with_the_records_in_a_merge_and_comes_back_when_that_is_undone() -> None:
    one, two = two_that_agree()
    made = pinned(two.golden_id)
    before = {key: (golden(key).segment, golden(key).pins) for key in (one.golden_id, two.golden_id)}
    receipt = merge(one.golden_id, two.golden_id)
    assert golden(one.golden_id).lineage["segment"]["pin"] == str(made.pk)
    assert offences() == []
    unmerge(receipt)
    assert {key: (golden(key).segment, golden(key).pins) for key in before} == before
    assert offences() == []


def test_where_both_are_overridden_the_survivor_keeps_its_own_and_the_other_sleeps(later: Callable[..., None]) -> None:
    one, two = two_that_agree()
    pinned(one.golden_id, value="of one")
    asleep = pinned(two.golden_id, value="of two", life="until_date", until=timezone.now().date() + timedelta(days=1))
    receipt = merge(one.golden_id, two.golden_id)
    assert golden(one.golden_id).segment == "of one"
    later(days=2)
    turning.turn(CUSTOMER, seconds=5)
    assert state_of(asleep) == ("lapsed", "date_passed")
    unmerge(receipt)
    assert (golden(one.golden_id).segment, golden(two.golden_id).segment) == ("of one", "two")
    assert offences() == []


def test_an_override_that_is_ended_while_its_golden_record_is_merged_away_does_not_come_back() -> None:
    one, two = two_that_agree()
    made = pinned(two.golden_id)
    receipt = merge(one.golden_id, two.golden_id)
    overriding.end_override(made.pk, change=a_change("it was wrong"))
    assert golden(one.golden_id).pins is None
    unmerge(receipt)
    assert (golden(two.golden_id).segment, golden(two.golden_id).pins) == ("two", None)
    assert offences() == []


def test_merges_of_merges_are_undone_in_any_order() -> None:
    one, two = two_that_agree()
    three = a_record("3", source="shop", segment="three")
    of_three = pinned(three.golden_id, value="of three")
    first = merge(two.golden_id, three.golden_id)
    second = merge(one.golden_id, two.golden_id)
    assert golden(one.golden_id).segment == "of three"
    unmerge(first)
    assert (golden(three.golden_id).segment, golden(one.golden_id).pins) == ("of three", None)
    unmerge(second)
    assert (golden(two.golden_id).segment, golden(two.golden_id).pins) == ("two", None)
    assert state_of(of_three) == ("in_force", "")
    assert offences() == []


def test_when_records_are_parted_the_override_stays_with_the_canonical_id() -> None:
    one = a_record("1", source="crm", segment="one")
    two = into(a_record("2", source="erp", segment="two"), one.golden_id)
    pinned(one.golden_id)
    moved = into(two, new_canonical_id())
    assert (golden(one.golden_id).segment, golden(moved.golden_id).segment) == ("right", "two")
    assert golden(moved.golden_id).pins is None
    assert offences() == []


def test_verify_names_an_override_that_is_carried_and_does_not_stand_and_one_that_stands_and_is_not_carried() -> None:
    record = a_record("1", segment="one")
    made = pinned(record.golden_id)
    Override.objects.filter(pk=made.pk).update(state="ended")
    assert [offence.ids["override"] for offence in found_by("overrides")] == [str(made.pk)]
    Override.objects.filter(pk=made.pk).update(state="in_force")
    assert found_by("overrides") == []
    GoldenCustomer.objects.filter(pk=record.golden_id).update(pins=None)
    assert [offence.ids["override"] for offence in found_by("overrides")] == [str(made.pk)]
    assert [offence.ids["golden"] for offence in found_by("values")] == [str(record.golden_id)]


def found_by(check: str) -> list[Any]:
    """What one check of `verify` finds."""
    return [offence for finding in verifying.verify() if finding.check.name == check for offence in finding.offences]
