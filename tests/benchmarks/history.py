"""What history, change events and the audit log cost a `PUT`: the same calls with them and without, in turns, as a ratio.

    make benchmark NAME=history [RECORDS=20000]

Both go through the API inside one process, without a web server, on a PostgreSQL of our own; `without` writes the same rows of source
and golden records, keys and evidence, and no history row, no event and no audit entry. Beside it, the story of a golden record of
1,000 versions: milliseconds and statements of a page of the admin.
"""

import os

from tests.benchmarks.serving.installation import installation

RECORDS = 20_000


def main() -> None:
    """Print a line per figure."""
    with installation(int(os.environ.get("RECORDS") or RECORDS)) as installed:
        print(installed.run("histories", str(installed.records), installed.key), end="", flush=True)


if __name__ == "__main__":
    main()
