"""A pytest plugin: the databases that a test run uses.

    pytest tests/x                          SQLite (a file in a temporary folder)
    pytest tests/x --database postgresql    a PostgreSQL server that the run starts and stops itself
    pytest tests/x --database both          both at once: one pytest-xdist worker on each

A test that uses the database (the mark `django_db`, or one of pytest-django's fixtures) is collected once per database, with the
parameter `sqlite` or `postgresql`; all others are collected once. `@pytest.mark.only_on("postgresql")` keeps a test to the database
on which its statement holds. `MDM_TEST_POSTGRESQL_URL`, where set, names a server to use instead of starting one.

The plugin is loaded before pytest-django (`-p tests.databases`), because Django reads its settings as soon as that one loads.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from django.db import connection

from mdm.embedded import postgres, processes, state, valkey
from tests.scheduling import DatabaseScheduling

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
BOTH: Final = "both"
POSTGRESQL_URL: Final = "MDM_TEST_POSTGRESQL_URL"
DATABASE_FIXTURES: Final = {"db", "transactional_db", "django_db_serialized_rollback", "live_server", "admin_user", "admin_client"}

broker_key = pytest.StashKey[valkey.Broker]()
resources_key = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--database`."""
    parser.addoption("--database", choices=(SQLITE, POSTGRESQL, BOTH), default=SQLITE, help="the database that tests run on")


def worker_database(worker_id: str) -> str:
    """The database of one pytest-xdist worker where a run uses both: they take turns."""
    return (SQLITE, POSTGRESQL)[int(worker_id.removeprefix("gw")) % 2]


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Point the environment at the run's own database, data folder and broker before Django reads it."""
    resources = early_config.stash[resources_key] = ExitStack()
    atexit.register(resources.close)
    folder = Path(tempfile.mkdtemp(prefix="mdm-tests-"))
    resources.callback(shutil.rmtree, folder, ignore_errors=True)
    choice: str = early_config.known_args_namespace.database
    worker_id = os.environ.get("PYTEST_XDIST_WORKER")
    if choice != SQLITE and POSTGRESQL_URL not in os.environ:
        os.environ[POSTGRESQL_URL] = resources.enter_context(postgres.running())
    database = worker_database(worker_id) if worker_id and choice == BOTH else choice
    for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY"):
        os.environ.pop(name, None)
    os.environ["MDM_DATA_DIR"] = str(folder)
    if database == POSTGRESQL:
        os.environ |= {"DATABASE_URL": os.environ[POSTGRESQL_URL], "SECRET_KEY": "of-this-test-run-only"}
    # Nothing listens there until a test asks for the fixture `broker`.
    broker = early_config.stash[broker_key] = valkey.configure(folder, port=processes.free_port())
    state.write_private(folder / state.BROKER_URL_FILE, broker.url)
    yield


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this run started."""
    config.stash[resources_key].close()


# A wrapper: any other hook would come after that of pytest-xdist, which decides by the number of workers whether it takes part.
@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Where both databases are asked for, run at least one worker for each."""
    if config.option.database == BOTH and not hasattr(config, "workerinput"):
        _use_a_worker_for_each(config)
    return (yield)


def _use_a_worker_for_each(config: pytest.Config) -> None:
    workers = config.option.numprocesses
    if workers is None:
        config.option.numprocesses = 2
    elif not isinstance(workers, int) or workers < 2:
        message = "--database both needs two workers or more: -n 2"
        raise pytest.UsageError(message)
    # A worker that takes a dead one's place would get the other database.
    config.option.maxworkerrestart = "0"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config) -> DatabaseScheduling | None:
    """Send each test to a worker of its own database."""
    if config.option.database != BOTH:
        return None
    return DatabaseScheduling(config, worker_database=worker_database)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Collect a test once per database, where it uses one."""
    definition = metafunc.definition
    uses_database = definition.get_closest_marker("django_db") or DATABASE_FIXTURES.intersection(metafunc.fixturenames)
    if not uses_database:
        return
    only_on = definition.get_closest_marker("only_on")
    databases = only_on.args if only_on else (SQLITE, POSTGRESQL)
    if "database" not in metafunc.fixturenames:
        metafunc.fixturenames.append("database")
    metafunc.parametrize("database", databases, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of a database that this run does not use."""
    choice = config.option.database
    if choice == BOTH:
        return
    wanted: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        (wanted if database_of(item) in {None, choice} else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = wanted


def database_of(item: pytest.Item) -> str | None:
    """The database that a collected test is for; None for a test without one."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get("database")


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """The name of the database that the test runs on: "sqlite" or "postgresql". A test on another one than it says is an error."""
    name: str = request.param
    assert connection.vendor == name, f"this process is on {connection.vendor}"
    return name
