"""Statements that every record asks: PostgreSQL keeps their plans, of few rows; whoever watches statements sees them."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from golden_records.planned import FEW, planned_cursor

pytestmark = pytest.mark.django_db
ASKED = "SELECT CAST(%s AS integer) + 41"
TIMES = 4


def _ask(count: int) -> int:
    found = 0
    for _ in range(TIMES):
        with planned_cursor(count) as cursor:
            cursor.execute(ASKED, [1])
            (found,) = cursor.fetchone()
    return int(found)


def _kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%+ 41"])
        return int(cursor.fetchone()[0])


def test_the_answer_is_that_of_any_cursor() -> None:
    assert _ask(1) == _ask(FEW + 1) == 42


@pytest.mark.only_on("postgresql")
def test_a_statement_about_few_rows_is_planned_once() -> None:
    _ask(FEW + 1)
    assert _kept() == 0
    _ask(FEW)
    assert _kept() == 1


def test_a_watch_on_statements_sees_it_and_a_log_has_its_values() -> None:
    seen: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001 - Django's signature
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch), CaptureQueriesContext(connection) as logged:
        _ask(1)
    assert seen == [ASKED] * TIMES
    assert all("CAST(1 AS integer)" in query["sql"] for query in logged)


def test_an_error_is_djangos() -> None:
    with pytest.raises(DatabaseError), planned_cursor() as cursor:
        cursor.execute("SELECT no_such_function(%s)", [1])
