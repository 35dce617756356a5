"""Erasing a customer: what is gone, what goes on, and what becomes of a record that is sent again."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from golden_records import feed, privacy, selectors
from golden_records.change import Change
from golden_records.errors import Erased, UnknownGoldenRecord
from golden_records.models import (
    ChangeEvent,
    CustomerRecord,
    Erasure,
    GoldenCustomer,
    Override,
    OverrideLife,
    OverrideState,
    SourceSystem,
    WhenSentAgain,
)
from golden_records.models.golden import new_canonical_id
from golden_records.overriding import Wish
from golden_records.sources import StoreOutcome, store, understand
from matching import overriding, review
from matching.erasure import erase
from matching.models import BlockingKey, Judgement, JudgementValue, MatchDecision, ReviewTask
from matching.verifying import verify
from matching.waiting import match_all_waiting
from matching.withdrawal import withdraw_source_record
from tests.factories import a_record, into
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, PROJECT, Submit, by_test, draft

pytestmark = pytest.mark.django_db
ASKED = Change(actor="command:test", reason="request 17")


def erased(canonical_id: Any, **how: Any) -> Erasure:
    return erase(CUSTOMER, canonical_id=canonical_id, change=Change(actor="command:test", reason="request 17"), **how)


def everything_holds() -> None:
    assert [(finding.check.name, finding.offences) for finding in verify() if finding.count] == []


def test_an_erased_customer_has_no_value_left_and_its_id_says_that_it_was_erased(submitted: Submit) -> None:
    acme = submitted("crm", "1", **ACME)
    assert submitted("erp", "9", **ACME_IN_ERP).canonical_id == acme.canonical_id
    erasure = erased(acme.canonical_id)
    golden = GoldenCustomer.objects.get(pk=acme.canonical_id)
    assert (golden.state, golden.legal_name, golden.lineage, golden.member_count) == ("erased", None, {}, 0)
    assert {entry.legal_name for entry in golden.history.all()} == {None}
    with pytest.raises(Erased):
        selectors.golden(CUSTOMER, acme.canonical_id)
    assert erasure.counts["blocking keys"] > 0
    assert not BlockingKey.objects.exists()
    everything_holds()


def test_of_its_source_records_a_tombstone_is_left_that_nobody_can_read(submitted: Submit) -> None:
    erased(submitted("crm", "acme-1", **ACME).canonical_id)
    record = CustomerRecord.objects.get()
    assert (record.state, record.payload, record.legal_name, record.fingerprint) == ("erased", {}, None, "")
    assert "acme-1" not in record.external_id
    assert {(entry.external_id, entry.email) for entry in record.history.all()} == {(record.external_id, None)}


def test_a_record_that_is_sent_again_is_suppressed(submitted: Submit, sources: dict[str, SourceSystem]) -> None:
    erased(submitted("crm", "1", **ACME).canonical_id)
    with pytest.raises(Erased):
        submitted("crm", "1", **ACME)
    with transaction.atomic():
        understood = understand(draft(sources["crm"], "1", "customer", dict(ACME)))
        assert [each.outcome for each in store(CUSTOMER, [understood], change=by_test())] == [StoreOutcome.SUPPRESSED]
    with pytest.raises(Erased):
        withdraw_source_record(CUSTOMER, source="crm", external_id="1", withdrawn_at=None, change=by_test())
    assert CustomerRecord.objects.count() == 1
    assert submitted("erp", "1", **ACME).outcome == "created"
    everything_holds()


def test_a_record_may_come_again_as_a_new_one_where_that_was_chosen_also_twice(submitted: Submit) -> None:
    first = submitted("crm", "1", **ACME).canonical_id
    erased(first, when_sent_again=WhenSentAgain.NEW)
    again = submitted("crm", "1", **ACME)
    assert (again.outcome, again.canonical_id != first) == ("created", True)
    erased(again.canonical_id, when_sent_again=WhenSentAgain.NEW)
    assert submitted("crm", "1", **ACME).outcome == "created"
    everything_holds()


def test_a_retired_id_that_leads_to_it_is_erased_with_it_and_its_merge_stays(submitted: Submit, steward: User) -> None:
    left, right = submitted("crm", "1", **ACME), submitted("crm", "2", legal_name=ACME["legal_name"])
    task = ReviewTask.objects.get()
    review.decide(task.pk, answer=JudgementValue.SAME, user=steward, comment="Acme told me so")
    absorbed = max(left.canonical_id, right.canonical_id)
    receipt = ReviewTask.objects.get().merge
    assert receipt is not None
    erased(absorbed)
    for canonical_id in (left.canonical_id, right.canonical_id):
        with pytest.raises(Erased):
            selectors.golden(CUSTOMER, canonical_id)
    assert not Judgement.objects.exists()
    assert not ReviewTask.objects.exists()
    assert not MatchDecision.objects.exists()
    receipt.refresh_from_db()
    assert receipt.reason == ""
    with pytest.raises(Erased):
        review.undo_merge(receipt.pk, user=steward)
    with pytest.raises(review.UnknownTask):
        review.undo(task.pk, user=steward)
    everything_holds()


def test_it_can_be_erased_once_and_what_never_was_not_at_all(submitted: Submit) -> None:
    acme = submitted("crm", "1", **ACME).canonical_id
    erased(acme)
    with pytest.raises(Erased):
        erased(acme)
    with pytest.raises(UnknownGoldenRecord):
        erased(new_canonical_id())
    assert Erasure.objects.count() == 1


def test_a_withdrawn_record_is_erased_too(submitted: Submit) -> None:
    acme = submitted("crm", "1", **ACME).canonical_id
    withdraw_source_record(CUSTOMER, source="crm", external_id="1", withdrawn_at=None, change=by_test())
    erased(acme)
    assert CustomerRecord.objects.get().state == "erased"
    everything_holds()


def test_a_golden_record_that_had_one_of_its_records_once_keeps_nothing_of_it_and_goes_on() -> None:
    gone, stays = a_record("1", legal_name="Canary Bird", city="Lyon"), a_record("2", legal_name="Other Firm", city="Lyon")
    into(stays, gone.golden_id)
    alone = into(gone, new_canonical_id())
    assert GoldenCustomer.objects.get(pk=stays.golden_id).legal_name is not None
    erased(alone.golden_id)
    home = CustomerRecord.objects.get(pk=stays.pk).golden
    assert home is not None
    assert {entry.legal_name for entry in home.history.all()} <= {None, "Other Firm"}
    told = ChangeEvent.objects.filter(golden_id=home.pk)
    assert not [event for event in told if "Canary" in f"{event.before} {event.after}"]
    values: dict[str, Any] = {}
    for event in told.order_by("pk"):
        values |= event.values_after or {}
    assert (values["legal_name"], values["city"]) == ("Other Firm", "Lyon")
    page = feed.read(0, limit=100)
    assert page.is_last
    everything_holds()


@pytest.mark.parametrize("life", OverrideLife.values)
def test_what_a_steward_said_of_a_golden_record_that_goes_on_stands_there_and_forgets_what_the_record_said(life: str) -> None:
    gone, stays = a_record("1", legal_name="Canary Bird", segment="Canary"), a_record("2", legal_name="Other Firm")
    into(stays, gone.golden_id)
    until = timezone.localdate() if life == OverrideLife.UNTIL_DATE else None
    made = overriding.override(CUSTOMER, gone.golden_id, Wish("segment", {"segment": "A"}, life=life, until=until), change=by_test())
    assert made.watched_values == {"segment": "Canary"}
    alone = into(gone, new_canonical_id())
    stood = Override.objects.get(pk=made.pk).state
    assert stood == (OverrideState.LAPSED if life == OverrideLife.UNTIL_CHANGED else OverrideState.IN_FORCE)
    erased(alone.golden_id)
    left = Override.objects.get(pk=made.pk)
    assert (left.state, left.values, left.watched_values) == (stood, {"segment": "A"}, None)
    home = GoldenCustomer.objects.get(pk=made.golden_id)
    assert home.segment == ("A" if stood == OverrideState.IN_FORCE else None)
    assert "Canary" not in str([entry.pins for entry in home.history.all()]) + str([entry.watched_values for entry in left.history.all()])
    everything_holds()
    another = a_record("3", source="erp", legal_name="Other Firm", segment="A")
    into(another, home.pk)
    assert (Override.objects.get(pk=made.pk).state == OverrideState.LAPSED) == (life in {"until_changed", "until_confirmed"})
    everything_holds()


def test_a_customer_of_a_project_is_erased_and_the_project_stands_without_it(submitted: Submit) -> None:
    acme = submitted("crm", "1", **ACME).canonical_id
    project = submitted("crm", "P1", entity="project", title="Roof", customer="1", code="R-1")
    erased(acme)
    match_all_waiting(PROJECT, seconds=5)
    golden = selectors.golden(PROJECT, project.canonical_id).golden
    assert golden.state == "active"
    assert selectors.resolve_reference(PROJECT, golden, "customer") is None
    everything_holds()


def test_what_is_held_is_handed_over_by_holder(submitted: Submit) -> None:
    acme = submitted("crm", "1", **ACME).canonical_id
    held = privacy.hand_over(privacy.subject_of(CUSTOMER, acme))
    assert held.keys() >= {"source records", "golden records", "change events", "blocking keys", "quarantine"}
    assert held["source records"][0]["payload"]["email"] == ACME["email"]
    assert held["golden records"][0]["legal_name"]
