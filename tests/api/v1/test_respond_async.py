"""A source that does not wait for the match: stored at once, matched by a worker, whatever becomes of the broker."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from golden_records.models import CustomerRecord, GoldenCustomer, MatchState
from matching import doorbell, tasks
from mdm.embedded import processes
from tests.api.calling import Caller, problem_of, record_address
from tests.processes import WorkerProcess

pytestmark = pytest.mark.django_db(transaction=True)

ACME = {"legal_name": "Acme Conseil", "registration_id": "732829320", "city": "Lyon"}


def _send(caller: Caller, external_id: str, *, prefer: str = "respond-async", source: str = "crm", **attributes: Any) -> Any:
    address = record_address(source, "customer", external_id)
    return caller.put(address, {"attributes": ACME | attributes}, Prefer=prefer)


@pytest.fixture
def without_a_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tasks would go to a broker, and nothing listens at its port; what that does to the bell is undone for the next test."""
    monkeypatch.setattr(doorbell._Bell, "quiet_until", 0.0)  # noqa: SLF001 - as in a process that has just begun
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


def test_the_record_is_matched_after_the_answer(caller: Caller) -> None:
    answer = _send(caller, "0042")
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert answer.json() == {"outcome": "accepted", "match_state": "pending", "canonical_id": None, "problems": []}
    polled = caller.get(answer.headers["Location"].removeprefix("/api/v1")).json()
    assert (polled["match_state"], polled["canonical_id"]) == ("matched", str(GoldenCustomer.objects.get().pk))


@pytest.mark.parametrize("external_id", ["é/1%25?#", "a b", "名/前", "..", "%2F"])
def test_the_location_leads_to_the_record_whatever_its_id(caller: Caller, external_id: str) -> None:
    answer = _send(caller, external_id)
    assert answer.headers["Location"].isascii()
    polled = caller.get(answer.headers["Location"].removeprefix("/api/v1"))
    assert (polled.status_code, polled.json()["external_id"]) == (200, external_id)


def test_it_is_told_what_became_of_what_was_sent(caller: Caller) -> None:
    _send(caller, "0042")
    assert _send(caller, "0042").json()["outcome"] == "unchanged"
    updated = _send(caller, "0042", city="Paris")
    assert (updated.status_code, updated.json()["outcome"]) == (202, "updated")
    assert updated.json()["canonical_id"] == str(GoldenCustomer.objects.get().pk)
    assert GoldenCustomer.objects.get().city == "Paris"


def test_what_is_older_than_what_is_held_stays_away(caller: Caller) -> None:
    address = record_address("crm", "customer", "0042")
    for moment, outcome in (("2025-02-01T00:00:00Z", "accepted"), ("2025-01-01T00:00:00Z", "stale")):
        body = {"attributes": ACME | {"city": moment}, "source_updated_at": moment}
        assert caller.put(address, body, Prefer="respond-async").json()["outcome"] == outcome


def test_a_record_that_cannot_be_taken_is_refused_at_once(caller: Caller) -> None:
    address = record_address("crm", "project", "P-1")
    answer = caller.put(address, {"attributes": {"code": "P-1", "budget": "a lot"}}, Prefer="respond-async")
    problem_of(answer, 422, "rejected_record")


@pytest.mark.parametrize("prefer", ["", "wait=10", "return=minimal", "x=respond-async"])
def test_another_preference_is_left_alone(caller: Caller, prefer: str) -> None:
    answer = _send(caller, "0042", prefer=prefer)
    assert (answer.status_code, "Preference-Applied" in answer.headers) == (201, False)


@pytest.mark.parametrize("prefer", ["Respond-Async", "wait=5, respond-async", "respond-async; foo=bar"])
def test_the_preference_is_known_in_each_way_of_writing_it(caller: Caller, prefer: str) -> None:
    assert _send(caller, "0042", prefer=prefer).status_code == 202


@pytest.mark.usefixtures("without_a_broker")
def test_without_a_broker_records_are_accepted_and_all_are_matched_by_the_sweep(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        assert _send(caller, str(number), legal_name=f"Maison {number}", registration_id=None).status_code == 202
    assert _waiting() == 3
    # The broker is back.
    current_app.conf.task_always_eager = True
    monkeypatch.setattr(doorbell._Bell, "quiet_until", 0.0)  # noqa: SLF001 - seconds later
    CustomerRecord.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep()
    tasks.sweep()
    assert _waiting() == 0
    assert CustomerRecord.history.filter(match_state=MatchState.MATCHED).count() == 3


@pytest.mark.slow
def test_a_broker_that_is_emptied_loses_no_record(caller: Caller, start_worker: Callable[..., WorkerProcess]) -> None:
    for number in range(20):
        assert _send(caller, f"before-{number}", legal_name=f"Maison {number}", registration_id=None).status_code == 202
    current_app.control.purge()
    worker = start_worker()
    for number in range(20):
        assert _send(caller, f"after-{number}", legal_name=f"Cabinet {number}", registration_id=None).status_code == 202
    processes.wait_until(lambda: _waiting() == 20, process=worker.process, log=worker.log)
    CustomerRecord.objects.filter(match_state=MatchState.PENDING).update(updated_at=timezone.now() - timedelta(minutes=1))
    for _ in range(2):
        tasks.sweep.delay()
    processes.wait_until(lambda: _waiting() == 0, process=worker.process, log=worker.log)
    assert CustomerRecord.history.filter(match_state=MatchState.MATCHED).count() == 40


def _waiting() -> int:
    return CustomerRecord.objects.filter(match_state=MatchState.PENDING).count()
