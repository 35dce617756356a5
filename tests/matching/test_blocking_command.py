"""`manage.py blocking`: what the rules cost, find and miss, for people and for programs, on files and on the database."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from matching.models import MatchConfigVersion, MatchRun
from tests.matching.conftest import Arrive

SHARED = "+33142685317"


@pytest.fixture
def firms(tmp_path: Path) -> Path:
    """Firms known twice, each with the number of the house where all are."""
    path = tmp_path / "firms.parquet"
    names = [f"{chr(97 + number % 26) * 2}{number}bur" for number in range(130)]
    rows = [{"legal_name": f"{name} SAS", "phone": SHARED, "city": "Lyon", "email": f"{name}@firm.example"} for name in names * 2]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    call_command("blocking", *(str(argument) for argument in arguments))
    return capsys.readouterr().out


def test_a_file_is_told_rule_by_rule_with_what_was_left_out_and_what_is_missed(firms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, "--file", firms, "--config", "customer")
    assert "260 records" in told
    assert "What each rule costs and finds" in told
    assert "What was left out" in told
    assert "phone and name" in told
    assert "42685317" in told
    assert "The rules find about" in told


def test_programs_get_one_document(firms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(printed(capsys, "--file", firms, "--config", "customer", "--json"))
    phone = next(rule for rule in document["rules"] if rule["name"] == "phone")
    assert phone["left_out"]["common"]["pairs"] == 260 * 259 // 2
    assert phone["left_out"]["commonest"][0]["text"].endswith("142685317")
    assert 0 < document["coverage"]["recall"] <= 1


def test_rules_are_suggested_as_lines_to_paste_into_a_config(firms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, "--file", firms, "--config", "customer", "--suggest", "anew")
    assert "further rules were tried" in told
    assert "\nblocking:\n" in told
    assert "email: {parts: [email]}" in told or "name words: {parts: [name words]}" in told


def test_rules_that_find_everything_have_nothing_to_add(firms: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "None of them is worth its cost." in printed(capsys, "--file", firms, "--config", "customer", "--suggest")


@pytest.mark.django_db
def test_the_records_of_an_entity_type_are_studied_and_nothing_is_written(arrived: Arrive, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        arrived("crm", str(number), legal_name="Cabinet Roux", phone=SHARED)
    told = printed(capsys, "customer")
    assert "4 records, 6 pairs compared" in told
    assert not MatchRun.objects.exists()
    assert MatchConfigVersion.objects.count() == 1


def test_a_file_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("blocking", "--file", str(tmp_path / "nothing.csv"))
