"""What changes golden records although no source record changed: the day, and confirmations."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from golden_records.entities import entity_type
from golden_records.models import ChangeEvent, Confirmation, GoldenCustomer, SurvivorshipVersion
from golden_records.sources import SourceRecordDraft, store, understand
from matching import turning, verifying
from tests.factories import a_change, a_record, a_source, into

pytestmark = pytest.mark.django_db
CUSTOMER = entity_type("customer")


def in_force(**parts: Any) -> None:
    """Put rules in force, as the next version."""
    lines = ["entity: customer", "version: test", "default: [most_trusted]", *(f"{name}: {text}" for name, text in parts.items())]
    number = SurvivorshipVersion.objects.filter(entity="customer").count() + 1
    told = {"version": f"test-{number}", "document": "\n".join(lines), "reason": "", "author": "", "published_at": timezone.now()}
    SurvivorshipVersion.objects.bulk_create([SurvivorshipVersion(entity="customer", number=number, **told)])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let days pass: `later(days=3)`."""

    def pass_days(*, days: int) -> None:
        now = datetime.now(UTC) + timedelta(days=days)
        monkeypatch.setattr(timezone, "now", lambda: now)

    return pass_days


def offences() -> list[str]:
    """What is not as it must be of values and where they come from."""
    found = (finding for finding in verifying.verify() if finding.check.name in {"values", "provenance", "replay", "told"})
    return [str(offence) for finding in found for offence in finding.offences if "history" not in offence.told]


def test_the_day_alone_takes_a_value_away_with_an_event_and_a_reason(later: Any) -> None:
    in_force(attributes="{phone: {younger_than: 3 days}}")
    golden = a_record("1", phone="+33 1 42 68 53 00", legal_name="Acme").golden
    assert (golden.phone, golden.due_on) == ("+33142685300", timezone.now().date() + timedelta(days=3))
    assert turning.turn(CUSTOMER, seconds=5) is False
    assert GoldenCustomer.objects.get(pk=golden.pk).version == golden.version
    later(days=3)
    # Between midnight and the task, what stood yesterday is no offence.
    assert offences() == []
    turning.turn(CUSTOMER, seconds=5)
    now = GoldenCustomer.objects.get(pk=golden.pk)
    assert (now.phone, now.due_on, now.version, now.legal_name) == (None, None, golden.version + 1, "Acme")
    event = ChangeEvent.objects.latest("id")
    assert (event.attributes, event.reason) == (["phone"], "the day has changed what survives")
    assert offences() == []


def test_trust_that_decays_hands_over_on_the_day(later: Any) -> None:
    in_force(trust="{segment: {crm: {maximum: 90, minimum: 0, over: 9 days}, erp: 50}}")
    old = a_record("1", source="crm", segment="old")
    into(a_record("2", source="erp", segment="steady"), old.golden_id)
    assert GoldenCustomer.objects.get(pk=old.golden_id).segment == "old"
    later(days=5)
    turning.turn(CUSTOMER, seconds=5)
    assert GoldenCustomer.objects.get(pk=old.golden_id).segment == "steady"
    assert offences() == []


def again(external_id: str, source: str, **attributes: object) -> None:
    """A source sends a record as it was."""
    draft = SourceRecordDraft(entity=CUSTOMER, source=a_source(source), external_id=external_id, attributes=attributes)
    with transaction.atomic():
        store(CUSTOMER, [understand(draft)], change=replace(a_change("sent again"), at=timezone.now()))


def test_a_source_that_sends_the_same_again_confirms_it_where_rules_ask_for_that(later: Any) -> None:
    in_force(attributes="{segment: [last_confirmed, most_trusted]}")
    first = a_record("1", source="crm", segment="first")
    into(a_record("2", source="erp", segment="second"), first.golden_id)
    later(days=2)
    again("1", "crm", segment="first")
    assert offences() == []
    turning.turn(CUSTOMER, seconds=5)
    golden = GoldenCustomer.objects.get(pk=first.golden_id)
    assert (golden.segment, golden.lineage["segment"]["rule"]) == ("first", "last_confirmed")
    assert Confirmation.objects.count() == 1
    again("1", "crm", segment="first")
    assert turning.turn(CUSTOMER, seconds=5) is False
    assert GoldenCustomer.objects.get(pk=first.golden_id).version == golden.version
    assert offences() == []


def test_nothing_is_noted_where_no_rule_asks_for_confirmations() -> None:
    a_record("1", segment="first")
    again("1", "crm", segment="first")
    assert not Confirmation.objects.exists()


def test_that_a_source_sent_nothing_counts_where_rules_say_so() -> None:
    in_force(attributes="{segment: {empty: counts, by: [most_recent]}}")
    said = a_record("1", source="crm", segment="said")
    into(a_record("2", source="erp", segment="", legal_name="Acme"), said.golden_id)
    golden = GoldenCustomer.objects.get(pk=said.golden_id)
    assert (golden.segment, golden.lineage["segment"]["source"]) == (None, "erp")
    assert offences() == []


def test_a_union_names_all_that_have_a_part_in_it_and_verify_looks_at_each() -> None:
    in_force(attributes="{segment: {union: true, by: [most_recent]}}")
    first = a_record("1", source="crm", segment="first")
    second = into(a_record("2", source="erp", segment="second"), first.golden_id)
    golden = GoldenCustomer.objects.get(pk=first.golden_id)
    told = golden.lineage["segment"]
    assert (golden.segment, told["rule"], told["record"], told["also"]) == ("second | first", "union", second.pk, [first.pk])
    assert offences() == []
    GoldenCustomer.objects.filter(pk=golden.pk).update(segment="second | third")
    assert offences() != []
