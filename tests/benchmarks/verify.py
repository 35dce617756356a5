"""`manage.py verify` over a large database: what each check costs by itself, and all of them as they are run.

    make benchmark NAME=verify [RECORDS=1000000]

The floor, in the same run: every column of every table read once. A line per check: seconds, seconds of the processor in Python and in the
database, rows read, offences. Then the command itself, two checks at a time, with the memory that it took at most.

A database of our own is made for it and goes away; with `DATABASE_URL` it stays there, and the next run finds it. Of the firms nineteen in
twenty are in one source, the others in two; some were asked about, merged, parted, sent again and withdrawn, and all have their change
events, sealed. Budget: under 60 s for 1 M source records, on two cores.
"""

import json
import os
import subprocess
import sys
import time

from tests.benchmarks.serving.installation import Installation, installation, report
from tests.benchmarks.serving.processor import database_seconds

RECORDS = 1_000_000
BUDGET_SECONDS = 60


def main() -> None:
    """Print a line per check, and one for all."""
    with installation(int(os.environ.get("RECORDS") or RECORDS)) as installed:
        installed.run("lived_in", str(installed.records))
        for line in installed.run("checks").splitlines():
            report("verify", **json.loads(line))
        _verify(installed)


def _verify(installed: Installation) -> None:
    url = installed.environment["DATABASE_URL"]
    begun, database = time.perf_counter(), database_seconds(url)
    command = [sys.executable, "-m", "django", "verify", "--json"]
    with subprocess.Popen(command, env=installed.environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [json.loads(line) for line in process.stdout]
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    report(
        "verify",
        what="manage.py verify",
        records=installed.records + installed.beside,
        seconds=round(time.perf_counter() - begun, 1),
        budget_seconds=BUDGET_SECONDS,
        python_cpu_seconds=round(used.ru_utime + used.ru_stime, 1),
        database_cpu_seconds=round(database_seconds(url) - database, 1),
        peak_mib=round(used.ru_maxrss / 1024),
        checks=len(lines),
        offences=sum(line["offences"] for line in lines),
        exit_code=process.returncode,
    )


if __name__ == "__main__":
    main()
