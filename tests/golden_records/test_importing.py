import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from golden_records.errors import Busy, NoMapping, UnknownEntity, UnreadableFile
from golden_records.imports import TakenOver
from golden_records.models import CustomerRecord, ImportJob, ImportState, MatchState, ProjectRecord, QuarantinedRow
from golden_records.readers.rows import ReadOptions
from tests.factories import a_source
from tests.golden_records.importing import HEADER, a_mapped_source, counts, customers, customers_csv, imported

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mapped() -> None:
    a_mapped_source()


class Interrupted(Exception):
    """Something unforeseen in the middle of an import."""


def after(rows: int) -> Callable[[ImportJob, int], None]:
    def interrupt(job: ImportJob, _about: int) -> None:
        if job.rows_done >= rows:
            raise Interrupted

    return interrupt


def test_a_file_becomes_source_records_that_wait_to_be_matched(tmp_path: Path) -> None:
    job = imported(customers_csv(tmp_path / "accounts.csv", 12), chunk_rows=5)
    assert (job.state, counts(job), job.rows_done) == (ImportState.COMPLETED, {"created": 12}, 12)
    row = CustomerRecord.objects.get(external_id="7")
    assert (row.legal_name, row.match_state) == ("Firm 7", MatchState.PENDING)
    assert row.payload == {"Id": "7", "Name": "Firm 7", "City": "Lyon", "Note": "7.5", "Changed": "2025-03-01"}
    assert row.source_updated_at is not None
    assert row.history.get().history_change_reason == "import of accounts.csv"


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    path = customers_csv(tmp_path / "accounts.csv", 12, bad_every=5)
    imported(path, chunk_rows=5)
    before = (customers(), CustomerRecord.history.count(), list(QuarantinedRow.objects.values()))
    again = imported(path, chunk_rows=5)
    assert counts(again) == {"unchanged": 10, "quarantined": 2}
    assert (customers(), CustomerRecord.history.count(), list(QuarantinedRow.objects.values())) == before


def test_a_newer_file_updates_and_an_older_one_does_not_undo_it(tmp_path: Path) -> None:
    imported(customers_csv(tmp_path / "march.csv", 3, day=15))
    newer = tmp_path / "april.csv"
    newer.write_text(f"{HEADER}\n2,Firm Two,Paris,,2025-04-01\n", encoding="utf-8")
    assert counts(imported(newer)) == {"updated": 1}
    older = tmp_path / "february.csv"
    older.write_text(f"{HEADER}\n2,Firm Old,Nice,,2025-02-01\n", encoding="utf-8")
    assert counts(imported(older)) == {"stale": 1}
    assert CustomerRecord.objects.get(external_id="2").legal_name == "Firm Two"


def test_a_bad_row_waits_in_quarantine_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"{HEADER}\n1,Acme,Lyon,good,2025-03-01\n,Nameless,,,\n3,Zenith,Nice,7,2025-03-01\n4,x,y,1\n", encoding="utf-8")
    job = imported(path)
    assert counts(job) == {"created": 1, "quarantined": 3}
    rows = list(QuarantinedRow.objects.order_by("row_number"))
    assert [(row.row_number, row.external_id, row.job_id) for row in rows] == [(1, "1", job.pk), (2, "", job.pk), (4, "", job.pk)]
    assert [row.problems[0]["field"] for row in rows] == ["satisfaction", "external_id", "row"]
    assert rows[0].problems[0]["value"] == "good"
    assert all(problem["reason"] and problem["remedy"] for row in rows for problem in row.problems)
    assert rows[0].payload == {"Id": "1", "Name": "Acme", "City": "Lyon", "Note": "good", "Changed": "2025-03-01"}
    assert rows[0].history.count() == 1


def test_what_no_database_can_keep_goes_to_quarantine_in_a_form_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"{HEADER}\n1,Ac\x00me,Lyon,,\n2,Zenith,Nice,,\n", encoding="utf-8")
    assert counts(imported(path)) == {"created": 1, "quarantined": 1}
    assert QuarantinedRow.objects.get().payload["Name"] == "Ac\ufffdme"


@pytest.mark.parametrize("kind", ["ndjson", "parquet"])
def test_other_formats_take_the_same_road(tmp_path: Path, kind: str) -> None:
    rows = [{"Id": str(number), "Name": f"Firm {number}", "City": "Lyon", "Note": 7.5, "Changed": "2025-03-01"} for number in range(1, 8)]
    path = tmp_path / f"accounts.{kind}"
    if kind == "ndjson":
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    assert counts(imported(path)) == {"created": 7}
    assert CustomerRecord.objects.get(external_id="3").satisfaction is not None


def test_every_missing_column_is_told_at_once_with_what_may_be_meant(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("Id,Nom,Citi,Note,Changed\n1,Acme,Lyon,7,2025-03-01\n", encoding="utf-8")
    with pytest.raises(UnreadableFile) as caught:
        imported(path)
    assert "'Name' (for legal_name" in caught.value.message
    assert "'City' (for city; is it 'Citi'?)" in caught.value.message
    assert not ImportJob.objects.exists()


def test_json_lines_may_leave_out_what_is_empty_but_not_the_id(tmp_path: Path) -> None:
    path = tmp_path / "accounts.ndjson"
    path.write_text('{"Id": "1", "Name": "Acme"}\n', encoding="utf-8")
    assert counts(imported(path)) == {"created": 1}
    path.write_text('{"Name": "Acme"}\n', encoding="utf-8")
    with pytest.raises(UnreadableFile, match="'Id'"):
        imported(path)


def test_what_can_not_be_imported_is_told_before_anything_is_read(tmp_path: Path) -> None:
    path = customers_csv(tmp_path / "accounts.csv", 1)
    with pytest.raises(UnknownEntity, match="supplier"):
        imported(path, entity="supplier")
    a_source().mappings.filter(entity="project").delete()
    with pytest.raises(NoMapping, match="crm"):
        imported(path, entity="project")


def test_an_import_that_was_interrupted_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = customers_csv(tmp_path / "accounts.csv", 23, bad_every=4)
    with pytest.raises(Interrupted):
        imported(path, chunk_rows=5, progress=after(10))
    job = ImportJob.objects.get()
    assert (job.state, job.rows_done, job.error) == (ImportState.FAILED, 10, "Interrupted")
    assert CustomerRecord.objects.count() + QuarantinedRow.objects.count() == 10
    resumed = imported(path, chunk_rows=7)
    assert resumed.pk == job.pk
    assert counts(resumed) == {"created": 18, "quarantined": 5}
    assert (ImportJob.objects.get().state, ImportJob.objects.get().error) == (ImportState.COMPLETED, "")


def test_an_interrupted_import_ends_as_one_that_was_not(tmp_path: Path) -> None:
    path = customers_csv(tmp_path / "accounts.csv", 30, bad_every=7)
    for stop in (5, 15, 25):
        with pytest.raises(Interrupted):
            imported(path, chunk_rows=5, progress=after(stop))
    imported(path, chunk_rows=5)
    broken_off = (customers(), list(QuarantinedRow.objects.order_by("row_number").values_list("row_number", "payload", "problems")))
    a_mapped_source("erp")
    CustomerRecord.objects.all().delete()
    QuarantinedRow.objects.all().delete()
    ImportJob.objects.all().delete()
    imported(path, chunk_rows=500)
    assert (customers(), list(QuarantinedRow.objects.order_by("row_number").values_list("row_number", "payload", "problems"))) == broken_off


def test_an_interrupted_import_may_begin_again(tmp_path: Path) -> None:
    path = customers_csv(tmp_path / "accounts.csv", 10)
    with pytest.raises(Interrupted):
        imported(path, chunk_rows=5, progress=after(5))
    assert counts(imported(path, restart=True)) == {"created": 5, "unchanged": 5}
    assert ImportJob.objects.count() == 2


def test_a_chunk_and_its_counts_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = customers_csv(tmp_path / "accounts.csv", 10)

    def fails(*_: object) -> None:
        raise Interrupted

    monkeypatch.setattr("golden_records.importing.imports.record_progress", fails)
    with pytest.raises(Interrupted):
        imported(path, chunk_rows=5)
    assert (CustomerRecord.objects.count(), ImportJob.objects.get().rows_done) == (0, 0)


def test_a_file_that_another_process_imports_is_left_alone(tmp_path: Path) -> None:
    path = customers_csv(tmp_path / "accounts.csv", 10)

    def as_elsewhere(job: ImportJob, _about: int) -> None:
        ImportJob.objects.filter(pk=job.pk).update(worker="another-machine:1")
        with pytest.raises(Busy):
            imported(path, chunk_rows=5)

    assert counts(imported(path, chunk_rows=5, progress=as_elsewhere)) == {"created": 10}


def test_an_import_that_was_taken_over_stops_and_writes_nothing_more(tmp_path: Path) -> None:
    path = customers_csv(tmp_path / "accounts.csv", 20)
    taken_over: list[ImportJob] = []

    def overtake(job: ImportJob, _about: int) -> None:
        if not taken_over:
            ImportJob.objects.filter(pk=job.pk).update(lease_until=None)
            taken_over.append(imported(path, chunk_rows=5))

    with pytest.raises(TakenOver):
        imported(path, chunk_rows=5, progress=overtake)
    assert counts(taken_over[0]) == {"created": 20}
    assert (CustomerRecord.objects.count(), CustomerRecord.history.count()) == (20, 20)
    assert ImportJob.objects.get().state == ImportState.COMPLETED


def test_a_file_that_turns_unreadable_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    # Longer than what is looked at to find the encoding out.
    lines = [f"{HEADER},Remarks", *(f"{number},Firm {number},Lyon,,2025-03-01,{'x' * 1_000}" for number in range(400))]
    path.write_bytes("\n".join(lines).encode() + "\n400,Café,Lyon,,,\n".encode("cp1252"))
    with pytest.raises(UnreadableFile, match=r"line 402: byte 0xE9 is no text in utf-8"):
        imported(path, chunk_rows=100)
    job = ImportJob.objects.get()
    assert (job.state, job.created) == (ImportState.FAILED, 400)
    assert "0xE9" in job.error
    assert counts(imported(path, read=ReadOptions(encoding="cp1252"))) == {"created": 401}


def test_projects_keep_their_sources_own_id_of_the_customer(tmp_path: Path) -> None:
    path = tmp_path / "projects.csv"
    path.write_text("Code,Title,Account\nP-1,Bridge,0042\nP-2,,0042\n", encoding="utf-8")
    assert counts(imported(path, entity="project")) == {"created": 1, "quarantined": 1}
    assert ProjectRecord.objects.get().customer == "0042"


@pytest.mark.parametrize("rows", [5, 200])
def test_the_statements_of_a_chunk_do_not_depend_on_its_rows(tmp_path: Path, rows: int) -> None:
    path = customers_csv(tmp_path / "accounts.csv", rows, bad_every=5)
    with CaptureQueriesContext(connection) as queries:
        imported(path, chunk_rows=rows)
    assert len(queries) <= 20
