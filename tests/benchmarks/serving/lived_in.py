"""A command of the benchmarks: what years of use leave beside the firms that were copied in.

The firms that ERP has too, matched by a run; questions, answers, merges and merges that were taken back; records that were sent
again, and some that were withdrawn. All of it through the doors of the service, but for the change events of the firms that were
copied in, which are copied as well; the sealer seals them all. What is there already is kept.
"""

import sys
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import connection, transaction

from golden_records import sealing, sources
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import ChangeEvent, EventType, SourceSystem, UnsealedEvent
from golden_records.sources import SourceRecordDraft
from matching import review, runs
from matching.intake import submit_source_record
from matching.models import JudgementValue, ReviewTask, TaskState
from matching.withdrawal import withdraw_source_record
from tests.benchmarks.serving.firms import firm

CUSTOMER: Final = entity_type("customer")
CHANGE: Final = Change(actor="command:benchmark", reason="benchmark")
CHUNK: Final = 1_000
IN_ERP_TOO: Final = 20
"""Of so many firms one is in ERP too."""
ASKED: Final = 300
ANSWERS: Final = (JudgementValue.SAME, JudgementValue.DIFFERENT, JudgementValue.UNSURE)


def live(count: int) -> None:
    """Bring about what `count` firms would have gone through."""
    tell_of_copies()
    crm, erp = (SourceSystem.objects.get(code=code) for code in ("crm", "erp"))
    if not CUSTOMER.records.filter(source=erp).exists():
        _in_erp_too(erp, count)
        _ask_and_answer(erp, count)
        for number in range(IN_ERP_TOO // 2, IN_ERP_TOO * ASKED, IN_ERP_TOO):
            submit_source_record(SourceRecordDraft(CUSTOMER, crm, str(number), firm(number, "crm") | {"status": "inactive"}), change=CHANGE)
        for number in range(IN_ERP_TOO * ASKED, IN_ERP_TOO * ASKED * 2, IN_ERP_TOO // 2):
            withdraw_source_record(CUSTOMER, source="crm", external_id=str(number), withdrawn_at=None, change=CHANGE)
    sealing.seal()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _in_erp_too(erp: SourceSystem, count: int) -> None:
    numbers = range(0, count, IN_ERP_TOO)
    for first in range(0, len(numbers), CHUNK):
        drafts = [SourceRecordDraft(CUSTOMER, erp, str(number), firm(number, "erp")) for number in numbers[first : first + CHUNK]]
        with transaction.atomic():
            sources.store(CUSTOMER, [sources.understand(draft) for draft in drafts], change=CHANGE)
    runs.work_on(runs.start(CUSTOMER, actor=CHANGE.actor).pk)


def _ask_and_answer(erp: SourceSystem, count: int) -> None:
    """Send records that say little, which is asked about; answer most questions, and take some answers back."""
    for number in range(1, min(count, IN_ERP_TOO * ASKED), IN_ERP_TOO):
        # Which of the two is doubtful depends on how many firms there are.
        little = {name: firm(number, "crm")[name] for name in ("kind", "legal_name", "country", "city")[: 3 + number // IN_ERP_TOO % 2]}
        submit_source_record(SourceRecordDraft(CUSTOMER, erp, f"{number}-little", little), change=CHANGE)
    steward = User.objects.create_user("steward")
    tasks = ReviewTask.objects.filter(state=TaskState.OPEN).order_by("id").values_list("pk", flat=True)[: ASKED // 2]
    asked = list(tasks)
    assert asked, "Nothing was doubtful: the records that say little say too much, or nothing."
    for number, task in enumerate(asked):
        review.decide(task, answer=ANSWERS[number % len(ANSWERS)], user=steward)
        if number % 10 == 0:
            review.undo(task, user=steward)


def tell_of_copies() -> None:
    """Copy change events, after those of the firm that the copies were made after, to golden records that have none."""
    table, golden, record = (model._meta.db_table for model in (ChangeEvent, CUSTOMER.golden, CUSTOMER.record))
    beginning = ChangeEvent.objects.order_by("id")
    created: Any = beginning.filter(type=EventType.CREATED).first()
    linked: Any = beginning.filter(type=EventType.LINKED, golden_id=created.golden_id).first()
    after = ", ".join(f'g."{name}"' for name in created.attributes)
    rows = {"golden_id": "t.id", "golden_version": "t.version", "salt": "md5(random()::text)"}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE untold ON COMMIT DROP AS SELECT g.id, g.version FROM {golden} g "
            f"WHERE NOT EXISTS (SELECT FROM {table} e WHERE e.golden_id = g.id)"
        )
        _insert(cursor, rows | {"after": f"jsonb_build_array({after})"}, f"untold t JOIN {golden} g ON g.id = t.id", created.pk)
        _insert(cursor, rows | {"external_id": "r.external_id"}, f"untold t JOIN {record} r ON r.golden_id = t.id", linked.pk)
        waits = f"SELECT e.id FROM {table} e JOIN untold t ON t.id = e.golden_id"
        cursor.execute(f"INSERT INTO {UnsealedEvent._meta.db_table} (event_id) {waits}")


def _insert(cursor: Any, own: dict[str, str], rows: str, pattern: int) -> None:
    table = ChangeEvent._meta.db_table
    columns: list[Any] = [field.column for field in ChangeEvent._meta.concrete_fields if field.column != "id"]
    told = ", ".join(own.get(column, f"p.{column}") for column in columns)
    into = f"INSERT INTO {table} ({', '.join(columns)})"
    cursor.execute(f"{into} SELECT {told} FROM {rows} JOIN {table} p ON p.id = %s ORDER BY t.id", [pattern])


if __name__ == "__main__":
    live(int(sys.argv[1]))
