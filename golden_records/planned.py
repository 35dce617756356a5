"""Statements that every record asks are planned once by each connection to PostgreSQL, not once a record.

Finding a plan for one of them takes the database longer than carrying it out. A plan that is kept is made for few rows: who asks for
many, or by a text that depends on what is asked, uses Django's own cursor.
"""

from typing import Any, Final

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

FEW: Final = 64
"""Rows, or values that are looked up, from which a plan of their own is worth finding."""


def planned_cursor(count: int = 0) -> Any:
    """Give a cursor as Django gives it, for a statement about `count` rows whose plan may be kept.

    Its parameters go to the server beside the statement: where what they are is not plain from where they stand, they are cast.
    While statements are logged, with their values, they are sent as any others.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "postgresql" or count > FEW or database.queries_logged:
        return database.cursor()
    database.ensure_connection()
    with database.wrap_database_errors:
        cursor: Any = psycopg.Cursor(database.connection)
    return database.make_cursor(cursor)
