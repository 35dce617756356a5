"""A pytest plugin: which database a test run uses, and the PostgreSQL server that it starts for itself.

    pytest tests/x                          SQLite (a file in a temporary folder)
    pytest tests/x --database postgresql    a PostgreSQL server of the run's own

It is loaded before pytest-django (`-p tests.databases`), because Django reads its settings as soon as that plugin loads.
"""

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--database`."""
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="the database that tests run on")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Point the environment at the run's own database, data folder and broker before Django reads it."""
    del early_config
    folder = Path(tempfile.mkdtemp(prefix="mdm-tests-"))
    os.environ["MDM_DATA_DIR"] = str(folder)
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    yield
