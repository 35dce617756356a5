"""What processes cost: the processor time of the web server, and of the database server where that is on this machine."""

import os
from pathlib import Path

import psycopg

_TICKS = os.sysconf("SC_CLK_TCK")


def tree_seconds(process_id: int) -> float:
    """Give the processor seconds that a process and those below it have spent so far, also such as have ended."""
    spent = _processes()
    below, found = set[int](), {process_id}
    while found:
        below |= found
        found = {child for child, (parent, _) in spent.items() if parent in below} - below
    return sum(spent[one][1] for one in below if one in spent)


def database_seconds(url: str) -> float:
    """Give those of the database server, all its connections included; 0 where it is on another machine."""
    with psycopg.connect(url) as connection:
        own = _processes().get(connection.info.backend_pid)
        return tree_seconds(own[0]) if own else 0.0


def _processes() -> dict[int, tuple[int, float]]:
    """Give the parent of every process, and the processor seconds of itself and of its children that have ended."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name of a program may hold anything; what follows its bracket does not.
            values = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(path.parent.name)] = (int(values[1]), sum(map(int, values[11:15])) / _TICKS)
    return found
