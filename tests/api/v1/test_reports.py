"""Reports through the API: which there are, asking for one, how far it is, and its file."""

from typing import Any
from uuid import uuid4

import pytest

from api.scopes import INGEST, READ, REPORTS
from golden_records.models import AuditAction, AuditEntry, SourceSystem
from matching.reports import jobs
from matching.tasks import make_report
from tests.api.calling import Caller, problem_of
from tests.api.conftest import MakeCaller

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(crm: SourceSystem, caller_with: MakeCaller) -> Caller:
    """A program that may read and report."""
    del crm
    caller = caller_with(None, INGEST, READ, REPORTS, name="auditor")
    caller.send_customer("crm", "1", legal_name="Acme", family_name="Canary")
    return caller


def file_of(caller: Caller, job: Any) -> Any:
    return caller.client.get(job["file"], headers={"Authorization": f"Bearer {caller.key}"})


def test_a_small_report_is_there_at_once_with_its_file(auditor: Caller) -> None:
    listed = {each["name"]: each for each in auditor.get("/reports").json()["results"]}
    assert set(listed) == {"changes", "merges", "decisions", "agreement", "overrides", "readings", "dossier"}
    assert listed["dossier"]["parameters"][0]["required"]
    answer = auditor.post("/reports/changes", {"format": "csv", "parameters": {"source": "crm"}})
    job = answer.json()
    assert (answer.status_code, job["state"], job["rows"], job["personal_data"]) == (201, "completed", 2, True)
    assert auditor.get(f"/report-jobs/{job['id']}").json() == job
    assert auditor.get("/report-jobs").json()["results"] == [job]
    file = file_of(auditor, job)
    content = file.getvalue().decode()
    assert (file.status_code, file.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert file.headers["Content-Disposition"].startswith('attachment; filename="mdm-changes-')
    assert "Canary" in content
    assert int(file.headers["Content-Length"]) == len(content.encode())
    told = AuditEntry.objects.filter(action=AuditAction.READ, kind="report").order_by("id")
    assert [entry.reason for entry in told] == ["a report was made", "a report was read through the API"]


def test_a_large_one_is_made_by_a_worker(auditor: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SMALL", 0)
    answer = auditor.post("/reports/changes", {"format": "xlsx"})
    job = answer.json()
    assert (answer.status_code, job["state"], job["file"]) == (202, "queued", None)
    address = f"/report-jobs/{job['id']}"
    problem_of(auditor.get(f"{address}/file"), 409, "report_not_ready")
    make_report(job["id"])
    assert auditor.get(address).json()["state"] == "completed"
    assert file_of(auditor, auditor.get(address).json()).getvalue().startswith(b"PK")


def test_a_key_that_may_not_read_gets_no_values(auditor: Caller, caller_with: MakeCaller) -> None:
    blind = caller_with(None, REPORTS, name="blind")
    job = blind.post("/reports/changes", {"format": "csv"}).json()
    assert not job["personal_data"]
    assert "Canary" not in file_of(blind, job).getvalue().decode()
    problem_of(blind.get(f"/report-jobs/{auditor.post('/reports/changes', {'format': 'csv'}).json()['id']}"), 404, "unknown_report_job")


def test_the_same_request_twice_makes_one_report(auditor: Caller) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, second = (auditor.post("/reports/changes", {"format": "csv"}, **key) for _ in range(2))
    assert first.json() == second.json()
    assert len(auditor.get("/report-jobs").json()["results"]) == 1


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("weather", {"format": "csv"}, 404, "unknown_report"),
        ("changes", {"format": "pdf"}, 400, "invalid_request"),
        ("changes", {"format": "csv", "colour": 1}, 400, "invalid_request"),
        ("changes", {"format": "csv", "parameters": {"since": 1}}, 400, "invalid_request"),
        ("changes", [], 400, "invalid_request"),
        ("changes", {"format": "csv", "parameters": {"since": "soon"}}, 422, "invalid_report"),
        ("dossier", {"format": "csv", "parameters": {"entity": "customer", "canonical_id": str(uuid4())}}, 404, "unknown_golden_record"),
    ],
)
def test_what_can_not_be_made_is_refused(auditor: Caller, name: str, body: Any, status: int, code: str) -> None:
    problem_of(auditor.post(f"/reports/{name}", body), status, code)


def test_reports_take_a_scope_of_their_own(caller_with: MakeCaller) -> None:
    problem_of(caller_with(None, READ, name="reader").get("/reports"), 403, "insufficient_scope")
