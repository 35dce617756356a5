"""PostgreSQL's lock table is as large as what the service locks."""

from collections.abc import Iterable, Iterator

import pytest
from django.core.checks import run_checks
from django.db import connection

from golden_records.entities import EntityType
from matching import lock_table
from matching.lock_table import LOCKS_OF_A_TRANSACTION
from matching.locks import MOST_LOCKS, MatchGuard, TooManyLocks, in_transaction
from tests.matching.conftest import ACME, CUSTOMER, Submit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    lock_table.shortage.cache_clear()
    yield
    lock_table.shortage.cache_clear()


def test_the_check_at_start_is_content_with_a_large_table() -> None:
    assert [found.id for found in run_checks(databases=["default"]) if found.id == "mdm.W001"] == []


@pytest.mark.only_on("postgresql")
def test_the_check_at_start_says_what_to_set_where_the_table_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_table, "LOCKS_OF_A_TRANSACTION", 1_000_000)
    warnings = [found for found in run_checks(databases=["default"]) if found.id == "mdm.W001"]
    assert "max_locks_per_transaction is 256; set it to" in str(warnings[0].hint)


def test_without_a_database_at_hand_nothing_is_asked() -> None:
    assert lock_table.check_lock_table() == []


def test_a_transaction_that_asks_for_more_than_its_share_is_refused() -> None:
    guard = MatchGuard()
    guard.keys(CUSTOMER, range(MOST_LOCKS))
    with pytest.raises(TooManyLocks):
        guard.keys(CUSTOMER, [MOST_LOCKS + 1])


@pytest.mark.only_on("postgresql")
def test_the_largest_record_that_changes_stays_within_the_locks_that_are_counted_on(
    submitted: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    take = MatchGuard.goldens

    def counted(guard: MatchGuard, entity: EntityType, *, record_ids: Iterable[int]) -> object:
        found = take(guard, entity, record_ids=record_ids)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()")
            held.append(cursor.fetchone()[0])
        return found

    monkeypatch.setattr(MatchGuard, "goldens", counted)
    person = ACME | {"given_name": "Ada", "family_name": "Dupont", "website": "acme.example", "vat_id": "FR44732829320"}
    for words in ("abcd", "efgh"):
        name = " ".join(f"{letter}{other}mot" for letter in words for other in words)
        submitted("crm", "1", **person | {"legal_name": name, "trade_name": name[::-1], "email": f"{words}.dupont@acme.example"})
    assert 80 < max(held) <= LOCKS_OF_A_TRANSACTION


def test_the_check_leaves_no_transaction_behind() -> None:
    assert in_transaction(lambda _: lock_table.shortage()) == ""
