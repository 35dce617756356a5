"""Many records in one call to the web server as it runs: answered at once, and read as they come."""

import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from golden_records.models import CustomerRecord, ImportJob, ImportState
from mdm.embedded import processes
from tests.api.calling import Caller
from tests.processes import url_of_test_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PATIENCE_SECONDS = 60
LINES = 40_000


@pytest.fixture
def port(tmp_path: Path, transactional_db: None) -> Iterator[int]:
    """The port of a web server on the test's database."""
    del transactional_db
    port = processes.free_port()
    environment = os.environ | {
        "DATABASE_URL": url_of_test_database(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "SECRET_KEY": "of-this-test-run-only",
        "CELERY_EAGER": "0",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    command += ["--host", processes.LOOPBACK, "--port", str(port), "--no-access-log", "mdm.wsgi:application"]
    log = tmp_path / "web.log"
    with log.open("wb") as output:
        process = processes.start(command, log=output, environment=environment)
        try:
            processes.wait_until(lambda: _serves(port), process=process, log=log)
            yield port
        finally:
            processes.stop(process)


def test_a_client_that_reads_nothing_before_it_has_sent_everything_hears_of_every_line(port: int, caller: Caller) -> None:
    # Short lines that are no records: the answers are many times longer, and fill every buffer on their way.
    parts = iter([b"x\n" * 1_000] * (LINES // 1_000) + [_line("1")])
    connection = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=PATIENCE_SECONDS)
    connection.request("POST", "/api/v1/source-records", body=parts, headers=_headers(caller), encode_chunked=True)
    answer = connection.getresponse()
    lines = answer.read().splitlines()
    assert sum(map(len, lines)) > 12 * 1024 * 1024
    assert (answer.status, len(lines), json.loads(lines[-1])["outcome"]) == (202, LINES + 1, "accepted")
    assert ImportJob.objects.get().refused == LINES


def test_a_client_whose_connection_breaks_knows_its_job_from_the_start_and_sends_again(port: int, caller: Caller) -> None:
    content = b"".join(_line(str(number)) for number in range(1_500))
    with socket.create_connection((processes.LOOPBACK, port), timeout=PATIENCE_SECONDS) as client:
        headers = "".join(f"{name}: {value}\r\n" for name, value in _headers(caller).items())
        head = f"POST /api/v1/source-records HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {len(content)}\r\n\r\n"
        client.sendall(head.encode() + content[: len(content) // 2])
        told = client.recv(4_096).decode().lower()
        assert told.startswith("http/1.1 202")
        location = next(line.partition(": ")[2] for line in told.splitlines() if line.startswith("location"))
        _wait_for(lambda: ImportJob.objects.get().rows_done > 0)
        assert caller.get(location.removeprefix("/api/v1")).json()["state"] == "running"
    _wait_for(lambda: ImportJob.objects.get().state == ImportState.FAILED)
    stored = caller.get(location.removeprefix("/api/v1")).json()["created"]
    assert 0 < stored == CustomerRecord.objects.count() < 1_500
    connection = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=PATIENCE_SECONDS)
    connection.request("POST", "/api/v1/source-records", body=content, headers=_headers(caller))
    outcomes = [json.loads(line)["outcome"] for line in connection.getresponse()]
    assert (outcomes.count("unchanged"), outcomes.count("accepted")) == (stored, 1_500 - stored)


def _line(external_id: str) -> bytes:
    attributes = {"legal_name": f"Maison {external_id[:10]}"}
    line: dict[str, Any] = {"source": "crm", "entity": "customer", "external_id": external_id, "attributes": attributes}
    return json.dumps(line).encode() + b"\n"


def _headers(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.key}", "Content-Type": "application/x-ndjson"}


def _serves(port: int) -> bool:
    connection = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/health/live", headers={"Host": "localhost"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _wait_for(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)
