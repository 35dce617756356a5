"""What every test may ask for.

Databases are the business of `tests/databases.py`: mark a test `django_db`, and it runs on each. Here are the servers and processes
that a test may need around it:

    broker          a real Valkey, once per test process
    start_worker    starts real Celery workers on the test's database; `start_worker()` -> WorkerProcess, `.kill()`, `.stop()`
    browser         headless Chromium (Playwright); `browser.new_page()`; skipped, loudly, where Chromium is not installed
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from celery import current_app
from django.db.backends.base.operations import BaseDatabaseOperations
from playwright.sync_api import Browser, sync_playwright

from golden_records import protection, rulebook
from golden_records.source_systems import known_sources
from matching.active_config import forget_versions
from mdm.embedded import valkey
from tests.databases import broker_key
from tests.lock_order import watched
from tests.processes import WorkerProcess, url_of_test_database

CHROMIUM_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(autouse=True)
def _no_config_of_another_test() -> Iterator[None]:
    """A test's rows are gone after it, and SQLite gives their ids to others."""
    yield
    forget_versions()
    rulebook.forget()
    known_sources.forget()


@pytest.fixture(autouse=True)
def lock_offences(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Whatever a test does, no transaction takes its locks out of order; what was found so far, for a test of the watch itself."""
    with watched(monkeypatch) as offences:
        yield offences
    assert offences == []


@pytest.fixture(autouse=True, scope="session")
def _databases_may_be_emptied() -> Iterator[None]:
    """Emptying a database after a test is no tampering with what the database keeps from being rewritten."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def unprotected(operations: Any, statements: Any) -> None:
        with protection.unprotected():
            flush(operations, statements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", unprotected)
        yield


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[valkey.Broker]:
    """A running Valkey server, of this test process alone, at the address that the settings name as the broker."""
    log = tmp_path_factory.mktemp("broker") / "valkey.log"
    with valkey.running(request.config.stash[broker_key], log=log) as running:
        yield running


@pytest.fixture
def no_eager_tasks(broker: valkey.Broker) -> Iterator[None]:
    """Tasks go through the broker instead of running in the caller."""
    del broker
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True
    current_app.control.purge()


@pytest.fixture
def start_worker(
    transactional_db: None, broker: valkey.Broker, no_eager_tasks: None, tmp_path: Path
) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts a real Celery worker process on the test's database: `start_worker(concurrency=2)`; ready when the call returns.

    May be called again for a second worker, or after a kill. All are gone at the end of the test.
    """
    del transactional_db, no_eager_tasks
    with ExitStack() as stack:

        def start(*, concurrency: int = 2) -> WorkerProcess:
            worker = WorkerProcess.started(folder=tmp_path, database_url=url_of_test_database(), broker=broker, concurrency=concurrency)
            stack.callback(worker.kill)
            return worker

        yield start


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium. Use with `live_server`: `page = browser.new_page(); page.goto(live_server.url)`."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("CHROMIUM IS NOT INSTALLED: this browser test did not run (apt-get install chromium)")
    # Playwright runs an event loop in this thread, and Django refuses database calls beside one although they are safe here.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        yield chromium
        chromium.close()
