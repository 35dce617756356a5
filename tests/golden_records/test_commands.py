from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from golden_records.models import CustomerRecord, QuarantinedRow, SourceMapping, SourceSystem
from tests.golden_records.importing import a_mapped_source, customers_csv

pytestmark = pytest.mark.django_db

MAPPING = "external_id: Id\nattributes: {legal_name: Name}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return customers_csv(tmp_path / "accounts.csv", 4, bad_every=2)


def told(capsys: pytest.CaptureFixture[str], *command: object) -> str:
    call_command(*map(str, command))
    return " ".join(capsys.readouterr().out.split())


def test_sources_are_made_and_changed_with_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sources.yml"
    path.write_text("crm: {name: CRM, trust: 60}\nerp: {name: ERP, trust: 80, country: DE}\n", encoding="utf-8")
    assert "erp: ERP, trust 80, DE" in told(capsys, "load_sources", path)
    path.write_text("crm: {name: CRM, trust: 70}\nerp: {name: ERP, trust: 80, country: DE}\n", encoding="utf-8")
    told(capsys, "load_sources", path)
    crm, erp = SourceSystem.objects.get(code="crm"), SourceSystem.objects.get(code="erp")
    assert (crm.trust, crm.history.count(), erp.history.count()) == (70, 2, 1)
    assert crm.history.latest().actor == "command:load_sources"


@pytest.mark.parametrize(
    "content",
    ["crm: {trust: 300}", "crm: {truth: 3}", "crm: {country: Frankreich}", "'a b': {name: x}", "[]", "crm: 5", "{", "crm: {trust: x}"],
)
def test_a_source_that_can_not_be_is_refused_and_none_is_saved(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(f"erp: {{name: ERP}}\n{content}\n" if content.startswith(("crm", "'")) else content, encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("load_sources", str(path))
    assert not SourceSystem.objects.exists()


def test_a_mapping_is_kept_once_and_checked_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_mapped_source()
    path = tmp_path / "customers.yml"
    path.write_text(MAPPING, encoding="utf-8")
    for _ in range(2):
        assert "1 attributes are mapped" in told(capsys, "load_mapping", "crm", "customer", path)
    row = SourceMapping.objects.get(source__code="crm", entity="customer")
    assert (row.document["external_id"], row.history.count()) == ("Id", 2)
    path.write_text("external_id: Id\nattributes: {legal_nam: Name}\n", encoding="utf-8")
    with pytest.raises(CommandError, match="legal_name"):
        call_command("load_mapping", "crm", "customer", str(path))


def test_an_import_tells_what_became_of_the_rows(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_mapped_source()
    output = told(capsys, "import_records", "crm", "customer", file)
    for line in (": 4 rows received: 2 created, 2 quarantined", "manage.py quarantine list --source crm --entity customer"):
        assert line in output
    assert CustomerRecord.history.first().actor == "command:import_records"


def test_a_domain_error_ends_a_command_with_its_remedy(file: Path) -> None:
    with pytest.raises(CommandError, match="There is no source system 'crm'"):
        call_command("import_records", "crm", "customer", str(file))


def test_the_quarantine_is_listed_shown_mended_replayed_and_dismissed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_mapped_source()
    told(capsys, "import_records", "crm", "customer", file)
    first, second = QuarantinedRow.objects.order_by("row_number").values_list("id", flat=True)
    assert "2 of 2 open row(s)" in told(capsys, "quarantine", "list", "--source", "crm")
    assert "0 of 0 open row(s)" in told(capsys, "quarantine", "list", "--entity", "project")
    assert "row 2 of accounts.csv" in told(capsys, "quarantine", "show", first)
    assert "0 of 2 row(s) were taken" in told(capsys, "quarantine", "replay", "--all")
    assert "was taken: created" in told(capsys, "quarantine", "mend", first, "--set", "Note=8")
    assert "still can't be taken" in told(capsys, "quarantine", "mend", second, "--set", "Note=bad")
    assert "is dismissed" in told(capsys, "quarantine", "dismiss", second, "--reason", "a test")
    with pytest.raises(CommandError, match="already"):
        call_command("quarantine", "replay", str(second))
    with pytest.raises(CommandError, match="COLUMN=VALUE"):
        call_command("quarantine", "mend", str(second), "--set", "Note")


def test_values_of_rows_are_shown_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_mapped_source()
    path = tmp_path / "accounts.csv"
    path.write_text("Id,Name,City,Note,Changed\n1,[red]Acme[/red] :smile:,Lyon,[bold]x[/bold],\n", encoding="utf-8")
    told(capsys, "import_records", "crm", "customer", path)
    output = told(capsys, "quarantine", "show", QuarantinedRow.objects.get().pk)
    assert "[red]Acme[/red] :smile:" in output
