"""Whoever applies the feed has what the database has, whatever happened: which golden records there are, their values, their records."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden_records import feed, golden, merging
from golden_records.entities import entity_type
from golden_records.errors import MdmError
from golden_records.feed_checks import CHECKS
from golden_records.golden import Membership
from golden_records.models import ChangeEvent, CustomerRecord, GoldenCustomer, LinkSource, MergeReceipt
from golden_records.models.golden import new_canonical_id
from golden_records.sources import SourceRecordDraft, store, understand
from tests.factories import a_change, a_source
from tests.lock_order import an_example

CUSTOMER: Final = entity_type("customer")
WHOLE: Final = ("created", "unmerged")


class Consumer:
    """Knows nothing but the feed; follows the table of docs/changes.md."""

    def __init__(self) -> None:
        self.seq = 0
        self.values: dict[UUID, dict[str, Any]] = {}
        self.versions: dict[UUID, int] = {}
        self.successors: dict[UUID, UUID | None] = {}
        self.home: dict[tuple[str, str], UUID] = {}

    def follow(self, *, limit: int) -> None:
        """Read on to the end of the feed."""
        more = True
        while more:
            page = feed.read(self.seq, limit=limit)
            for event in page.events:
                self._apply(event)
            self.seq, more = page.seq, not page.is_last

    def _apply(self, event: ChangeEvent) -> None:
        whose = event.golden_id
        if event.type in WHOLE:
            self.values[whose] = event.values_after or {}
            self.successors.pop(whose, None)
        elif event.type == "updated":
            self.values[whose] |= event.values_after or {}
        elif event.type in {"merged", "retired"}:
            self.successors[whose] = UUID(event.successor_ids[0]) if event.successor_ids else None
        elif event.type == "linked":
            self.home[event.source or "", event.external_id or ""] = whose
        elif event.type == "unlinked":
            del self.home[event.source or "", event.external_id or ""]
        self.versions[whose] = event.golden_version

    def canonical(self, golden_id: UUID) -> UUID | None:
        """The golden record that answers for an id."""
        found: UUID | None = golden_id
        while found in self.successors:
            found = self.successors[found]
        return found


def sent(number: int, place: int, city: str) -> None:
    """A source sends a record, which joins one of the golden records, or has a new one."""
    draft = SourceRecordDraft(CUSTOMER, a_source(("crm", "erp")[number % 2]), str(number), {"legal_name": f"Firm {number}", "city": city})
    with transaction.atomic():
        record = store(CUSTOMER, [understand(draft)], change=a_change("sent"))[0].record
    active = _active()
    home = record.golden_id or (active[place % len(active)] if active and place % 3 else new_canonical_id())
    with transaction.atomic():
        golden.assign(CUSTOMER, [Membership(record.pk, home, LinkSource.AUTO, {}, sent=True)], change=a_change("sent"))


@transaction.atomic
def moved(number: int, place: int, _: str) -> None:
    """A record is moved to another golden record, or to one of its own."""
    record = CustomerRecord.objects.filter(external_id=str(number)).first()
    if record is not None:
        home = (*_active(), new_canonical_id())[place % (len(_active()) + 1)]
        golden.assign(CUSTOMER, [Membership(record.pk, home, LinkSource.MANUAL, {})], change=a_change("moved"))


@transaction.atomic
def merged(number: int, place: int, _: str) -> None:
    """Two golden records become one."""
    active = _active()
    if len(active) > 1:
        survivor, absorbed = active[number % len(active)], active[place % len(active)]
        if survivor != absorbed:
            merging.merge(CUSTOMER, survivor_id=survivor, absorbed_id=absorbed, change=a_change("merged"), terms=merging.Terms({}))


def taken_back(number: int, _: int, __: str) -> None:
    """A merge is undone, where it still can be."""
    receipts = list(MergeReceipt.objects.filter(undone_at=None).order_by("pk"))
    if receipts:
        try:
            with transaction.atomic():
                merging.undo_merge(receipts[number % len(receipts)], change=a_change("undone"))
        except MdmError:
            pass


def _active() -> Sequence[UUID]:
    return list(GoldenCustomer.objects.filter(state="active").order_by("pk").values_list("pk", flat=True))


STEP = st.tuples(
    st.sampled_from((sent, sent, moved, merged, taken_back)),
    st.integers(0, 7),
    st.integers(0, 9),
    st.sampled_from(("Lyon", "Paris", "Lille")),
)


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=25), st.integers(1, 7))
def test_applying_the_feed_gives_what_the_database_holds(
    steps: list[tuple[Callable[[int, int, str], None], int, int, str]], limit: int
) -> None:
    # Each example in a transaction of its own, so that it begins with nothing.
    with an_example():
        consumer = Consumer()
        for done, (do, number, place, city) in enumerate(steps):
            do(number, place, city)
            if done % 5 == 4:
                consumer.follow(limit=limit)
        consumer.follow(limit=limit)
        _is_what_the_database_holds(consumer)
        assert {check.name for check in CHECKS if list(check.find())} == set()
        transaction.set_rollback(True)


def _is_what_the_database_holds(consumer: Consumer) -> None:
    rows = {row.pk: row for row in GoldenCustomer.objects.all()}
    assert consumer.versions == {pk: row.version for pk, row in rows.items()}
    assert consumer.successors == {pk: row.successor_id for pk, row in rows.items() if row.state == "retired"}
    known = {pk: {name: value for name, value in values.items() if value is not None} for pk, values in consumer.values.items()}
    held = {
        pk: {name: getattr(row, name) for name in CUSTOMER.attribute_names if getattr(row, name) is not None} for pk, row in rows.items()
    }
    assert known == held
    records = CustomerRecord.objects.select_related("source")
    assert consumer.home == {(record.source.code, record.external_id): record.golden_id for record in records}
    assert all(consumer.canonical(home) == home for home in consumer.home.values())
