"""Server time and statements of every page of the admin, over many golden records, open tasks and audit entries.

    make benchmark NAME=pages [RECORDS=1000000] [TASKS=100000] [ENTRIES=5000000]

The floor, in the same run: Django's own page for changing one's password (`password_change`), in the same frame. Pages are opened inside
one process by an administrator, so what is measured is the server's time and no network. A database of our own is made for it and goes
away; with `DATABASE_URL` it stays there, and the next run finds it. Budget: 200 ms for any page.
"""

import os

from tests.benchmarks.serving.installation import installation

RECORDS = 1_000_000
TASKS = 100_000
ENTRIES = 5_000_000


def main() -> None:
    """Print a line per page, the slowest last."""
    records, tasks, entries = (
        int(os.environ.get(name) or default) for name, default in (("RECORDS", RECORDS), ("TASKS", TASKS), ("ENTRIES", ENTRIES))
    )
    with installation(records) as installed:
        installed.run("lived_in", str(records))
        installed.run("asked", str(tasks), str(entries))
        print(installed.run("every_page"), end="", flush=True)


if __name__ == "__main__":
    main()
