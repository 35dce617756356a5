"""The monthly figures of a project, as its sources report them."""

import uuid
from datetime import date

import pytest
from django.utils import timezone

from golden_records.models import ProjectFact, ProjectRecord
from tests.api.calling import Caller, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(caller: Caller) -> str:
    return str(caller.send_project("erp", "P-1", code="P-1", title="Datawarehouse").json()["canonical_id"])


def report(period: date, **figures: str) -> None:
    record = ProjectRecord.objects.get(external_id="P-1")
    ProjectFact.objects.create(record=record, period=period, fingerprint="", updated_at=timezone.now(), **figures)


def test_months_come_in_their_order_with_exact_figures_and_their_source(caller: Caller, project: str) -> None:
    report(date(2025, 2, 1), revenue="1200.50")
    report(date(2025, 1, 1), revenue="-3.10", hours_worked="7.25")
    document = caller.get(f"/projects/{project}/facts").json()
    assert document["canonical_id"] == project
    assert [(fact["period"], fact["revenue"], fact["source"], fact["external_id"]) for fact in document["results"]] == [
        ("2025-01-01", "-3.10", "erp", "P-1"),
        ("2025-02-01", "1200.50", "erp", "P-1"),
    ]
    assert document["results"][0]["hours_worked"] == "7.25"
    assert document["results"][1]["hours_worked"] is None


def test_many_months_are_walked_page_by_page(caller: Caller, project: str) -> None:
    months = [date(2024 + number // 12, number % 12 + 1, 1) for number in range(15)]
    for month in reversed(months):
        report(month, revenue="1")
    address, found = f"/projects/{project}/facts?limit=4", []
    while address:
        page = caller.get(address).json()
        assert "results" in page, page
        found += [fact["period"] for fact in page["results"]]
        address = (page["next"] or "").removeprefix("/api/v1")
    assert found == [month.isoformat() for month in months]


def test_a_project_that_never_was_has_no_facts(caller: Caller) -> None:
    problem_of(caller.get(f"/projects/{uuid.UUID(int=1)}/facts"), 404, "unknown_golden_record")
