"""A command of the benchmarks: merges of golden records of several sizes, and their undoing. Prints JSON lines."""

import statistics
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from golden_records import golden, sources
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.golden import Membership
from golden_records.models import LinkSource, SourceSystem
from golden_records.models.golden import new_canonical_id
from golden_records.sources import SourceRecordDraft
from matching import regrouping, review
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from tests.benchmarks.serving.firms import firm
from tests.benchmarks.serving.installation import report

SIZES = (2, 20, 200)
ROUNDS = 15
CUSTOMER = entity_type("customer")
CHANGE = Change(actor="command:benchmark", reason="benchmark")


def main() -> None:
    """Measure one size after the other."""
    source = SourceSystem.objects.create(code="crm", name="CRM", trust=60)
    for size in SIZES:
        pairs = [(_group(source, 2 * round_, size), _group(source, 2 * round_ + 1, size)) for round_ in range(ROUNDS)]
        spent: dict[str, list[float]] = {}
        counted: dict[str, int] = {}
        for one, other in pairs:
            _measure(one, other, spent, counted)
        for step, seconds in spent.items():
            figures = {"p50_ms": round(1_000 * statistics.median(seconds), 1), "max_ms": round(1_000 * max(seconds), 1)}
            report("merge", what=step, members=size, statements=counted[step], **figures)


def _measure(one: UUID, other: UUID, spent: dict[str, list[float]], counted: dict[str, int]) -> None:
    def timed(step: str, work: Callable[[], Any]) -> Any:
        # First without counting: what counts the statements also costs.
        begun = time.perf_counter()
        made = work()
        spent.setdefault(step, []).append(time.perf_counter() - begun)
        return made

    wish = Regrouping(RegroupKind.MERGE, one, other)
    timed("floor: one UPDATE", lambda: _floor(one, other))
    preview = timed("preview", lambda: look(CUSTOMER, wish, change=CHANGE))
    receipt = timed("merge", lambda: regrouping.carry_out(CUSTOMER, wish, fingerprint=preview.fingerprint, change=CHANGE))
    timed("unmerge", lambda: review.undo_merge(receipt.pk, change=CHANGE))
    with CaptureQueriesContext(connection) as queries:
        preview = look(CUSTOMER, wish, change=CHANGE)
    counted.update({"preview": len(queries), "floor: one UPDATE": 1})
    with CaptureQueriesContext(connection) as queries:
        receipt = regrouping.carry_out(CUSTOMER, wish, fingerprint=preview.fingerprint, change=CHANGE)
    counted["merge"] = _statements(queries)
    with CaptureQueriesContext(connection) as queries:
        review.undo_merge(receipt.pk, change=CHANGE)
    counted["unmerge"] = _statements(queries)


def _statements(queries: Any) -> int:
    return sum(1 for each in queries if not each["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")))


def _floor(one: UUID, other: UUID) -> None:
    with transaction.atomic():
        CUSTOMER.records.filter(golden_id=other).update(golden_id=one)
        transaction.set_rollback(True)


def _group(source: SourceSystem, number: int, size: int) -> UUID:
    """Make a golden record of so many records of one firm."""
    golden_id = new_canonical_id()
    drafts = [SourceRecordDraft(CUSTOMER, source, f"{size}-{number}-{each}", firm(number, "crm")) for each in range(size)]
    with transaction.atomic():
        stored = sources.store(CUSTOMER, [sources.understand(draft) for draft in drafts], change=CHANGE)
        golden.assign(CUSTOMER, [Membership(each.record.pk, golden_id, LinkSource.AUTO, {}) for each in stored], change=CHANGE)
    return golden_id


if __name__ == "__main__":
    main()
