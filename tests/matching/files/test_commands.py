"""The commands on files: no database is asked for."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from rich.console import Console

from matching.management.files import stage_bars
from tests.architecture.source import ROOT
from tests.matching.files.making import english, people, write_csv


def test_two_files_give_clusters_pairs_and_a_report(systems: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = [tmp_path / name for name in ("clusters.parquet", "pairs.csv", "report.html")]
    options = {"output": outputs[0], "pairs": outputs[1], "report": outputs[2]}
    call_command("match_files", *map(str, systems), **options)
    told = capsys.readouterr().out
    assert "115 records in" in told
    assert "clusters across both files" in told
    assert pq.read_table(outputs[0]).num_rows == 115
    assert "reason" in pyarrow.csv.read_csv(outputs[1]).column_names
    assert outputs[2].read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--map", "zip"], "column=attribute"), (["--map", "zip=shoe_size"], "Column 'zip'"), (["--map", "zap=city"], "no column 'zap'"),
        (["--config", "nowhere.yml"], "no match config 'nowhere.yml'"),
    ],
)  # fmt: skip
def test_what_is_told_wrongly_ends_in_a_line(systems: tuple[Path, Path], tmp_path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("match_files", str(systems[0]), "--output", str(tmp_path / "c.parquet"), *arguments)


def test_three_files_are_too_many(systems: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="One file or two"):
        call_command("match_files", *map(str, (*systems, systems[0])), output=tmp_path / "c.parquet")


def test_a_file_that_is_not_there_or_has_no_labels_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.csv"):
        call_command("evaluate", str(tmp_path / "none.csv"))
    path = write_csv(tmp_path / "a.csv", [english(person) for person in people(5)])
    with pytest.raises(CommandError, match="no column 'truth'"):
        call_command("evaluate", str(path), labels="truth")


def test_evaluate_prints_figures_and_writes_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**english(person), "cluster": person["number"]} for person in people(40)]
    path = write_csv(tmp_path / "a.csv", rows + rows[:10])
    call_command("evaluate", str(path), report=str(tmp_path / "r.html"))
    assert "pairs_f1           1.0000" in capsys.readouterr().out
    assert "How right it is" in (tmp_path / "r.html").read_text(encoding="utf-8")
    call_command("evaluate", str(path), "--json", "--map", "first_name=given_name", "--config", "customer")
    told = json.loads(capsys.readouterr().out)
    assert next(iter(told)) == "pairs_precision"
    assert told["review_by_labels"] <= told["auto_by_labels"] <= 1
    assert sum(row["pairs"] for row in told["calibration"]) == told["candidates"]
    for row in told["calibration"]:
        assert (row["settled"] == 0) == (row["said"] is None)
        assert row["vouched_low"] is None or row["settled"]
        assert 0 < row["trials"] <= row["pairs"]
        assert row["vouched_low"] is None or 0 <= row["vouched_low"] <= row["predicted"] <= row["vouched_high"] <= 1


def test_files_are_matched_where_no_database_can_be_reached(systems: tuple[Path, Path], tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "match_files", str(systems[0]), "--output", str(tmp_path / "clusters.parquet")]
    nowhere = os.environ | {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "SECRET_KEY": "of this test", "MDM_DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip
    result = subprocess.run(command, cwd=ROOT, env=nowhere, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert pq.read_table(tmp_path / "clusters.parquet").num_rows == 75
    assert not (tmp_path / "data" / "mdm.sqlite3").exists()


def test_a_terminal_gets_a_bar_per_stage_and_a_log_a_line() -> None:
    shown = {}
    for is_terminal in (True, False):
        written = io.StringIO()
        with stage_bars(Console(file=written, force_terminal=is_terminal, width=100)) as stages:
            stages.start("reading a.csv")
            stages.advance(20_000)
            stages.start("clustering")
        shown[is_terminal] = written.getvalue()
    assert "━" in shown[True]
    assert "20,000 rows" in shown[True]
    assert [line.partition(":")[0] for line in shown[False].splitlines()] == ["reading a.csv", "clustering"]
