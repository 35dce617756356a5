"""The watch that stands beside every test tells when a transaction takes locks out of order."""

import pytest
from django.db import transaction

from golden_records import locking
from golden_records.hierarchy.settling import lock_hierarchy
from matching.locks import MatchGuard
from tests.factories import a_record
from tests.matching.conftest import CUSTOMER

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("postgresql")]


def told_by(offences: list[str]) -> list[str]:
    """What the watch told, which is then no offence of the test."""
    told = offences.copy()
    offences.clear()
    return told


def test_golden_records_after_source_records_are_told(lock_offences: list[str]) -> None:
    record = a_record("1", legal_name="Acme")
    with transaction.atomic():
        CUSTOMER.records.filter(pk=record.pk).update(legal_name="Acme SA")
        locking.lock_goldens(CUSTOMER, golden_ids=[record.golden_id])
    assert [told.split(":")[0] for told in told_by(lock_offences)] == ["GOLDEN is locked after RECORD"]


def test_blocking_keys_after_golden_records_are_told(lock_offences: list[str]) -> None:
    record = a_record("1", legal_name="Acme")
    with transaction.atomic():
        locking.lock_goldens(CUSTOMER, golden_ids=[record.golden_id])
        MatchGuard().keys(CUSTOMER, [1])
    assert [told.split(":")[0] for told in told_by(lock_offences)] == ["ADVISORY is locked after GOLDEN"]


def test_golden_records_after_the_hierarchy_are_told(lock_offences: list[str]) -> None:
    record = a_record("1", legal_name="Acme")
    with transaction.atomic():
        lock_hierarchy(CUSTOMER)
        locking.lock_goldens(CUSTOMER, golden_ids=[record.golden_id])
    assert [told.split(":")[0] for told in told_by(lock_offences)] == ["GOLDEN is locked after HIERARCHY"]


def test_more_golden_records_after_others_are_told(lock_offences: list[str]) -> None:
    one, other = (a_record(name, legal_name=name) for name in ("1", "2"))
    with transaction.atomic():
        locking.lock_goldens(CUSTOMER, golden_ids=[other.golden_id])
        locking.lock_goldens(CUSTOMER, golden_ids=[one.golden_id])
    assert [told.split(":")[0] for told in told_by(lock_offences)] == ["1 more golden records are locked after others"]


def test_the_right_order_again_and_again_is_no_offence(lock_offences: list[str]) -> None:
    record = a_record("1", legal_name="Acme")
    for _ in range(2):
        with transaction.atomic():
            guard = MatchGuard()
            guard.enter(CUSTOMER, identity=("crm", "1"))
            guard.keys(CUSTOMER, [1])
            guard.goldens(CUSTOMER, record_ids=[record.pk])
            guard.goldens(CUSTOMER, [record.golden_id])
            locking.lock_records(CUSTOMER, [record.pk])
    assert lock_offences == []
