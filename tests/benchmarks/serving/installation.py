"""An installation for the benchmarks of the API: a database with firms in it, a web server on it, and clients that call."""

import http.client
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from mdm.embedded import postgres, processes

MILLISECONDS: Final = 1_000


@dataclass(frozen=True)
class Installation:
    """The environment of its processes, keys for its API (one of the CRM alone), its firms, and how many records earlier runs left."""

    environment: dict[str, str]
    key: str
    own_key: str
    records: int
    beside: int

    def run(self, module: str, *arguments: str) -> str:
        """Run a command of the benchmarks inside Django; gives what it prints."""
        return run_module(self.environment, "tests.benchmarks.serving", module, *arguments)


@dataclass(frozen=True)
class Server:
    """Where the web server listens, and its process."""

    port: int
    process_id: int


@dataclass(frozen=True)
class Call:
    """One request, ready to be sent."""

    method: str
    address: str
    body: bytes | None = None


@contextmanager
def installation(records: int) -> Iterator[Installation]:
    """A database with `records` firms, matched: a new one that is gone afterwards, or that of `DATABASE_URL`, which keeps them."""
    with database() as environment:
        made = json.loads(run_module(environment, "tests.benchmarks.serving", "prepare", str(records)).splitlines()[-1])
        yield Installation(environment=environment, records=records, **made)


@contextmanager
def database() -> Iterator[dict[str, str]]:
    """A new database (`DATABASE_URL`, or a PostgreSQL of our own), empty; gives the environment of processes on it."""
    given = os.environ.get("DATABASE_URL")
    with tempfile.TemporaryDirectory(prefix="mdm-benchmark-") as folder, nullcontext(given) if given else postgres.running() as url:
        environment = os.environ | {
            "DATABASE_URL": str(url),
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.serving.settings",
            "LOG_LEVEL": "ERROR",
            "MDM_DATA_DIR": folder,
            "SECRET_KEY": secrets.token_hex(),
        }
        (Path(folder) / "static").mkdir()
        run_module(environment, "django", "migrate", "--verbosity", "0")
        yield environment


@contextmanager
def serving(installed: Installation, *, workers: int = 2) -> Iterator["Server"]:
    """The web server as `mdm run` starts it."""
    port = processes.free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", str(workers), "--blocking-threads", "4"]
    command += ["--host", processes.LOOPBACK, "--port", str(port), "--no-access-log", "mdm.wsgi:application"]
    log = Path(installed.environment["MDM_DATA_DIR"]) / "web.log"
    with log.open("wb") as output:
        process = processes.start(command, log=output, environment=installed.environment)
        try:
            processes.wait_until(lambda: not processes.is_free(port) and _answers(port), process=process, log=log)
            yield Server(port, process.pid)
        finally:
            processes.stop(process)


def send_all(port: int, key: str, shares: Sequence[Sequence[Call]]) -> tuple[list[float], float]:
    """Send each share from a client of its own, all at once; gives the seconds of every call, and those of the whole."""
    # Fresh processes: one that was forked would share what the parent holds.
    with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as pool:
        list(pool.map(time.sleep, [0.2] * len(shares)))
        begun = time.perf_counter()
        spent = list(pool.map(send, [port] * len(shares), [key] * len(shares), shares))
        return [seconds for share in spent for seconds in share], time.perf_counter() - begun


def send(port: int, key: str, calls: Sequence[Call]) -> list[float]:
    """Send the calls one after the other over one connection; gives the seconds of each."""
    connection = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    seconds = []
    for call in calls:
        begun = time.perf_counter()
        connection.request(call.method, call.address, body=call.body, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        seconds.append(time.perf_counter() - begun)
        assert answer.status in {200, 201}, (answer.status, body)
    return seconds


def report(name: str, **figures: object) -> None:
    """Print one figure as a line of JSON."""
    print(json.dumps({"benchmark": name, **figures}), flush=True)


def percentile(seconds: Sequence[float], share: float) -> float:
    """Give the milliseconds that this share of the calls did not exceed."""
    return round(sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * MILLISECONDS, 3)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def run_module(environment: dict[str, str], *command: str) -> str:
    """Run a module in an environment; gives what it prints."""
    done = subprocess.run([sys.executable, "-m", *command], env=environment, stdout=subprocess.PIPE, text=True, check=True)  # our own
    return done.stdout
