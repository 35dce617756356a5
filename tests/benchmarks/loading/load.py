"""A command of the benchmarks: a file to golden records, in one process, with what it cost. Prints JSON.

The floor is what the database and the history cost alone: the same number of records, read by Arrow and written with
django-simple-history's own bulk function, with no standardising, matching or survivorship.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import django
import pyarrow.parquet as pq
from django.db import connection

django.setup()

from django.utils import timezone  # noqa: E402  # Django must be set up first
from simple_history.utils import bulk_create_with_history  # noqa: E402

from golden_records.change import Change  # noqa: E402
from golden_records.entities import entity_type  # noqa: E402
from golden_records.importing import ImportOptions, import_file  # noqa: E402
from golden_records.models import CustomerRecord, GoldenCustomer, ImportJob, SourceSystem  # noqa: E402
from golden_records.source_systems import save_mapping, save_source  # noqa: E402
from matching import runs  # noqa: E402
from matching.models import MatchRun, ReviewTask  # noqa: E402

CUSTOMER: Final = entity_type("customer")
FLOOR_ROWS: Final = 20_000
ORGANISATION: Final = {"kind": ["O"]}
MAPPING: Final[dict[str, Any]] = {
    "external_id": "record_id",
    "attributes": {
        "kind": {"column": "kind", "values": {"O": "organisation", "P": "person"}},
        "legal_name": "org_name",
        "given_name": "first_name",
        "family_name": "last_name",
        "birth_date": "birth_date",
        "email": "email",
        "phone": "phone",
        "address_lines": "street",
        "postcode": "postcode",
        "city": "city",
        "country": "country",
        "registration_id": "tax_id",
    },
}


class Statements:
    """Counts what is sent to the database."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: object, many: bool, context: object) -> Any:  # noqa: FBT001 - Django's signature
        """Count one statement and send it."""
        self.sent += 1
        return execute(sql, params, many, context)


def main(path: Path) -> None:
    """Import the file, match it, and tell what it came to."""
    change = Change(actor="command:benchmark", reason="benchmark")
    source = save_source("crm", {"name": "CRM", "trust": 50, "country": "FR"}, change=change)
    save_mapping(source, "customer", MAPPING, change=change)
    statements = Statements()
    with connection.execute_wrapper(statements):
        begun = time.perf_counter()
        job = import_file(source, "customer", path, change=change, options=ImportOptions(chunk_rows=1_000))
        imported = time.perf_counter()
        run = runs.work_on(runs.start(CUSTOMER, actor="command:benchmark").pk)
        matched = time.perf_counter()
    print(json.dumps(_figures(job, run, (imported - begun, matched - imported), statements.sent) | _floor(path, source)))


def _figures(job: ImportJob, run: MatchRun, seconds: tuple[float, float], statements: int) -> dict[str, Any]:
    records = CustomerRecord.objects.count()
    return {
        "records": records,
        "quarantined": job.quarantined,
        "golden_records": GoldenCustomer.objects.count(),
        "history_rows": CustomerRecord.history.count() + GoldenCustomer.history.count(),
        "review_tasks": ReviewTask.objects.count(),
        "seconds_import": round(seconds[0], 1),
        "seconds_match": round(seconds[1], 1),
        "records_per_second": round(records / sum(seconds)),
        "statements_per_thousand": round(1_000 * statements / records, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "steps": run.timings,
    }


def _floor(path: Path, source: SourceSystem) -> dict[str, Any]:
    rows = pq.read_table(path).slice(0, FLOOR_ROWS).to_pylist()
    now = timezone.now()
    begun = time.perf_counter()
    records = [
        CustomerRecord(
            source=source,
            external_id=f"floor-{row['record_id']}",
            payload=row,
            fingerprint="",
            received_at=now,
            updated_at=now,
            legal_name=row["org_name"],
            family_name=row["last_name"],
            email=row["email"],
        )
        for row in rows
    ]
    bulk_create_with_history(records, CustomerRecord, batch_size=1_000)
    return {"floor_records_per_second": round(len(rows) / (time.perf_counter() - begun))}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
