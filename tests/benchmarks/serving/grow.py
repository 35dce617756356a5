"""A command of the benchmarks: many firms beside those that were loaded, each with its golden record, history and blocking keys.

Rows are copied in, after the pattern of a record that came the ordinary way: minutes for a million, where loading them takes most of
an hour. What they mean, their fingerprints and their keys are as the project makes them; they have no events of their own.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
from django.db import connection

from golden_records.entities import EntityType, entity_type
from golden_records.models import SourceSystem
from golden_records.models.golden import new_canonical_id
from golden_records.payloads import fingerprint
from golden_records.sources import SourceRecordDraft, understand
from matching.active_config import active_config
from matching.core.blocking import blocking_keys
from matching.core.prepare import prepare
from matching.models import BlockingKey
from tests.benchmarks.serving.firms import firm

CHUNK: Final = 100_000
STAGED: Final = "benchmark_firms"
BESIDE: Final = {"id": "bigint", "external_id": "text", "payload": "jsonb", "fingerprint": "text", "golden_id": "uuid"}
"""What is staged of each firm beside its attributes, and of what type."""


def grow(count: int) -> None:
    """Make firms until there are `count`; the first ones were loaded before."""
    customer = entity_type("customer")
    loaded = customer.records.count()
    if loaded >= count:
        return
    pattern = customer.records.order_by("pk").first()
    _check(customer, pattern.source)
    models: list[Any] = [customer.record, customer.golden]
    tables = [model._meta.db_table for model in (*models, *(model.history.model for model in models), BlockingKey)]
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
        indexes = _without_indexes(cursor, tables)
        for first in range(loaded, count, CHUNK):
            _copy_firms(cursor, customer, pattern, range(first, min(first + CHUNK, count)))
        for definition in indexes:
            cursor.execute(definition)
        cursor.execute(f"SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT max(id) FROM {tables[0]}))", [tables[0]])
        cursor.execute("ANALYZE")


def _check(customer: EntityType, source: SourceSystem) -> None:
    """The firms mean what they say: standardising changes nothing."""
    for number in range(0, 1_000_000, 50_021):
        said = firm(number, "crm")
        assert understand(SourceRecordDraft(customer, source, str(number), said)).values == said


def _without_indexes(cursor: Any, tables: Sequence[str]) -> list[str]:
    """Drop the indexes that are no constraints; gives what makes them again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)", [list(tables)])  # fmt: skip
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _, definition in found]


def _copy_firms(cursor: Any, customer: EntityType, pattern: Any, numbers: range) -> None:
    firms = [firm(number, "crm") for number in numbers]
    attributes = pa.Table.from_pylist(firms)
    ids = np.arange(len(firms), dtype=np.int64) + pattern.pk + numbers.start
    beside = (
        ids,
        [str(number) for number in numbers],
        [json.dumps(said) for said in firms],
        [fingerprint(payload=said, meaning=said, source_updated_at=None) for said in firms],
        [str(new_canonical_id()) for _ in firms],
    )
    columns = [*(f"{name} text" for name in attributes.column_names), *(f"{name} {kind}" for name, kind in BESIDE.items())]
    cursor.execute(f"DROP TABLE IF EXISTS {STAGED}")
    cursor.execute(f"CREATE TEMPORARY TABLE {STAGED} ({', '.join(columns)})")
    _copy(
        cursor,
        STAGED,
        pa.table({**dict(zip(attributes.column_names, attributes.columns, strict=True)), **dict(zip(BESIDE, beside, strict=True))}),
    )
    own = {name: f"s.{name}" for name in attributes.column_names}
    lineage = f"replace(t.lineage::text, '\"record\": {pattern.pk}', '\"record\": ' || s.id)::jsonb"
    _insert(cursor, customer.golden, own | {"id": "s.golden_id", "lineage": lineage}, pattern.golden_id)
    _insert(cursor, customer.record, own | {name: f"s.{name}" for name in BESIDE}, pattern.pk)
    config = active_config(customer).config
    keys = blocking_keys(prepare(attributes, config), config)
    entity = pa.repeat(pa.scalar(customer.name), len(keys.key))
    _copy(cursor, BlockingKey._meta.db_table, pa.table({"entity": entity, "record_id": ids[keys.row], "rule": keys.rule, "key": keys.key}))


def _insert(cursor: Any, model: Any, own: dict[str, str], pattern: object) -> None:
    """Insert what is staged, all else as the row of the pattern has it; and as much history as that has."""
    table, past = model._meta.db_table, model.history.model._meta
    columns = [field.column for field in model._meta.concrete_fields]
    told = [own.get(column, f"t.{column}") for column in columns]
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(told)} FROM {STAGED} s, {table} t WHERE t.id = %s", [pattern]
    )
    of_change = [field.column for field in past.concrete_fields if field.column not in {*columns, past.pk.column}]
    every = [*(f"m.{column}" for column in columns), *(f"h.{column}" for column in of_change)]
    cursor.execute(
        f"INSERT INTO {past.db_table} ({', '.join([*columns, *of_change])}) SELECT {', '.join(every)} "
        f"FROM {STAGED} s JOIN {table} m ON m.id = {own['id']}, {past.db_table} h WHERE h.id = %s",
        [pattern],
    )


def _copy(cursor: Any, table: str, rows: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(rows, sink, pa.csv.WriteOptions(include_header=False))
    with cursor.copy(f"COPY {table} ({', '.join(rows.column_names)}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(sink.getvalue())


if __name__ == "__main__":
    grow(int(sys.argv[1]))
