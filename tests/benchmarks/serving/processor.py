"""What processes cost: the processor time of the web server, and of the database's connections where they run on this machine."""

import os
from pathlib import Path

import psycopg

_TICKS = os.sysconf("SC_CLK_TCK")


def web_seconds(process_id: int) -> float:
    """Give the processor seconds that a process and those below it have spent so far."""
    spent = _processes()
    below, found = set[int](), {process_id}
    while found:
        below |= found
        found = {child for child, (parent, _) in spent.items() if parent in below} - below
    return sum(spent[one][1] for one in below if one in spent)


def database_seconds(url: str) -> float:
    """Give the processor seconds of the connections that clients have open to this database."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
        spent = _processes()
        return sum(spent[one][1] for (one,) in rows if one in spent)


def _processes() -> dict[int, tuple[int, float]]:
    """Give the parent and the processor seconds of every process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name of a program may hold anything; what follows its bracket does not.
            values = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(path.parent.name)] = (int(values[1]), (int(values[11]) + int(values[12])) / _TICKS)
    return found
