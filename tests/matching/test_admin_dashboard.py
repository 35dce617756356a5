"""The front page tells at a glance how much there is, how good it is, and what waits for a person."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from golden_records.entities import ENTITIES
from golden_records.models import ImportJob, ImportState, QuarantinedRow
from matching.models import MatchRun, RunState
from matching.withdrawal import withdraw_source_record
from tests.e2e.workplace import a_customer_with_projects, doubtful_pairs
from tests.factories import a_change, a_person, a_record, a_source, a_steward, a_task

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


def front_page(desk: Client) -> str:
    return desk.get(reverse("admin:index")).content.decode()


def an_import(**more: object) -> ImportJob:
    defaults = {
        "source": a_source(),
        "entity": "customer",
        "file_name": "accounts.csv",
        "file_digest": "0" * 64,
        "actor": "command:import_records",
    }
    return ImportJob.objects.create(**defaults | {"started_at": NOW, "state": ImportState.COMPLETED} | more)


def a_quarantined_row() -> QuarantinedRow:
    problems = [{"field": "birth_date", "value": "31/02/1980", "reason": "no such day", "remedy": "correct it"}]
    return QuarantinedRow.objects.create(
        source=a_source(), entity="customer", job=an_import(quarantined=1), row_number=7, payload={}, problems=problems, quarantined_at=NOW
    )


def test_an_empty_installation_is_told_as_such(desk: Client) -> None:
    page = front_page(desk)
    assert "Nothing was imported yet" in page
    assert "No task is open" in page
    assert "nothing to mend" in page


def test_the_counts_are_those_of_the_tables(desk: Client) -> None:
    a_customer_with_projects()
    doubtful_pairs(2)
    page = front_page(desk)
    assert "out of 6 source records" in page
    assert "of them likely the same" in page


def test_what_is_withdrawn_retired_or_only_a_tombstone_is_not_counted(desk: Client) -> None:
    for external_id in ("1", "2", "3"):
        a_record(external_id, legal_name="Acme")
    for external_id in ("1", "never-sent"):
        withdraw_source_record(ENTITIES["customer"], source="crm", external_id=external_id, withdrawn_at=None, change=a_change())
    page = desk.get(reverse("admin:index"))
    customers = page.context["figures"][0]
    assert (customers.golden, customers.records, customers.pending, customers.failed) == (2, 2, 0, 0)
    assert customers.by_source == (("CRM", 2, 1.0),)
    assert "out of 2 source records" in page.content.decode()


def test_the_last_import_and_run_are_there_with_their_outcome(desk: Client) -> None:
    an_import(rows_done=2_000, created=1_990, quarantined=10, state=ImportState.FAILED)
    MatchRun.objects.create(entity="customer", actor="command:match", created_at=NOW, state=RunState.COMPLETED)
    page = front_page(desk)
    assert "2,000 rows, 1,990 new" in page
    assert "10 in quarantine" in page
    assert "failed" in page
    assert "customer #" in page


def test_rows_to_mend_are_counted(desk: Client) -> None:
    a_quarantined_row()
    assert "rows to mend" in front_page(desk)


def test_who_may_not_review_is_not_shown_the_queue(client: Client) -> None:
    doubtful_pairs(1)
    client.force_login(a_person())
    assert "Open review tasks</span>" not in front_page(client)


def test_the_front_page_takes_as_many_queries_for_many_records_as_for_few(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    doubtful_pairs(1)
    front_page(desk)
    cache.clear()
    with django_assert_max_num_queries(50) as few:
        front_page(desk)
    for number in range(10):
        a_task(a_record(f"{number}", legal_name=f"Acme {number}"), a_record(f"{number}", source="erp", legal_name=f"Acme {number} SA"))
    cache.clear()
    with django_assert_max_num_queries(len(few)):
        front_page(desk)
