import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from mdm.embedded import processes

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 120


class Service:
    """`python -m mdm run` on a folder of its own, without demonstration data."""

    def __init__(self, folder: Path, *, port: int, output: str = "run.output") -> None:
        self.output = folder.with_name(output)
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a new installation will be."""
    return tmp_path / "installation"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that was started before."""
    folder = tmp_path_factory.mktemp("prepared") / "installation"
    service = Service(folder, port=processes.free_port())
    service.address()
    service.stop()
    return folder


@pytest.fixture
def service(prepared: Path, folder: Path) -> Iterator[Service]:
    """A running service, on a copy of the prepared installation."""
    shutil.copytree(prepared, folder)
    running = Service(folder, port=processes.free_port())
    yield running
    running.stop()


def _log_in(address: str, username: str, password: str) -> str:
    """The page that a person sees after the log-in form."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.open(f"{address}/admin/login/", timeout=30).read()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = urlencode({"username": username, "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}).encode()
    page: bytes = browser.open(f"{address}/admin/login/?next=/admin/", form, timeout=30).read()
    return page.decode()


def _gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_new_installation_serves_and_takes_its_log_in(folder: Path) -> None:
    service = Service(folder, port=processes.free_port())
    address = service.address()
    with urllib.request.urlopen(f"{address}/health/ready", timeout=30) as response:  # noqa: S310  # it is http
        assert json.load(response)["checks"] == {"database": "ok", "migrations": "ok", "broker": "ok"}
    assert 'name="password"' not in _log_in(address, "steward", service.password_of("steward"))
    assert service.stop() == 0
    assert "Stopped." in service.said()


def test_a_later_start_keeps_the_data_and_prepares_nothing(service: Service, folder: Path) -> None:
    service.address()
    assert "Preparing the database" not in service.said()
    assert "Collecting static files" not in service.said()
    with sqlite3.connect(folder / "mdm.sqlite3") as connection:
        assert connection.execute("SELECT username FROM auth_user ORDER BY username").fetchall() == [("admin",), ("steward",)]


def test_an_occupied_port_is_said_and_the_next_one_taken(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]
        service = Service(folder, port=port)
        _until(lambda: "in use" in service.said())
        assert re.search(rf"Port {port} is in use; taking \d+\.", service.said())
        service.stop()


def test_what_is_stopped_before_it_was_up_stops_cleanly_and_starts_again(folder: Path) -> None:
    first = Service(folder, port=processes.free_port())
    _until(lambda: "Preparing the database" in first.said())
    first.stop()
    assert _gone(first.children())
    second = Service(folder, port=processes.free_port())
    assert second.address()
    assert second.stop() == 0


def test_a_second_service_on_the_same_data_is_refused(service: Service, folder: Path) -> None:
    service.address()
    other = Service(folder, port=processes.free_port(), output="other.output")
    assert other.process.wait(DEADLINE_SECONDS) == 1
    assert f"already (process {service.process.pid})" in other.said()


def test_a_killed_service_leaves_no_process_behind(service: Service) -> None:
    service.address()
    children = service.children()
    assert len(children) >= len(("broker", "web", "worker", "beat"))
    service.process.kill()
    service.process.wait()
    _until(lambda: _gone(children))
