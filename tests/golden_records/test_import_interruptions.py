import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import transaction

from golden_records.models import CustomerRecord, ImportJob, ImportState, QuarantinedRow
from tests.golden_records.importing import a_mapped_source, counts, customers_csv, imported
from tests.processes import url_of_test_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROWS = 3_000
PATIENCE_SECONDS = 60


def importing_process(path: Path, *, chunk_rows: int = 50) -> "subprocess.Popen[bytes]":
    """The command in a process of its own, on the test's database."""
    environment = os.environ | {
        "DATABASE_URL": url_of_test_database(),
        "SECRET_KEY": "of a test",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    command = [sys.executable, "manage.py", "import_records", "crm", "customer", str(path), "--chunk-rows", str(chunk_rows)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def rows_done() -> int:
    return ImportJob.objects.values_list("rows_done", flat=True).first() or 0


def wait_for(rows: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while rows_done() < rows:
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_twice_and_started_again_it_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    with transaction.atomic():
        a_mapped_source()
    path = customers_csv(tmp_path / "accounts.csv", ROWS, bad_every=100)
    for goal in (200, 1_000):
        process = importing_process(path)
        wait_for(goal, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert ImportJob.objects.get().state == ImportState.RUNNING, "it was killed before its end"
        assert CustomerRecord.objects.count() + QuarantinedRow.objects.count() == rows_done()
    job = imported(path)
    assert (job.state, job.attempt, counts(job)) == (ImportState.COMPLETED, 3, {"created": ROWS - ROWS // 100, "quarantined": ROWS // 100})
    assert CustomerRecord.objects.count() == CustomerRecord.history.count() == ROWS - ROWS // 100
    assert QuarantinedRow.objects.count() == ROWS // 100


def test_of_two_processes_that_import_one_file_the_second_says_so(tmp_path: Path) -> None:
    with transaction.atomic():
        a_mapped_source()
    path = customers_csv(tmp_path / "accounts.csv", 3 * ROWS)
    # A transaction for each row: it is still at work when the second has started.
    first = importing_process(path, chunk_rows=1)
    wait_for(1, first)
    second = importing_process(path)
    told = second.communicate(timeout=PATIENCE_SECONDS)[0].decode()
    assert first.poll() is None
    assert second.returncode != 0
    assert "being imported by another process" in told
    first.kill()
    first.wait()
    assert counts(imported(path)) == {"created": 3 * ROWS}
    assert CustomerRecord.objects.count() == CustomerRecord.history.count() == 3 * ROWS
