"""A matching run that is killed is taken up again and ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.db import transaction
from django.utils import timezone

from golden_records.models import CustomerRecord, GoldenCustomer, MatchState, SourceSystem
from golden_records.sources import store, understand
from matching import runs
from matching.models import BlockingKey, MatchRun, RunChunk, RunState
from tests.matching.conftest import CUSTOMER, by_test, draft
from tests.processes import url_of_test_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

FIRMS = 2_000
PATIENCE_SECONDS = 60


def test_killed_in_the_middle_and_started_again_it_ends_in_the_same_golden_records() -> None:
    _two_systems_know_many_firms()
    run = runs.start(CUSTOMER, actor="test")
    process = _matching_process()
    _wait_for_first_chunk(process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = MatchRun.objects.get()
    assert (left.pk, left.state) == (run.pk, RunState.RUNNING), "it was killed before its end"
    waiting = CustomerRecord.objects.filter(match_state=MatchState.PENDING).count()
    assert 0 < waiting < 2 * FIRMS
    MatchRun.objects.update(lease_until=timezone.now())
    assert runs.work_on(run.pk).state == RunState.COMPLETED
    assert GoldenCustomer.objects.count() == FIRMS
    assert set(Counter(CustomerRecord.objects.values_list("golden_id", flat=True)).values()) == {2}
    assert GoldenCustomer.history.count() == FIRMS
    assert BlockingKey.objects.values("record_id").distinct().count() == 2 * FIRMS


def _two_systems_know_many_firms() -> None:
    change = by_test()
    with transaction.atomic():
        for code in ("crm", "erp"):
            source = SourceSystem.objects.create(code=code, name=code)
            store(CUSTOMER, [understand(draft(source, str(number), "customer", _firm(number))) for number in range(FIRMS)], change=change)


def _firm(number: int) -> dict[str, object]:
    phone = f"+33142{number:06}"
    return {"legal_name": f"Maison {number} Dubois", "phone": phone, "city": "Paris", "postcode": "75002", "country": "FR"}


def _matching_process() -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "DATABASE_URL": url_of_test_database(),
        "SECRET_KEY": "of a test",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    command = [sys.executable, "manage.py", "match", "--entity", "customer"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def _wait_for_first_chunk(process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not RunChunk.objects.filter(applied_at__isnull=False).exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
