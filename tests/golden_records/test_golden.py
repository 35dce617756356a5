from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from golden_records import golden
from golden_records.entities import ENTITIES
from golden_records.errors import StaleWrite, UnknownSourceRecord
from golden_records.golden import Membership
from golden_records.golden_plan import Assigned
from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState, LinkSource, MatchState, SourceRecord, SourceSystem
from golden_records.models.golden import new_canonical_id
from golden_records.sources import SourceRecordDraft, store, understand
from tests.factories import a_change, a_record, a_source, into

pytestmark = pytest.mark.django_db

CUSTOMER = ENTITIES["customer"]


def sent(*external_ids: str, source: str = "crm", **attributes: object) -> list[SourceRecord]:
    drafts = [SourceRecordDraft(CUSTOMER, a_source(source), external_id, attributes=attributes) for external_id in external_ids]
    return [stored.record for stored in store(CUSTOMER, [understand(draft) for draft in drafts], change=a_change())]


def placed(records: list[SourceRecord], golden_ids: list[UUID]) -> Assigned:
    memberships = [
        Membership(record.pk, golden_id, LinkSource.AUTO, {"config": "c-1"}) for record, golden_id in zip(records, golden_ids, strict=True)
    ]
    return golden.assign(CUSTOMER, memberships, change=a_change("matched"))


def test_a_golden_record_is_made_with_its_values_lineage_and_history() -> None:
    a_source("erp", trust=90)
    crm, erp = sent("1", legal_name="Acme", email="a@acme.fr")[0], sent("1", source="erp", legal_name="Acme SA")[0]
    golden_id = new_canonical_id()
    assert placed([crm, erp], [golden_id, golden_id]).created == [golden_id]
    row = GoldenCustomer.objects.get()
    assert (row.legal_name, row.email, row.member_count, row.version) == ("Acme SA", "a@acme.fr", 2, 1)
    assert row.lineage["legal_name"] == {"record": erp.pk, "source": "erp", "rule": "most_trusted", "rules": "customer-1"}
    assert row.lineage["email"] == {"record": crm.pk, "source": "crm", "rule": "only_value", "rules": "customer-1"}
    assert row.completeness == pytest.approx(len(row.lineage) / len(CUSTOMER.attributes), abs=1e-4)
    assert list(row.history.values_list("history_type", "actor", "history_change_reason")) == [("+", "command:test", "matched")]


def test_the_link_and_its_evidence_are_kept_with_the_record() -> None:
    record = sent("1", legal_name="Acme")[0]
    golden_id = new_canonical_id()
    placed([record], [golden_id])
    row = CustomerRecord.objects.get()
    assert (row.golden_id, row.match_state, row.link_source, row.link) == (
        golden_id,
        MatchState.MATCHED,
        LinkSource.AUTO,
        {"config": "c-1"},
    )
    assert row.linked_at is not None
    assert row.history.latest().golden_id == golden_id


def test_the_same_assignment_again_writes_nothing() -> None:
    record = sent("1", legal_name="Acme")[0]
    golden_id = new_canonical_id()
    placed([record], [golden_id])
    with CaptureQueriesContext(connection) as queries:
        assert placed([record], [golden_id]) == Assigned([], [], [])
    assert not [query for query in queries if query["sql"].startswith(("INSERT", "UPDATE"))]


def test_a_golden_record_without_members_answers_with_where_most_of_them_went() -> None:
    old, few, many = new_canonical_id(), new_canonical_id(), new_canonical_id()
    records = sent("1", "2", "3", legal_name="Acme")
    placed(records, [old, old, old])
    moved = placed(records, [many, few, many])
    assert (moved.created, moved.changed, moved.retired) == ([few, many], [], [old])
    row = GoldenCustomer.objects.get(pk=old)
    assert (row.state, row.successor_id, row.member_count) == (GoldenState.RETIRED, many, 0)


def test_what_is_left_behind_is_recomputed_too() -> None:
    stays, goes = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme", email="b@acme.fr")
    into(goes, stays.golden_id)
    assert GoldenCustomer.objects.get(pk=stays.golden_id).email == "b@acme.fr"
    into(goes, new_canonical_id())
    row = GoldenCustomer.objects.get(pk=stays.golden_id)
    assert (row.email, row.member_count, row.version) == (None, 1, 3)


def test_a_retired_golden_record_takes_no_members() -> None:
    first, second = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme")
    retired = second.golden_id
    into(second, first.golden_id)
    with pytest.raises(StaleWrite):
        into(first, retired)


def test_a_record_that_does_not_exist_is_told() -> None:
    with pytest.raises(UnknownSourceRecord):
        golden.assign(CUSTOMER, [Membership(4711, new_canonical_id(), LinkSource.AUTO, {})], change=a_change())


def test_rebuilding_writes_only_what_comes_out_different() -> None:
    weak, strong = a_record("1", legal_name="Acme"), a_record("1", source="erp", legal_name="Acme SA")
    alone = a_record("9", legal_name="Zenith")
    into(strong, weak.golden_id)
    ids = [weak.golden_id, alone.golden_id]
    assert golden.rebuild(CUSTOMER, ids, change=a_change()) == []
    before = GoldenCustomer.objects.get(pk=weak.golden_id)
    loser = "crm" if before.legal_name == "Acme SA" else "erp"
    SourceSystem.objects.filter(code=loser).update(trust=99)
    assert golden.rebuild(CUSTOMER, ids, change=a_change("new trust")) == [weak.golden_id]
    after = GoldenCustomer.objects.get(pk=weak.golden_id)
    assert (after.lineage["legal_name"]["source"], after.version) == (loser, before.version + 1)
    assert after.history.latest().history_change_reason == "new trust"


@pytest.mark.parametrize("size", [1, 100])
def test_the_number_of_statements_does_not_depend_on_the_number_of_records(size: int, database: str) -> None:
    records = sent(*map(str, range(size)), legal_name="Acme")
    with CaptureQueriesContext(connection) as queries:
        placed(records, [new_canonical_id() for _ in records])
    several = int(size > 1)
    assert len(queries) == several + (4 if database == "postgresql" else 10), (
        "lock, read; golden records, records (several are locked before), with histories and events"
    )
