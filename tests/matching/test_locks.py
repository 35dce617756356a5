"""Locks are taken in one order, and a race that is lost is run again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connections
from hypothesis import given
from hypothesis import strategies as st

from golden_records.errors import Busy
from golden_records.models import CustomerRecord, GoldenCustomer, SourceSystem
from matching.intake import submit_source_record
from matching.locks import LockLevel, MatchGuard, Restart, WrongLockOrder, in_transaction, lock_number
from tests.matching.conftest import ACME, CUSTOMER, by_test, draft

_PEOPLE = 25
_SIGNED_64 = 1 << 63


@pytest.mark.django_db
def test_a_lock_below_one_that_is_held_is_refused() -> None:
    guard = MatchGuard()
    guard.keys(CUSTOMER, [1, 2])
    with pytest.raises(WrongLockOrder):
        guard.identity(CUSTOMER, "crm", "1")


@pytest.mark.django_db
def test_golden_records_come_last() -> None:
    guard = MatchGuard()
    guard.goldens(CUSTOMER, [uuid4()])
    with pytest.raises(WrongLockOrder):
        guard.keys(CUSTOMER, [1])


@given(st.sampled_from(LockLevel), st.sampled_from(LockLevel), st.text(), st.text())
def test_lock_numbers_fit_the_database_and_levels_never_collide(one: LockLevel, other: LockLevel, text: str, more: str) -> None:
    number = lock_number(one, text, more)
    assert -_SIGNED_64 <= number < _SIGNED_64
    assert one == other or number != lock_number(other, text, more)


@pytest.mark.django_db
def test_work_that_must_start_over_is_run_again() -> None:
    tries: list[int] = []

    def work(_: MatchGuard) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise Restart
        return "done"

    assert in_transaction(work) == "done"
    assert len(tries) == 2


@pytest.mark.django_db
def test_work_that_never_gets_its_turn_ends_as_busy_and_may_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.locks.time.sleep", lambda _: None)

    def work(_: MatchGuard) -> None:
        raise Restart

    with pytest.raises(Busy) as refusal:
        in_transaction(work)
    assert refusal.value.retryable


@pytest.mark.django_db
def test_an_error_that_no_repetition_mends_is_passed_on() -> None:
    def work(_: MatchGuard) -> None:
        message = "disk I/O error"
        raise OperationalError(message)

    with pytest.raises(OperationalError, match="disk"):
        in_transaction(work)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_systems_that_send_one_customer_at_once_end_in_one_golden_record() -> None:
    sources = [SourceSystem.objects.create(code=code, name=code) for code in ("crm", "erp")]
    starting_line = Barrier(8)

    def send(worker: int) -> list[Any]:
        starting_line.wait()
        try:
            return [_sent(sources[worker % 2], worker, number) for number in range(_PEOPLE)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    for number in range(_PEOPLE):
        assert len({answer[number] for answer in answers}) == 1
    assert GoldenCustomer.objects.count() == _PEOPLE
    assert CustomerRecord.objects.count() == 8 * _PEOPLE
    assert {record.golden_id for record in CustomerRecord.objects.all()} == set(GoldenCustomer.objects.values_list("id", flat=True))


def _sent(source: SourceSystem, worker: int, number: int) -> Any:
    told: dict[str, object] = ACME | {
        "registration_id": _siren(number),
        "legal_name": f"Firme {number} Ingénierie",
        "email": None,
        "phone": None,
    }
    return submit_source_record(draft(source, f"{worker}-{number}", "customer", told), change=by_test()).canonical_id


def _siren(number: int) -> str:
    """A number with a right check digit (Luhn)."""
    body = f"{40_000_000 + number * 977}"
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    return f"{body}{-sum(value - 9 if value > 9 else value for value in doubled) % 10}"
