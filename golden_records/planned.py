"""Statements that every record asks are planned once by each connection to PostgreSQL, not once a record.

Finding a plan for one of them takes the database longer than carrying it out. A plan that is kept is made for few rows: who asks for
many, or by a text that depends on what is asked, uses Django's own cursor.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db import connection

FEW: Final = 64
"""Rows, or values that are looked up, from which a plan of their own is worth finding."""


@contextmanager
def planned_cursor(count: int = 0) -> Iterator[Any]:
    """A cursor as Django gives it, for a statement about `count` rows whose plan may be kept.

    Its parameters go to the server beside the statement: where what they are is not plain from where they stand, they are cast.
    """
    if connection.vendor != "postgresql" or count > FEW:
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw: Any = psycopg.Cursor(connection.connection)
    # What watches statements (tests, the log of queries) watches these too.
    with connection.make_debug_cursor(raw) if connection.queries_logged else connection.make_cursor(raw) as cursor:
        yield cursor
