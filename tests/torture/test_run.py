"""A torture that is stopped on the way says by what, in its report and in its exit code."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.torture import run
from tests.torture.ground import Ground
from tests.torture.outcome import Outcome, Scale
from tests.torture.table import Check


def _fails(ground: Ground, scale: Scale) -> Outcome:
    del ground, scale
    message = "a client failed"
    raise AssertionError(message)


def _stands_still(ground: Ground, scale: Scale) -> Outcome:
    del ground, scale
    time.sleep(3_600)
    return Outcome("nothing")


def _finds(ground: Ground, scale: Scale) -> Outcome:
    del ground, scale
    return Outcome("2 records", ["one is lost"])


@pytest.mark.parametrize(("tried", "told"), [(_fails, "a client failed"), (_stands_still, "stood still"), (_finds, "one is lost")])
def test_the_first_offence_ends_it_and_the_report_says_so(
    tried: Callable[[Ground, Scale], Outcome], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    checks = [Check("any order", "It holds.", tried), Check("workers killed", "It is not come to.", _stands_still)]
    monkeypatch.setattr(run, "CHECKS", checks)
    monkeypatch.setattr(run, "LIMIT_SECONDS", 0.5)
    monkeypatch.setattr(run, "ground", lambda: nullcontext(None))
    monkeypatch.setattr(run, "_broken", list)
    monkeypatch.setattr(run, "_machine", lambda: "Machine: one")
    report = tmp_path / "report.md"
    assert run.main(["--report", str(report)]) == 1
    rows = [[cell.strip() for cell in line.split("|")] for line in report.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert [(row[1], row[4]) for row in rows[1:]] == [("any order", "1")]
    assert told in capsys.readouterr().out
