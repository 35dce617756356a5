import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from mdm.embedded import processes

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 120


class Service:
    """`python -m mdm run` on a folder of its own, without demonstration data."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self.output = folder.with_name(f"{port}.output")
        clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
        environment = clean | {"MDM_DATA_DIR": str(folder), "MDM_DEMO": "0", "PORT": str(port)}
        command = [sys.executable, "-m", "mdm", "run"]
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)

    def said(self) -> str:
        """All that it printed so far."""
        return self.output.read_text()

    def address(self) -> str:
        """Where it says that it is, once it is up."""
        _until(lambda: "mdm is at" in self.said() or self.process.poll() is not None)
        found = re.search(r"mdm is at (\S+)", self.said())
        assert found is not None, self.said()
        return found[1]

    def password_of(self, username: str) -> str:
        """The password that it told the person who started it."""
        found = re.search(rf"Log in as {username} +password (\S+)", self.said())
        assert found is not None, self.said()
        return found[1]

    def children(self) -> set[int]:
        """The processes that the service started, and theirs."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid="], check=True, capture_output=True, text=True).stdout  # noqa: S607
        parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
        found: set[int] = set()
        fresh = {self.process.pid}
        while fresh:
            fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
            found |= fresh
        return found

    def stop(self) -> int:
        """What Ctrl-C does; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE_SECONDS)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def _log_in(address: str, username: str, password: str) -> str:
    """The page that a person sees after the log-in form."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.open(f"{address}/admin/login/", timeout=30).read()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = urlencode({"login": username, "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}).encode()
    page: bytes = browser.open(f"{address}/accounts/login/", form, timeout=30).read()
    return page.decode()


def _gone(pids: set[int]) -> bool:
    return not any(_runs(pid) for pid in pids)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A zombie has ended; that nobody has asked how is not its fault.
    return state != "Z"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts the service on one and the same new folder: `start()`; all are stopped at the end of the test."""
    with ExitStack() as stack:

        def started(*, port: int | None = None) -> Service:
            service = Service(tmp_path / "installation", port=port or processes.free_port())
            stack.callback(service.stop)
            return service

        yield started


def test_the_life_of_an_installation(start: Callable[..., Service], tmp_path: Path) -> None:
    # Broken off during its first start, it ends cleanly.
    interrupted = start()
    _until(lambda: "Preparing the database" in interrupted.said())
    children = interrupted.children()
    assert children
    interrupted.stop()
    assert _gone(children)

    # Started again, it finishes what was begun, and a person can log in.
    service = start()
    address = service.address()
    with urllib.request.urlopen(f"{address}/health/ready", timeout=30) as response:  # noqa: S310  # it is http
        checks = json.load(response)["checks"]
    assert [checks[name] for name in ("database", "migrations", "broker", "locks")] == ["ok"] * 4
    assert 'name="password"' not in _log_in(address, "steward", service.password_of("steward"))

    # A second one on the same data is refused.
    second = start()
    assert second.process.wait(DEADLINE_SECONDS) == 1
    assert f"already (process {service.process.pid})" in second.said()

    # Killed, it leaves no process behind.
    children = service.children()
    assert len(children) >= len(("broker", "web", "worker", "beat"))
    service.process.kill()
    service.process.wait()
    _until(lambda: _gone(children))

    # A later start keeps the data and prepares nothing; Ctrl-C stops it.
    later = start()
    assert later.address()
    assert "Preparing the database" not in later.said()
    assert "Collecting static files" not in later.said()
    assert later.stop() == 0
    assert later.said().endswith("Stopped.\n")
    with sqlite3.connect(tmp_path / "installation" / "mdm.sqlite3") as connection:
        assert connection.execute("SELECT username FROM auth_user ORDER BY username").fetchall() == [("admin",), ("steward",)]


def test_an_occupied_port_is_said_and_the_next_one_taken(start: Callable[..., Service]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]
        service = start(port=port)
        _until(lambda: "in use" in service.said())
        assert re.search(rf"Port {port} is in use; taking \d+\.", service.said())
