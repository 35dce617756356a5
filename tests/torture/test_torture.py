"""A short run of the torture: little of everything, on a PostgreSQL, a broker and processes of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_nothing_is_lost_or_doubled_in_a_short_run(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "CELERY_EAGER"}}
    command = [sys.executable, "-m", "tests.torture", "--short", "--report", str(report)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split("|") for line in report.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert {row[1].strip(): row[4].strip() for row in rows} == {
        "same customers at once": "0",
        "stewards and lost connections": "0",
        "workers killed": "0",
        "broker killed and emptied": "0",
        "any order": "0",
    }
