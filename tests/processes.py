"""Real worker processes for the few tests that need one."""

import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlunsplit

from celery import current_app
from django.db import connection

from mdm.embedded import processes, valkey


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A Celery worker with its pool of child processes. `log` holds what it printed."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def started(cls, *, folder: Path, database_url: str, broker: valkey.Broker, concurrency: int) -> Self:
        """Start a worker and wait until it takes tasks."""
        name = f"worker-{uuid.uuid4().hex[:8]}@test"
        log = folder / f"{name}.log"
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url,
            "REDIS_URL": broker.url,
            "SECRET_KEY": "of-this-test-run-only",
            "CELERY_EAGER": "0",
        }
        command = [sys.executable, "-m", "celery", "--app", "mdm", "worker", "--hostname", name]
        command += ["--concurrency", str(concurrency), "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        with log.open("wb") as output:
            process = processes.start(command, log=output, environment=environment)
        processes.wait_until(lambda: _answers(name), process=process, log=log)
        return cls(name, process, log)

    def kill(self) -> None:
        """Kill -9 for the worker and its children at once: it finishes nothing and says goodbye to nobody."""
        processes.kill_group(self.process)

    def stop(self) -> None:
        """Let the worker finish its tasks and end."""
        processes.stop(self.process)


def _answers(name: str) -> bool:
    return bool(current_app.control.ping(destination=[name], timeout=0.2))


def url_of_test_database() -> str:
    """The address of the test's own database, for another process."""
    settings: dict[str, str] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    login = f"{quote(settings['USER'], safe='')}:{quote(settings['PASSWORD'], safe='')}"
    return urlunsplit(("postgresql", f"{login}@{settings['HOST']}:{settings['PORT']}", settings["NAME"], "", ""))
