"""Records that wait: taken by one worker at a time, tried again, set aside when they fail too often, called back by a steward."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from golden_records.models import CustomerRecord, GoldenCustomer, MatchState
from golden_records.verifying import CHECKS
from matching import tasks, waiting
from matching.intake import accept_source_record
from matching.locks import MatchGuard, Restart, in_transaction
from matching.models import MatchAttempt, MatchRun, RunState
from matching.realtime import match_record, match_waiting
from tests.matching.conftest import ACME, CUSTOMER, Arrive, Submit, by_test, draft

pytestmark = pytest.mark.django_db

Poison = Callable[[str], None]


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Poison:
    """Makes the matching of one record fail, as a bug would; the record is named by the source's id."""
    bad = set[str]()
    real = match_waiting

    def fails(*args: Any, **kwargs: Any) -> object:
        record = CustomerRecord.objects.get(pk=args[1])
        if record.external_id in bad:
            raise ValueError(record.legal_name)
        return real(*args, **kwargs)

    monkeypatch.setattr(waiting, "match_waiting", fails)
    return bad.add


def _states() -> dict[str, str]:
    return dict(CustomerRecord.objects.order_by("external_id").values_list("external_id", "match_state"))


def _firm(number: int) -> dict[str, str | None]:
    return ACME | {"registration_id": None, "email": None, "phone": None, "legal_name": f"Maison {number} Dubois", "city": f"Ville{number}"}


def _all_leases_end() -> None:
    MatchAttempt.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_the_record_that_has_waited_longest_comes_first(arrived: Arrive, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 3):
        arrived("crm", str(number), **_firm(number))
        CustomerRecord.objects.filter(external_id=str(number)).update(updated_at=timezone.now() - timedelta(minutes=number))
    order = list[int]()

    def seen(_: object, record_id: int) -> bool:
        order.append(record_id)
        return False

    monkeypatch.setattr(waiting, "match_if_waiting", seen)
    waiting.match_all_waiting(CUSTOMER, seconds=10)
    assert len(order) == 3
    assert order == sorted(order, reverse=True)


def test_of_two_workers_one_gets_the_record_and_after_the_lease_another_may(arrived: Arrive) -> None:
    arrived("crm", "1", **ACME)
    record = CustomerRecord.objects.get()
    assert waiting._take(CUSTOMER, record.pk) == (1, 1)  # noqa: SLF001 - a worker that dies with the record in its hands
    assert not waiting.match_if_waiting(CUSTOMER, record.pk)
    assert not waiting.match_all_waiting(CUSTOMER, seconds=10)
    assert _states() == {"1": MatchState.PENDING}
    _all_leases_end()
    assert waiting.match_if_waiting(CUSTOMER, record.pk)
    assert _states() == {"1": MatchState.MATCHED}
    assert not MatchAttempt.objects.exists()


def test_a_record_that_fails_is_tried_again_later_and_the_rest_goes_on(arrived: Arrive, poison: Poison) -> None:
    for number in (1, 2, 3):
        arrived("crm", str(number), **_firm(number))
    poison("2")
    assert not waiting.match_all_waiting(CUSTOMER, seconds=10)
    assert _states() == {"1": MatchState.MATCHED, "2": MatchState.PENDING, "3": MatchState.MATCHED}
    attempt = MatchAttempt.objects.get()
    assert attempt.attempts == 1
    assert attempt.lease_until > timezone.now()
    assert attempt.error.startswith("ValueError")


def test_after_five_attempts_a_record_is_set_aside_with_the_reason_and_no_value_of_a_person(arrived: Arrive, poison: Poison) -> None:
    arrived("crm", "1", **ACME)
    poison("1")
    for _ in range(waiting.ATTEMPTS):
        assert _states() == {"1": MatchState.PENDING}
        tasks.match_waiting_records("customer")
        _all_leases_end()
    assert _states() == {"1": MatchState.FAILED}
    told = CustomerRecord.history.order_by("history_id").last().history_change_reason
    assert told.startswith("could not be matched: ValueError")
    assert "Acme" not in told
    assert not list(CHECKS[-1].find())
    tasks.match_waiting_records("customer")
    assert MatchAttempt.objects.get().attempts == waiting.ATTEMPTS


def test_a_record_whose_worker_dies_each_time_is_set_aside_too(arrived: Arrive) -> None:
    arrived("crm", "1", **ACME)
    record = CustomerRecord.objects.get()
    for attempt in range(1, waiting.ATTEMPTS + 1):
        assert waiting._take(CUSTOMER, record.pk) == (1, attempt)  # noqa: SLF001 - and then it was killed
        _all_leases_end()
    waiting.match_all_waiting(CUSTOMER, seconds=10)
    assert _states() == {"1": MatchState.FAILED}


def test_a_steward_calls_it_back_and_it_has_all_its_attempts_again(
    arrived: Arrive, poison: Poison, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived("crm", "1", **ACME)
    poison("1")
    for _ in range(waiting.ATTEMPTS):
        waiting.match_all_waiting(CUSTOMER, seconds=10)
        _all_leases_end()
    monkeypatch.undo()
    assert waiting.call_back(CUSTOMER, [CustomerRecord.objects.get().pk], change=by_test()) == 1
    waiting.match_all_waiting(CUSTOMER, seconds=10)
    assert _states() == {"1": MatchState.MATCHED}


def test_a_new_version_has_all_its_attempts_before_it(arrived: Arrive, poison: Poison) -> None:
    arrived("crm", "1", **ACME)
    poison("1")
    for _ in range(waiting.ATTEMPTS):
        waiting.match_all_waiting(CUSTOMER, seconds=10)
        _all_leases_end()
    arrived("crm", "1", **(ACME | {"city": "Lyon"}))
    assert _states() == {"1": MatchState.PENDING}
    assert waiting._take(CUSTOMER, CustomerRecord.objects.get().pk) == (2, 1)  # noqa: SLF001 - what a worker would get


def test_a_record_that_was_set_aside_is_matched_when_its_source_sends_it_again(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    CustomerRecord.objects.update(match_state=MatchState.FAILED)
    submitted("crm", "1", **ACME)
    assert _states() == {"1": MatchState.MATCHED}


def test_what_is_stored_while_it_is_being_matched_does_not_pass_for_matched(arrived: Arrive, monkeypatch: pytest.MonkeyPatch) -> None:
    arrived("crm", "1", **ACME)
    record = CustomerRecord.objects.get()
    stored = iter(["Lyon"])

    def stores_beside(*args: Any, **kwargs: Any) -> object:
        for city in stored:
            arrived("crm", "1", **(ACME | {"city": city}))
        return real(*args, **kwargs)

    real = match_record
    monkeypatch.setattr("matching.realtime.match_record", stores_beside)
    with pytest.raises(Restart):
        match_waiting(CUSTOMER, record.pk, guard=MatchGuard(), change=by_test())
    in_transaction(lambda guard: match_waiting(CUSTOMER, record.pk, guard=guard, change=by_test()))
    assert GoldenCustomer.objects.get().city == "Lyon"


def test_after_a_run_that_failed_records_are_matched_one_by_one(arrived: Arrive, poison: Poison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_ONE_BY_ONE", 2)
    for number in range(4):
        arrived("crm", str(number), **_firm(number))
    poison("2")
    MatchRun.objects.create(entity="customer", state=RunState.FAILED, actor="test", created_at=timezone.now())
    tasks.match_waiting_records("customer")
    assert list(_states().values()).count(MatchState.MATCHED) == 3
    assert MatchRun.objects.count() == 1


def test_attempts_at_what_was_matched_on_another_road_are_forgotten(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    at = timezone.now() - timedelta(days=2)
    MatchAttempt.objects.create(entity="customer", record_id=CustomerRecord.objects.get().pk, version=1, attempts=1, lease_until=at)
    tasks.sweep()
    assert not MatchAttempt.objects.exists()


def test_an_accepted_record_is_stored_and_waits(sources: dict[str, object]) -> None:
    stored = accept_source_record(draft(sources["crm"], "1", "customer", dict(ACME)), change=by_test())  # type: ignore[arg-type]  # as the fixture has it
    assert (stored.record.match_state, stored.record.golden_id) == (MatchState.PENDING, None)
