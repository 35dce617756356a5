from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden_records.entities import ENTITIES
from golden_records.errors import RejectedRecord
from golden_records.models import CustomerRecord, MatchState
from golden_records.sources import SourceRecordDraft, Stored, StoreOutcome, UnderstoodRecord, store, understand
from tests.factories import a_change, a_record, a_source

pytestmark = pytest.mark.django_db

CUSTOMER = ENTITIES["customer"]
NOW = datetime(2025, 3, 1, tzinfo=UTC)


def a_draft(external_id: str, *, source: str = "crm", day: int | None = None, **attributes: object) -> UnderstoodRecord:
    updated = None if day is None else NOW + timedelta(days=day)
    draft = SourceRecordDraft(CUSTOMER, a_source(source), external_id, attributes=attributes, source_updated_at=updated)
    return understand(draft)


def sent(*records: UnderstoodRecord) -> list[Stored]:
    return store(CUSTOMER, records, change=a_change("sent"))


def outcomes(*records: UnderstoodRecord) -> list[str]:
    return [stored.outcome for stored in sent(*records)]


def history_of(record: CustomerRecord) -> list[tuple[str, str, str]]:
    return list(record.history.order_by("history_id").values_list("history_type", "actor", "history_change_reason"))


def test_a_new_record_is_kept_with_what_was_sent_and_waits_to_be_matched() -> None:
    stored = sent(a_draft("0042", legal_name="Acme", email="Contact@ACME.fr"))[0]
    row = CustomerRecord.objects.get()
    assert stored.outcome is StoreOutcome.CREATED
    assert stored.record.pk == row.pk
    assert (row.email, row.payload) == ("contact@acme.fr", {"legal_name": "Acme", "email": "Contact@ACME.fr"})
    assert (row.match_state, row.golden_id) == (MatchState.PENDING, None)
    assert history_of(row) == [("+", "command:test", "sent")]


def test_the_same_again_writes_nothing() -> None:
    sent(a_draft("0042", legal_name="Acme"))
    with CaptureQueriesContext(connection) as queries:
        assert outcomes(a_draft("0042", legal_name="Acme")) == [StoreOutcome.UNCHANGED]
    assert not [query for query in queries if query["sql"].startswith(("INSERT", "UPDATE"))]
    assert CustomerRecord.objects.get().history.count() == 1


def test_a_changed_record_replaces_all_its_values_and_is_matched_again() -> None:
    record = a_record("0042", legal_name="Acme", city="Lyon")
    assert outcomes(a_draft("0042", legal_name="Acme SA")) == [StoreOutcome.UPDATED]
    row = CustomerRecord.objects.get()
    assert (row.legal_name, row.city, row.version, row.match_state) == ("Acme SA", None, 2, MatchState.PENDING)
    assert row.golden_id == record.golden_id, "where it belongs until it is matched again"
    assert [kind for kind, *_ in history_of(row)] == ["+", "~", "~"]


def test_what_is_older_by_the_sources_clock_never_replaces_what_is_newer() -> None:
    sent(a_draft("0042", day=5, legal_name="New"))
    assert outcomes(a_draft("0042", day=3, legal_name="Old")) == [StoreOutcome.STALE]
    assert outcomes(a_draft("0042", legal_name="Undated")) == [StoreOutcome.UPDATED]
    assert outcomes(a_draft("0042", day=4, legal_name="older than the last date")) == [StoreOutcome.STALE]
    assert CustomerRecord.objects.get().legal_name == "Undated"


def test_a_record_confirmed_later_is_newer_than_what_was_changed_in_between() -> None:
    sent(a_draft("0042", day=1, legal_name="Acme"))
    assert outcomes(a_draft("0042", day=9, legal_name="Acme")) == [StoreOutcome.UPDATED]
    assert outcomes(a_draft("0042", day=5, legal_name="late delivery")) == [StoreOutcome.STALE]


def test_the_ids_of_two_sources_have_nothing_to_do_with_each_other() -> None:
    assert outcomes(a_draft("1", source="crm", legal_name="A"), a_draft("1", source="erp", legal_name="B")) == ["created", "created"]
    assert set(CustomerRecord.objects.values_list("source__code", "legal_name")) == {("crm", "A"), ("erp", "B")}


def test_one_record_twice_in_one_chunk_is_as_if_it_came_one_after_the_other() -> None:
    sent_twice = (
        a_draft("1", day=2, legal_name="Second"),
        a_draft("1", day=1, legal_name="First"),
        a_draft("1", day=2, legal_name="Second"),
    )
    assert outcomes(*sent_twice) == [StoreOutcome.CREATED, StoreOutcome.STALE, StoreOutcome.UNCHANGED]
    row = CustomerRecord.objects.get()
    assert (row.legal_name, row.version, row.history.count()) == ("Second", 1, 1)


@pytest.mark.parametrize("size", [1, 100])
def test_the_number_of_statements_does_not_depend_on_the_number_of_records(size: int, database: str) -> None:
    expected = 2 if database == "postgresql" else 3
    a_source("crm")
    new = [a_draft(str(number), legal_name="Acme", satisfaction="7.5") for number in range(size)]
    with CaptureQueriesContext(connection) as queries:
        sent(*new)
    assert len(queries) == expected, "look, insert with history"
    changed = [a_draft(str(number), legal_name="Acme SA") for number in range(size)]
    with CaptureQueriesContext(connection) as queries:
        sent(*changed)
    assert len(queries) == expected, "look, update with history"


_SENT = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3"]), st.none() | st.integers(0, 3), st.sampled_from(["Acme", "Acme SA", "Zenith"])),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_SENT, cut=st.integers(0, 8))
def test_chunks_may_be_cut_anywhere_and_everything_sent_again_changes_nothing(rows: list[tuple[str, int | None, str]], cut: int) -> None:
    drafts = [a_draft(external_id, day=day, legal_name=name) for external_id, day, name in rows]
    whole = _undone(lambda: (outcomes(*drafts), _contents()))
    in_parts = _undone(lambda: (outcomes(*drafts[:cut]) + outcomes(*drafts[cut:]), _contents()))
    assert whole == in_parts
    with transaction.atomic():
        outcomes(*drafts)
        before = list(CustomerRecord.objects.order_by("id").values())
        last = {draft.external_id: draft for draft in drafts}
        again = outcomes(*(draft for draft in last.values() if _is_held(draft)))
        assert set(again) <= {StoreOutcome.UNCHANGED}
        assert list(CustomerRecord.objects.order_by("id").values()) == before
        transaction.set_rollback(True)


def _is_held(draft: UnderstoodRecord) -> bool:
    return CustomerRecord.objects.filter(external_id=draft.external_id, fingerprint=draft.fingerprint).exists()


def _contents() -> list[Any]:
    return list(CustomerRecord.objects.order_by("external_id").values_list("external_id", "legal_name", "source_updated_at"))


def _undone(work: Callable[[], Any]) -> Any:
    with transaction.atomic():
        result = work()
        transaction.set_rollback(True)
    return result


@pytest.mark.parametrize(
    ("external_id", "attributes", "field"),
    [
        ("", {"legal_name": "Acme"}, "external_id"),
        ("x" * 201, {"legal_name": "Acme"}, "external_id"),
        ("a\x00b", {"legal_name": "Acme"}, "external_id"),
        ("1", {"legal_name": "Ac\x00me"}, "legal_name"),
        ("1", {"legal_name": "Ac\ud800me"}, "legal_name"),
        ("1", {"satisfaction": 10**30}, "satisfaction"),
    ],
)
def test_what_no_database_can_keep_is_rejected_with_its_field(external_id: str, attributes: dict[str, object], field: str) -> None:
    with pytest.raises(RejectedRecord) as caught:
        understand(SourceRecordDraft(CUSTOMER, a_source(), external_id, attributes=attributes))
    problems: Any = caught.value.data["problems"]
    assert field in {problem["field"] for problem in problems}


def test_a_text_that_only_looks_like_an_escape_is_kept_as_it_is() -> None:
    sent(a_draft("1", legal_name="back\\u0000slash"))
    assert CustomerRecord.objects.get().payload == {"legal_name": "back\\u0000slash"}


def test_updates_in_any_order_leave_the_newest_of_each_record() -> None:
    versions = [a_draft(f"{number}", day=day, legal_name=f"Acme {day}") for number in range(5) for day in range(8)]
    for start in range(0, 40, 7):
        mixed = versions[start:] + versions[:start]
        sent(*mixed[::3], *mixed[1::3])
        sent(*mixed[2::3])
    assert set(CustomerRecord.objects.values_list("legal_name", flat=True)) == {"Acme 7"}


def test_of_two_versions_with_one_time_the_one_that_came_last_stands() -> None:
    sent(a_draft("0042", day=1, legal_name="Acme"))
    assert outcomes(a_draft("0042", day=1, legal_name="Acme SA")) == [StoreOutcome.UPDATED]


def test_a_time_in_the_far_future_is_a_wrong_clock_and_does_not_win_for_ever() -> None:
    sent(a_draft("0042", day=365 * 5000, legal_name="Acme"))
    assert outcomes(a_draft("0042", day=1, legal_name="Acme SA")) == [StoreOutcome.UPDATED]
    assert outcomes(a_draft("0042", day=0, legal_name="Acme")) == [StoreOutcome.STALE]
