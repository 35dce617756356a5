"""Moments as PostgreSQL writes them, read by Python's own parser: the driver's expression takes three times as long over each.

A record that is matched is compared with dozens of others, each with three moments.
"""

from datetime import UTC, datetime
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.datetime import TimestamptzLoader

_TYPE: Final = "timestamptz"


class _MomentLoader(TimestamptzLoader):
    """Reads a moment in UTC; whatever else a connection may write is read as Django's own loader reads it."""

    timezone = UTC  # Django asks its loader for it

    def load(self, data: Any) -> datetime:
        try:
            moment: datetime | None = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # infinity, or a year that Python does not know
            moment = None
        return moment if moment is not None and moment.tzinfo is UTC else super().load(data).replace(tzinfo=UTC)


def read_quickly(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let a connection that was made read moments so; a receiver of `connection_created`."""
    if connection.vendor == "postgresql" and connection.timezone is UTC:
        connection.connection.adapters.register_loader(_TYPE, _MomentLoader)
