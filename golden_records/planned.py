"""Statements that every record asks are planned once by each connection to PostgreSQL, not once a record.

Finding a plan for one of them takes the database longer than carrying it out. A plan that is kept is made for few rows: who asks for
many gets a plan of its own, and by a text that depends on what is asked, Django's own cursor asks.
"""

from collections.abc import Iterable
from typing import Any, Final

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

FEW: Final = 256
"""Rows, or values that are looked up, from which a plan of their own is worth finding."""


class _PlannedAnew(psycopg.Cursor[Any]):
    """A cursor whose statements get a plan of their own each time."""

    def execute(self, *given: Any, prepare: bool | None = False, **more: Any) -> Any:
        return super().execute(*given, prepare=prepare, **more)


def planned_cursor(count: int = 0) -> Any:
    """Give a cursor as Django gives it, for a statement about `count` rows; its plan is kept where these are few.

    Its parameters go to the server beside the statement, so that a document of a megabyte is neither quoted here nor read twice there;
    where what they are is not plain from where they stand, they are cast. While statements are logged, with their values, they are sent
    as any others.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "postgresql" or database.queries_logged:
        return database.cursor()
    database.ensure_connection()
    with database.wrap_database_errors:
        cursor: Any = (psycopg.Cursor if count <= FEW else _PlannedAnew)(database.connection)
    return database.make_cursor(cursor)


def array(values: Iterable[object]) -> str:
    """Give numbers or ids as one array for PostgreSQL, to be cast where it stands: the driver takes longer over each value of a list."""
    return f"{{{','.join(map(str, values))}}}"
