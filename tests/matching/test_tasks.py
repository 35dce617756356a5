"""What was left is found: the row is the queue, and messages may be lost or come twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from golden_records.models import CustomerRecord, GoldenCustomer, MatchState
from matching import runs, tasks
from matching.models import MatchRun, RunState
from mdm.embedded import processes
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, Arrive
from tests.processes import WorkerProcess

pytestmark = pytest.mark.django_db(transaction=True)  # bells ring when a transaction is committed


def test_the_sweep_matches_records_that_were_left_waiting(arrived: Arrive) -> None:
    arrived("crm", "1", **ACME)
    arrived("erp", "K100", **ACME_IN_ERP)
    _wait(minutes=1)
    tasks.sweep()
    assert not CustomerRecord.objects.filter(match_state=MatchState.PENDING).exists()
    assert GoldenCustomer.objects.count() == 1


def test_the_sweep_leaves_alone_what_has_only_just_come(arrived: Arrive) -> None:
    arrived("crm", "1", **ACME)
    tasks.sweep()
    assert CustomerRecord.objects.get().match_state == MatchState.PENDING


def test_many_waiting_records_are_matched_in_one_run(arrived: Arrive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_ONE_BY_ONE", 3)
    for number in range(5):
        arrived("crm", str(number), **(ACME | {"registration_id": None, "legal_name": f"Maison {number} Dubois"}))
    _wait(minutes=1)
    tasks.sweep()
    assert MatchRun.objects.get().state == RunState.COMPLETED
    assert not CustomerRecord.objects.filter(match_state=MatchState.PENDING).exists()


def test_a_message_that_comes_twice_or_late_does_nothing_more(arrived: Arrive) -> None:
    arrived("crm", "1", **ACME)
    record = CustomerRecord.objects.get()
    for _ in range(3):
        tasks.match_source_record("customer", record.pk)
    assert GoldenCustomer.objects.get().version == 1


def test_a_run_whose_worker_died_is_taken_over_once_its_lease_is_over(arrived: Arrive) -> None:
    arrived("crm", "1", **ACME)
    run = runs.start(CUSTOMER, actor="test")
    MatchRun.objects.update(state=RunState.RUNNING, attempt=1, lease_until=timezone.now() + timedelta(minutes=1))
    tasks.sweep()
    assert CustomerRecord.objects.get().match_state == MatchState.PENDING
    MatchRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    assert MatchRun.objects.get(pk=run.pk).state == RunState.COMPLETED
    assert CustomerRecord.objects.get().match_state == MatchState.MATCHED


@pytest.mark.slow
def test_a_real_worker_matches_what_is_rung_for(arrived: Arrive, start_worker: Callable[..., WorkerProcess]) -> None:
    arrived("crm", "1", **ACME)
    arrived("erp", "K100", **ACME_IN_ERP)
    worker = start_worker()
    tasks.work_on_run.delay(runs.start(CUSTOMER, actor="test").pk)
    processes.wait_until(lambda: MatchRun.objects.get().state == RunState.COMPLETED, process=worker.process, log=worker.log)
    assert GoldenCustomer.objects.count() == 1


def _wait(*, minutes: int) -> None:
    CustomerRecord.objects.update(updated_at=timezone.now() - timedelta(minutes=minutes))
