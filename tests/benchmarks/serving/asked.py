"""A command of the benchmarks: open review tasks and audit entries by the hundred thousand, copied after those that came about.

Each copied task asks about two neighbouring golden records, with a decision of its own on two of their records. Half of the copied
audit entries are changes by stewards, half are readings by programs. What is there already is kept.
"""

import sys
from typing import Any, Final

from django.db import connection

from golden_records.entities import entity_type
from golden_records.models import AuditEntry
from matching.models import MatchDecision, ReviewTask, TaskState

CUSTOMER: Final = entity_type("customer")
PAIRS: Final = "benchmark_pairs"


def ask(tasks: int, entries: int) -> None:
    """Copy open tasks until there are so many, and audit entries."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        _ask(cursor, tasks - ReviewTask.objects.filter(state=TaskState.OPEN).count())
        _enter(cursor, entries - AuditEntry.objects.count())
        cursor.execute("VACUUM ANALYZE")


def _ask(cursor: Any, count: int) -> None:
    if count <= 0:
        return
    pattern = ReviewTask.objects.filter(entity=CUSTOMER.name, state=TaskState.OPEN).latest("pk")
    golden, record = (model._meta.db_table for model in (CUSTOMER.golden, CUSTOMER.record))
    cursor.execute(
        f"CREATE TEMPORARY TABLE {PAIRS} AS SELECT golden, lead(golden) OVER w AS next_golden, record, lead(record) OVER w AS next_record, "
        f"random() AS chance FROM (SELECT g.id AS golden, min(r.id) AS record FROM {golden} g JOIN {record} r ON r.golden_id = g.id "
        f"WHERE g.state = 'active' AND r.state = 'active' GROUP BY g.id ORDER BY g.id LIMIT %s) s WINDOW w AS (ORDER BY golden)",
        [count + 1],
    )
    pair = {
        "left_record_id": "least(s.record, s.next_record)",
        "right_record_id": "greatest(s.record, s.next_record)",
        "probability": "0.3 + 0.6 * s.chance",
    }
    decision, task = MatchDecision._meta.db_table, ReviewTask._meta.db_table
    _insert(cursor, MatchDecision, pair, pattern.decision_id, "s.next_golden IS NOT NULL")
    found = f"(SELECT d.id FROM {decision} d WHERE d.entity = t.entity AND d.left_record_id = {pair['left_record_id']} "
    found += f"AND d.right_record_id = {pair['right_record_id']})"
    of_task = pair | {"left_golden_id": "s.golden", "right_golden_id": "s.next_golden", "decision_id": found}
    of_task["opened_at"] = "now() - s.chance * interval '60 days'"
    free = f"NOT EXISTS (SELECT FROM {task} o WHERE o.state = 'open' AND o.left_golden_id = s.golden AND o.right_golden_id = s.next_golden)"
    _insert(cursor, ReviewTask, of_task, pattern.pk, f"s.next_golden IS NOT NULL AND {free}")


def _insert(cursor: Any, model: Any, own: dict[str, str], pattern: int, where: str) -> None:
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    told = ", ".join(own.get(column, f"t.{column}") for column in columns)
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {told} FROM {PAIRS} s, {table} t WHERE t.id = %s AND {where} "
        "ON CONFLICT DO NOTHING",
        [pattern],
    )


def _enter(cursor: Any, count: int) -> None:
    if count <= 0:
        return
    cursor.execute(
        f"INSERT INTO {AuditEntry._meta.db_table} (at, actor, action, kind, subject, golden_ids, attributes, content, reason, "
        "correlation_id, salt) SELECT now() - n * interval '10 seconds', CASE n %% 2 WHEN 0 THEN 'steward:' ELSE 'api:' END || n %% 40, "
        "CASE n %% 2 WHEN 0 THEN 'changed' ELSE 'read' END, 'customer', n::text, jsonb_build_array(n::text), "
        """'["legal_name", "email"]'::jsonb, '{}'::jsonb, 'copied by the benchmark', md5(n::text), md5(n::text) """
        "FROM generate_series(1, %s) n",
        [count],
    )


if __name__ == "__main__":
    ask(*map(int, sys.argv[1:3]))
