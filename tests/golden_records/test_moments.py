"""Moments come out of the database as Django gives them, to the microsecond, whatever a connection writes them in."""

from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from django.db import DatabaseError, connection

from golden_records.moments import read_quickly

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("postgresql")]


def _read(written: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [written])
        (found,) = cursor.fetchone()
    assert isinstance(found, datetime)
    return found


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 30, 21, 4, 5, tzinfo=UTC),
        datetime(2026, 11, 30, 21, 4, 5, 120_000, tzinfo=UTC),
        datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
    ],
)
def test_a_moment_is_read_as_it_was_written(moment: datetime) -> None:
    found = _read(moment.isoformat())
    assert (found, found.tzinfo) == (moment, UTC)


@pytest.mark.parametrize("written", ["infinity", "0044-03-15 12:00:00+00 BC"])
def test_what_python_has_no_moment_for_is_an_error(written: str) -> None:
    with pytest.raises((psycopg.DataError, DatabaseError)):
        _read(written)


def test_a_connection_that_is_not_in_utc_is_left_as_it_is() -> None:
    kept = connection.connection.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, 0)
    assert kept is not None
    connection.timezone, zone = timezone(timedelta(hours=2)), connection.timezone
    try:
        read_quickly(connection)
    finally:
        connection.timezone = zone
    assert connection.connection.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, 0) is kept
