"""Told to stop, web server and worker end what they hold, and nothing of it is lost."""

import http.client
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connection, connections, transaction

from api.keys import create_key
from api.scopes import INGEST
from golden_records.models import CustomerRecord, MatchState
from golden_records.sources import store, understand
from matching.locks import MatchGuard, in_transaction
from matching.tasks import match_source_record
from mdm.cli import WEB
from mdm.embedded import processes
from tests.factories import a_change, a_source
from tests.matching.conftest import ACME, CUSTOMER, by_test, draft
from tests.processes import WorkerProcess, url_of_test_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.only_on("postgresql")]

PATIENCE_SECONDS: Final = 120


@contextmanager
def everybody_waits() -> Iterator[threading.Event]:
    """Hold the gate, so that whoever writes customers waits; the event opens it."""
    shut, opened = threading.Event(), threading.Event()

    def hold(guard: MatchGuard) -> None:
        guard.enter_alone(CUSTOMER)
        shut.set()
        opened.wait(PATIENCE_SECONDS)

    def alone() -> None:
        try:
            in_transaction(hold)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(alone)
        assert shut.wait(PATIENCE_SECONDS)
        try:
            yield opened
        finally:
            opened.set()
            holder.result(PATIENCE_SECONDS)


def until_somebody_waits() -> None:
    pause = threading.Event()
    for _ in range(PATIENCE_SECONDS * 50):
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
        pause.wait(0.02)
    pytest.fail("nobody waits")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Any, int]]:
    """The web server on the test's database, and its port."""
    port, log = processes.free_port(), tmp_path / "web.log"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url_of_test_database(),
        "SECRET_KEY": "of a test",
    }
    command = [sys.executable, *WEB, "--host", processes.LOOPBACK, "--port", str(port), "--workers", "1", "--blocking-threads", "2"]
    with log.open("wb") as output:
        process = processes.start(command, log=output, environment=environment)
    try:
        processes.wait_until(lambda: _status(port, "/health/live") == 200, process=process, log=log, seconds=PATIENCE_SECONDS)
        yield process, port
    finally:
        processes.kill_group(process)


def _status(port: int, path: str) -> int | None:
    with closing(http.client.HTTPConnection(processes.LOOPBACK, port, timeout=5)) as client:
        try:
            client.request("GET", path)
            return client.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


def test_a_web_server_that_is_told_to_stop_answers_the_request_that_it_holds(web: tuple[Any, int]) -> None:
    process, port = web
    a_source("crm")
    key = create_key(name="test", source=None, scopes=[INGEST], change=a_change()).secret

    def put() -> int:
        with closing(http.client.HTTPConnection(processes.LOOPBACK, port, timeout=PATIENCE_SECONDS)) as client:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            client.request("PUT", "/api/v1/source-records/crm/customer/1", body=json.dumps({"attributes": ACME}), headers=headers)
            return client.getresponse().status

    with ThreadPoolExecutor(1) as pool, everybody_waits() as opened:
        answer = pool.submit(put)
        until_somebody_waits()
        process.send_signal(signal.SIGTERM)
        opened.set()
        assert answer.result(PATIENCE_SECONDS) == 201
    assert process.wait(PATIENCE_SECONDS) == 0
    assert CustomerRecord.objects.get().match_state == MatchState.MATCHED


def test_a_worker_that_is_told_to_stop_ends_the_task_that_it_holds(start_worker: Callable[..., WorkerProcess]) -> None:
    with transaction.atomic():
        store(CUSTOMER, [understand(draft(a_source("crm"), "1", "customer", {**ACME}))], change=by_test())
    worker = start_worker()
    with everybody_waits() as opened:
        match_source_record.delay("customer", CustomerRecord.objects.get().pk)
        until_somebody_waits()
        worker.process.send_signal(signal.SIGTERM)
        opened.set()
    assert worker.process.wait(PATIENCE_SECONDS) == 0
    assert CustomerRecord.objects.get().match_state == MatchState.MATCHED
