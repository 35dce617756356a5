"""Sources with mappings, and files, for the tests of imports and quarantine."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from golden_records.importing import ImportOptions, import_file
from golden_records.imports import COUNTS
from golden_records.models import CustomerRecord, ImportJob, SourceSystem
from golden_records.source_systems import save_mapping
from tests.factories import a_change, a_source

CUSTOMERS = {"external_id": "Id", "updated_at": "Changed", "attributes": {"legal_name": "Name", "city": "City", "satisfaction": "Note"}}
PROJECTS = {"external_id": "Code", "attributes": {"title": "Title", "customer": "Account"}}
FACTS = {"external_id": "Project", "attributes": {"period": "Month", "revenue": "Revenue", "hours_worked": "Hours"}}
HEADER = "Id,Name,City,Note,Changed"


def a_mapped_source(code: str = "crm") -> SourceSystem:
    """A source whose customers, projects and facts can be read."""
    source = a_source(code)
    for kind, document in (("customer", CUSTOMERS), ("project", PROJECTS), ("project_fact", FACTS)):
        save_mapping(source, kind, document, change=a_change("mapped"))
    return source


def customers_csv(path: Path, rows: int, *, bad_every: int = 0, day: int = 1) -> Path:
    """A file of customers; every so many rows, one whose satisfaction is no number."""
    lines = [HEADER]
    for number in range(1, rows + 1):
        note = "good" if bad_every and number % bad_every == 0 else "7.5"
        lines.append(f"{number},Firm {number},Lyon,{note},2025-03-{day:02d}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def imported(
    path: Path, *, entity: str = "customer", progress: Callable[[ImportJob, int], None] | None = None, **options: Any
) -> ImportJob:
    """What `manage.py import_records` does."""
    change = a_change(f"import of {path.name}")
    return import_file(a_source(), entity, path, change=change, options=ImportOptions(**options), progress=progress)


def counts(job: ImportJob) -> dict[str, int]:
    """What became of the rows, as the table has it, without the zeros."""
    row = ImportJob.objects.get(pk=job.pk)
    return {name: getattr(row, name) for name in COUNTS if getattr(row, name)}


def customers() -> list[tuple[Any, ...]]:
    """What the customer records hold, without ids and times."""
    rows = CustomerRecord.objects.order_by("external_id")
    return list(rows.values_list("source__code", "external_id", "legal_name", "city", "satisfaction", "fingerprint", "version"))
