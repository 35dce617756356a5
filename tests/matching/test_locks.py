"""Locks are taken in one order, and a race that is lost is run again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import OperationalError, connection, connections
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from golden_records.errors import Busy
from golden_records.models import CustomerRecord, GoldenCustomer, SourceSystem
from matching import locks
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


def _killed_by_another() -> None:
    """What an administrator or a restart of the server does to a connection in the middle of its work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_work_whose_connection_is_lost_is_done_again_over_a_new_one() -> None:
    before = _retried("connection")
    tries: list[int] = []

    def work(_: MatchGuard) -> str:
        tries.append(SourceSystem.objects.create(code=f"try{len(tries)}", name="x").pk)
        if len(tries) == 1:
            _killed_by_another()
        return "done"

    assert in_transaction(work) == "done"
    assert list(SourceSystem.objects.values_list("code", flat=True)) == ["try1"], "nothing is left of the first try"
    assert _retried("connection") == before + 1


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_while_nothing_was_done_is_noticed_by_the_work_itself() -> None:
    before = _retried("connection")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [backend])

    def work(_: MatchGuard) -> int:
        return SourceSystem.objects.create(code="crm", name="CRM").pk

    assert in_transaction(work) is not None
    assert _retried("connection") == before + 1


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_plans_are_kept_and_go_by_indexes_in_the_transaction_of_a_record_and_nowhere_else() -> None:
    def settings() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting(name) FROM unnest(ARRAY['plan_cache_mode', 'enable_seqscan', 'jit']) AS name")
            return [setting for (setting,) in cursor.fetchall()]

    def work(guard: MatchGuard) -> list[str]:
        guard.enter(CUSTOMER, identity=("crm", "1"))
        return settings()

    def work_on_many(guard: MatchGuard) -> list[str]:
        guard.enter(CUSTOMER)
        return settings()

    before = settings()
    assert in_transaction(work) == ["force_generic_plan", "off", "off"] != before
    assert in_transaction(work_on_many) == settings() == before


def _retried(reason: str) -> float:
    return REGISTRY.get_sample_value("mdm_transaction_retries_total", {"reason": reason}) or 0.0


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_in_the_commit_is_told_since_nobody_knows_what_came_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    commit = connection.commit

    def work(_: MatchGuard) -> None:
        tries.append(1)

    def lost() -> None:
        commit()
        message = "server closed the connection unexpectedly"
        raise OperationalError(message)

    monkeypatch.setattr(connection, "commit", lost)
    with pytest.raises(OperationalError):
        in_transaction(work)
    assert len(tries) == 1


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_lock_that_cannot_be_had_in_time_ends_as_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_LOCK_TIMEOUT", "20ms")
    held, done = Event(), Event()

    def hold(guard: MatchGuard) -> None:
        guard.enter_alone(CUSTOMER)
        held.set()
        done.wait(30)

    def alone() -> None:
        try:
            in_transaction(hold)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(alone)
        assert held.wait(30)
        try:
            with pytest.raises(Busy) as refusal:
                in_transaction(lambda guard: guard.enter(CUSTOMER))
        finally:
            done.set()
        holder.result()
    assert refusal.value.data["retry_after"] == 1


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
