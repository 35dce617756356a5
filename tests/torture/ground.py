"""The installation that is tortured: its processes, its database as an administrator sees it, and the programs that use it."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
import redis
from django.db import connection, connections
from django.utils import timezone

from api.keys import create_key
from api.scopes import INGEST, READ
from golden_records import protection
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import SourceSystem
from matching.active_config import forget_versions
from matching.models import MatchRun, RunState
from mdm.cli import BEAT, WEB, WORKER
from mdm.embedded import processes, valkey

CUSTOMER: Final = entity_type("customer")
CHANGE: Final = Change(actor="command:torture", reason="torture")
KEPT_TABLES: Final = {"django_migrations", "django_content_type", "auth_permission"}
PATIENCE_SECONDS: Final = 600
VICTIM: Final = """
    SELECT pg_terminate_backend(pid) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name <> 'administrator' AND state <> 'idle' ORDER BY random() LIMIT 1
    ) AS victim
"""


@dataclass
class Ground:
    """One installation. Every process that it starts is stopped when the stack is closed."""

    stack: ExitStack
    folder: Path = field(default_factory=lambda: Path(os.environ["MDM_DATA_DIR"]))
    key: str = ""
    sources: dict[str, SourceSystem] = field(default_factory=dict)
    broker_process: "subprocess.Popen[bytes] | None" = None

    @property
    def broker(self) -> valkey.Broker:
        """The broker that the settings name."""
        return valkey.Broker((str(valkey.binary()), str(self.folder / "valkey.conf")), os.environ["REDIS_URL"])

    def clear(self) -> None:
        """Empty the database, and make two sources and a key."""
        tables = [table for table in connection.introspection.table_names() if table not in KEPT_TABLES]
        with protection.unprotected(), connection.cursor() as cursor:
            forget_versions()
            cursor.execute(f"TRUNCATE {', '.join(map(connection.ops.quote_name, tables))} RESTART IDENTITY CASCADE")
        self.sources = {code: SourceSystem.objects.create(code=code, name=code.upper(), trust=50) for code in ("crm", "erp")}
        self.key = create_key(name="torture", source=None, scopes=[INGEST, READ], change=CHANGE).secret

    def start(self, name: str, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a process of the service, or one that uses it; its output goes to a file of this name."""
        # What was opened here is not for a child.
        connections.close_all()
        with (self.folder / f"{name}.log").open("ab") as log:
            process = processes.start(command, log=log, environment=os.environ)
        self.stack.callback(processes.kill_group, process)
        return process

    def start_broker(self) -> None:
        """Start the broker, empty."""
        self.broker_process = self.start("broker", self.broker.command)
        processes.wait_until(self.broker.answers, process=self.broker_process, log=self.folder / "broker.log", seconds=PATIENCE_SECONDS)

    def kill_broker(self) -> None:
        """Kill -9: every message that it holds is gone."""
        assert self.broker_process is not None
        processes.kill_group(self.broker_process)

    def empty_broker(self) -> None:
        """Let the broker lose every message, and live on."""
        with closing(redis.Redis.from_url(self.broker.url)) as client:
            client.flushall()

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Start a worker; it may not be ready yet."""
        return self.start("worker", (sys.executable, *WORKER, "--concurrency", "2"))

    def start_beat(self) -> "subprocess.Popen[bytes]":
        """Start the clock."""
        return self.start("beat", (sys.executable, *BEAT))

    def start_web(self) -> int:
        """Start the web server as `mdm run` does; gives its port once it answers."""
        port = processes.free_port()
        serving = ("--host", processes.LOOPBACK, "--port", str(port), "--workers", "2", "--blocking-threads", "4")
        process = self.start("web", (sys.executable, *WEB, *serving))
        processes.wait_until(lambda: _answers(port), process=process, log=self.folder / "web.log", seconds=PATIENCE_SECONDS)
        return port


@contextmanager
def ground() -> Iterator[Ground]:
    """Give an installation with an empty database; its processes end with the block."""
    with ExitStack() as stack:
        installed = Ground(stack)
        installed.clear()
        yield installed


@contextmanager
def administrator() -> "Iterator[psycopg.Connection[Any]]":
    """A connection beside those of the service, which nobody kills."""
    with closing(psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, application_name="administrator")) as own:
        yield own


def kill_a_connection(own: "psycopg.Connection[Any]") -> int:
    """End a random connection of the service; gives how many it was."""
    return own.execute(VICTIM).rowcount


def deadlocks(own: "psycopg.Connection[Any]") -> int:
    """Give how many deadlocks the database has resolved so far."""
    row = own.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    return int(row[0]) if row else 0


def let_leases_end() -> None:
    """Put the clock of abandoned runs forward, instead of waiting for a minute and a half after every kill."""
    MatchRun.objects.filter(state=RunState.RUNNING).update(lease_until=timezone.now())


def wait_for(done: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until something is so; False where it did not come to be."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def last_object(text: str) -> dict[str, Any]:
    """Read what a program printed last: a JSON object on a line of its own."""
    found: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return found


def _answers(port: int) -> bool:
    with closing(http.client.HTTPConnection(processes.LOOPBACK, port, timeout=5)) as client:
        try:
            client.request("GET", "/health/live")
            return client.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
