"""From a file to golden records with history, on PostgreSQL: records a second, statements, memory.

    make benchmark NAME=import [DATA=FILE.parquet] [ROWS=20000]

DATA is a Parquet file of customers with the columns kind (O or P), first_name, last_name, birth_date, org_name, email, phone,
street, postcode, city, country and tax_id; without it, ROWS firms are made. The floor, in the same run, is the database and the
history alone.
"""

import json
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.serving.firms import firm
from tests.benchmarks.serving.installation import database, report, run_module

ROWS = 20_000
BUDGET = 2_000


def main() -> None:
    """Print a line per figure."""
    with tempfile.TemporaryDirectory(prefix="mdm-import-") as folder, database() as environment:
        path = Path(os.environ.get("DATA") or _made(Path(folder) / "firms.parquet", int(os.environ.get("ROWS") or ROWS)))
        figures = json.loads(run_module(environment, "tests.benchmarks.loading.load", str(path)).splitlines()[-1])
    floor = figures.pop("floor_records_per_second")
    report("import", file=path.name, **figures, budget_records_per_second=BUDGET)
    report("import", file=path.name, what="history alone", records_per_second=floor)


def _made(path: Path, rows: int) -> Path:
    firms = [_row(number) for number in range(rows)]
    pq.write_table(pa.Table.from_pylist(firms), path)
    return path


def _row(number: int) -> dict[str, str | None]:
    told = firm(number // 2, ("crm", "erp")[number % 2])
    nobody = dict.fromkeys(("first_name", "last_name", "birth_date", "phone"))
    return nobody | {
        "record_id": str(number),
        "kind": "O",
        "org_name": told["legal_name"],
        "email": told["email"],
        "street": told["address_lines"],
        "postcode": told["postcode"],
        "city": told["city"],
        "country": told["country"],
        "tax_id": told["registration_id"],
    }


if __name__ == "__main__":
    main()
