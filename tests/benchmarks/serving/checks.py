"""A command of the benchmarks: each check of `manage.py verify` by itself, and the tables that it reads, read once. Prints JSON lines.

Seconds of the processor are those of this process and of the database server, where that is on this machine.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import psycopg
from django.apps import apps
from django.db import connection

from golden_records.offences import Check
from matching.verifying import CHECKS, verify
from tests.benchmarks.serving.processor import database_seconds

ROWS = "SELECT coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_user_tables"


def main() -> None:
    """Measure one after the other; those that are found along with each other together."""
    print(json.dumps({"what": "floor: every column of every table, read once", **_measured(_read_everything)}), flush=True)
    for _, group in groupby(CHECKS, key=lambda check: check.along or check):
        checks = list(group)
        named = ", ".join(check.name for check in checks)
        print(json.dumps({"what": named, **_measured(partial(_verified, checks))}), flush=True)


def _verified(checks: Sequence[Check]) -> dict[str, Any]:
    return {"offences": sum(finding.count for finding in verify(checks=checks))}


def _read_everything() -> dict[str, Any]:
    """Read each row whole: there is no record to count before all of its columns are there."""
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f"SELECT count(t) FROM {table} t")
    return {}


def _tables() -> Iterator[str]:
    for model in apps.get_models():
        if model._meta.app_label in {"golden_records", "matching"}:
            yield connection.ops.quote_name(model._meta.db_table)


def _measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    url = os.environ["DATABASE_URL"]
    before = time.perf_counter(), time.process_time(), database_seconds(url), _rows_read(url)
    told = work()
    connection.close()
    after = time.perf_counter(), time.process_time(), database_seconds(url), _rows_read(url)
    seconds, python, database, rows = (later - earlier for later, earlier in zip(after, before, strict=True))
    return {
        "seconds": round(seconds, 1),
        "python_cpu_seconds": round(python, 1),
        "database_cpu_seconds": round(database, 1),
        "rows": rows,
        **told,
    }


def _rows_read(url: str) -> int:
    with psycopg.connect(url) as own:
        row = own.execute(ROWS).fetchone()
        return int(row[0]) if row else 0


if __name__ == "__main__":
    main()
