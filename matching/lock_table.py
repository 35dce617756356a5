"""Whether PostgreSQL's lock table is as large as the locks that the service takes.

The table is shared by the whole server and has room for `max_locks_per_transaction` locks per connection. Full, it fails every
transaction that comes along, also those of others ("out of shared memory"), so its size is checked when the service starts.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's name for it
from django.db import connection

# A record has at most 57 blocking keys; one that changes holds the old and the new ones.
_KEYS_OF_A_RECORD: Final = 2 * 57
# Tables and indexes that the transaction of a record touches, each of which takes a lock as well.
_TABLES_AND_INDEXES: Final = 78
LOCKS_OF_A_TRANSACTION: Final = _KEYS_OF_A_RECORD + _TABLES_AND_INDEXES


@cache
def shortage() -> str:
    """Say in words what is missing, with what to set; an empty text where nothing is. The setting needs a restart to change."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_locks_per_transaction')::int")
        found = cursor.fetchone()[0]
    if found >= LOCKS_OF_A_TRANSACTION:
        return ""
    return f"max_locks_per_transaction is {found}; set it to 256 (at least {LOCKS_OF_A_TRANSACTION}) in PostgreSQL's configuration."


def check_lock_table(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Django's check: runs before `migrate` and in `check --database default`."""
    told = shortage() if databases else ""
    return [Warning("PostgreSQL's lock table is too small for all connections at work.", hint=told, id="mdm.W001")] if told else []
