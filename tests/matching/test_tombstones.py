"""A withdrawal that overtakes the record leaves a tombstone: what was sent before it stays out, and nothing else notices it."""

from datetime import UTC, datetime, timedelta

import pytest

from golden_records import withdrawing
from golden_records.entities import EntityType
from golden_records.errors import UnknownSource
from golden_records.models import ChangeEvent, GoldenCustomer, MatchState, RecordState, SourceRecord
from golden_records.waiting import waiting
from matching import verifying
from matching.waiting import match_all_waiting
from matching.withdrawal import withdraw_source_record
from tests.matching.conftest import ACME, CUSTOMER, PROJECT, Submit, by_test

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sources")]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def withdrawn(external_id: str = "1", *, at: datetime | None = NOON, entity: EntityType = CUSTOMER, source: str = "crm") -> SourceRecord:
    return withdraw_source_record(entity, source=source, external_id=external_id, withdrawn_at=at, change=by_test())


def test_it_says_nothing_waits_for_nothing_and_breaks_nothing() -> None:
    tombstone = withdrawn()
    assert (tombstone.state, tombstone.golden_id, tombstone.source_updated_at) == (RecordState.WITHDRAWN, None, NOON)
    assert not waiting(CUSTOMER).exists()
    assert not match_all_waiting(CUSTOMER, seconds=1)
    assert not GoldenCustomer.objects.exists()
    assert not ChangeEvent.objects.exists(), "no golden record has changed"
    assert [finding.offences for finding in verifying.verify() if finding.count] == []


def test_what_was_sent_before_it_stays_out_and_what_was_sent_after_it_is_matched(submitted: Submit) -> None:
    twin = submitted("erp", "C-1", **ACME)
    withdrawn()
    assert submitted("crm", "1", **ACME, source_updated_at=NOON - HOUR).outcome == "unchanged"
    assert submitted("crm", "1", **ACME, source_updated_at=NOON).outcome == "unchanged"
    sent = submitted("crm", "1", **ACME, source_updated_at=NOON + HOUR)
    assert (sent.outcome, sent.canonical_id) == ("linked", twin.canonical_id)
    record = CUSTOMER.records.get(pk=sent.record.pk)
    assert (record.state, record.match_state, record.golden_id) == (RecordState.ACTIVE, MatchState.MATCHED, twin.canonical_id)
    assert [finding.offences for finding in verifying.verify() if finding.count] == []


def test_a_later_withdrawal_moves_its_time_on_and_an_earlier_one_does_not(submitted: Submit) -> None:
    withdrawn(at=NOON)
    withdrawn(at=NOON + 2 * HOUR)
    withdrawn(at=NOON + HOUR)
    assert submitted("crm", "1", **ACME, source_updated_at=NOON + 2 * HOUR).outcome == "unchanged"
    assert CUSTOMER.records.count() == 1


def test_projects_have_them_too(submitted: Submit) -> None:
    withdrawn("P-1", entity=PROJECT)
    late = submitted("crm", "P-1", entity="project", title="Roof", source_updated_at=NOON - HOUR)
    assert (late.outcome, late.canonical_id) == ("unchanged", None)


def test_a_source_that_nobody_made_has_none() -> None:
    with pytest.raises(UnknownSource):
        withdrawn(source="sap")


def test_of_two_who_write_the_record_at_once_the_tombstone_gives_way(submitted: Submit) -> None:
    submitted("crm", "1", **ACME, source_updated_at=NOON - HOUR)
    assert withdrawing.keep_tombstone(CUSTOMER, source="crm", external_id="1", withdrawn_at=NOON, change=by_test()) is None
    assert CUSTOMER.records.get().state == RecordState.ACTIVE
