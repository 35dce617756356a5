from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden_records import merging, selectors
from golden_records.entities import ENTITIES
from golden_records.errors import NothingToUndo, StaleWrite, UnknownGoldenRecord
from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState, LinkSource, MergeReceipt
from golden_records.models.golden import new_canonical_id
from golden_records.sources import SourceRecordDraft, store, understand
from tests.factories import a_change, a_record, a_source, into

pytestmark = pytest.mark.django_db

CUSTOMER = ENTITIES["customer"]
BOOKKEEPING = ("version", "updated_at", "created_at")


def merged(survivor: UUID, absorbed: UUID) -> MergeReceipt:
    return merging.merge(
        CUSTOMER, survivor_id=survivor, absorbed_id=absorbed, change=a_change("one firm"), terms=merging.Terms({"judgement": 7})
    )


def state() -> tuple[list[Any], list[Any]]:
    """Everything that a merge may touch, but the counters and times that count the writing itself."""
    goldens = [
        {name: value for name, value in row.items() if name not in BOOKKEEPING} for row in GoldenCustomer.objects.order_by("id").values()
    ]
    return goldens, list(CustomerRecord.objects.order_by("id").values("id", "golden_id", "link_source", "link", "match_state"))


def test_a_merge_moves_the_records_and_the_absorbed_id_answers_with_the_survivor() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme SA", email="a@acme.fr")
    receipt = merged(one.golden_id, other.golden_id)
    assert receipt.moved_record_ids == [other.pk]
    row = CustomerRecord.objects.get(pk=other.pk)
    assert (row.golden_id, row.link_source, row.link) == (one.golden_id, LinkSource.MANUAL, {"judgement": 7})
    view = selectors.golden(CUSTOMER, other.golden_id)
    assert (view.golden.pk, view.followed, view.golden.member_count) == (one.golden_id, True, 2)
    assert [row.history_type for row in receipt.history.all()] == ["+"]


def test_unmerge_after_merge_is_the_identity() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme SA")
    into(a_record("3", legal_name="ACME", phone="0472000000"), other.golden_id, link={"probability": 0.97})
    before = state()
    receipt = merged(one.golden_id, other.golden_id)
    assert merging.undo_merge(receipt, change=a_change("two firms")) == (one.golden_id, other.golden_id)
    assert state() == before
    assert receipt.undone_at is not None
    assert MergeReceipt.objects.get().undone_at == receipt.undone_at


def test_what_was_learned_since_the_merge_is_kept_when_it_is_undone() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme SA")
    receipt = merged(one.golden_id, other.golden_id)
    draft = SourceRecordDraft(CUSTOMER, a_source(), "2", attributes={"legal_name": "Acme Holding"})
    store(CUSTOMER, [understand(draft)], change=a_change())
    newcomer = into(a_record("3", legal_name="Acme"), one.golden_id)
    merging.undo_merge(receipt, change=a_change())
    back = GoldenCustomer.objects.get(pk=other.golden_id)
    assert (back.state, back.successor_id, back.legal_name, back.member_count) == (GoldenState.ACTIVE, None, "Acme Holding", 1)
    assert CustomerRecord.objects.get(pk=newcomer.pk).golden_id == one.golden_id


def test_a_chain_of_merges_is_undone_in_either_order() -> None:
    a, b, c = (a_record(number, legal_name=f"Acme {number}") for number in "123")
    before = state()
    first, second = merged(b.golden_id, a.golden_id), merged(c.golden_id, b.golden_id)
    assert selectors.golden(CUSTOMER, a.golden_id).golden.pk == c.golden_id
    merging.undo_merge(first, change=a_change())
    assert selectors.golden(CUSTOMER, a.golden_id).golden.pk == a.golden_id
    merging.undo_merge(second, change=a_change())
    assert state() == before


def test_a_merge_is_undone_once() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme SA")
    receipt = merged(one.golden_id, other.golden_id)
    merging.undo_merge(receipt, change=a_change())
    with pytest.raises(NothingToUndo):
        merging.undo_merge(MergeReceipt.objects.get(), change=a_change())


def test_a_merge_whose_records_have_all_gone_elsewhere_has_nothing_to_undo() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme SA")
    receipt = merged(one.golden_id, other.golden_id)
    into(other, new_canonical_id())
    with pytest.raises(NothingToUndo):
        merging.undo_merge(receipt, change=a_change())


def test_only_two_different_active_golden_records_are_merged() -> None:
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme SA")
    with pytest.raises(StaleWrite):
        merged(one.golden_id, one.golden_id)
    with pytest.raises(UnknownGoldenRecord):
        merged(one.golden_id, new_canonical_id())
    merged(one.golden_id, other.golden_id)
    with pytest.raises(StaleWrite):
        merged(one.golden_id, other.golden_id)


@pytest.mark.parametrize("size", [2, 40])
def test_the_number_of_statements_does_not_depend_on_the_number_of_members(size: int, database: str) -> None:
    with_history = 0 if database == "postgresql" else 7
    one, other = a_record("1", legal_name="Acme"), a_record("2", legal_name="Acme SA")
    for number in range(size):
        into(a_record(f"m{number}", legal_name="Acme SA"), other.golden_id)
    with CaptureQueriesContext(connection) as queries:
        receipt = merged(one.golden_id, other.golden_id)
    assert len(queries) == 10 + with_history
    with CaptureQueriesContext(connection) as queries:
        merging.undo_merge(receipt, change=a_change())
    assert len(queries) == 14 + with_history


_STEPS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, order=st.randoms(use_true_random=False))
def test_any_merges_undone_in_any_order_restore_everything(steps: list[tuple[int, int]], order: Any) -> None:
    CustomerRecord.objects.all().delete()
    MergeReceipt.objects.all().delete()
    GoldenCustomer.objects.all().update(successor=None)
    GoldenCustomer.objects.all().delete()
    records = [a_record(str(number), legal_name=f"Acme {number}", email=f"x{number}@acme.fr") for number in range(5)]
    before = state()
    receipts = []
    for left, right in steps:
        survivor, absorbed = (selectors.golden(CUSTOMER, records[each].golden_id).golden.pk for each in (left, right))
        if survivor != absorbed:
            receipts.append(merged(survivor, absorbed))
    order.shuffle(receipts)
    for receipt in receipts:
        merging.undo_merge(receipt, change=a_change())
    assert state() == before
