"""Runs the checks on the servers that the environment names; prints a row for each, and writes the report."""

import argparse
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import django
from django.db import connection

django.setup()

from matching import verifying  # noqa: E402  # Django must be set up first
from tests.torture.ground import ground  # noqa: E402
from tests.torture.outcome import FULL, SHORT, Outcome, Scale  # noqa: E402
from tests.torture.table import CHECKS, Check  # noqa: E402

SHOWN = 5
LIMIT_SECONDS = 1_200
"""What one check may take. On a machine with much else to do the longest took 372."""
HEAD = """# Torture report

Written by `make torture`: real PostgreSQL, real broker, real processes, each check on a database of its own. After every check,
`manage.py verify` looks over the whole database; what it finds is an offence too. What each check does: `tests/torture/`.

{machine}.

| check | what must hold | of what | offences | seconds | when | on the way |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """A line of the report."""

    check: Check
    count: str
    offences: list[str]
    seconds: float
    told: str


def main(arguments: Sequence[str]) -> int:
    """Run every check once, and all again as long as there is time; gives 1 at the first offence."""
    chosen = _parse(arguments)
    scale = SHORT if chosen.short else FULL
    ends_at = time.monotonic() + 60 * chosen.minutes
    rows: list[Row] = []
    while not rows or time.monotonic() < ends_at:
        for check in CHECKS:
            if chosen.check and check.name not in chosen.check:
                continue
            rows.append(row := run(check, scale))
            _say(row)
            if chosen.report:
                _write(Path(chosen.report), rows)
            if row.offences:
                return 1
    return 0


def _write(path: Path, rows: Sequence[Row]) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(report(rows, before), encoding="utf-8")


def run(check: Check, scale: Scale) -> Row:
    """Try one check on an empty database, then verify what must always hold. What ends a check before its end is an offence."""
    begun, outcome, broken = time.monotonic(), Outcome("stopped on the way"), list[str]()
    try:
        with _no_longer_than(LIMIT_SECONDS):
            with ground() as installed:
                outcome = check.run(installed, scale)
            broken = _broken()
    except Exception as error:  # noqa: BLE001 - whatever it is, the report must say so
        traceback.print_exc()
        broken = [f"{type(error).__name__}: {error}"]
    connection.close()
    return Row(check, outcome.count, outcome.offences + broken, time.monotonic() - begun, outcome.told)


def _broken() -> list[str]:
    return [
        f"{finding.check.name}: {finding.count}, as {offence.entity} {offence.ids}: {offence.told}"
        for finding in verifying.verify(most_named=SHOWN)
        for offence in finding.offences
    ]


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` where the block takes longer: what stands still would else stand for ever, and no report be written."""

    def stop(_signal: int, _frame: object) -> None:
        message = f"It stood still, or took longer than {seconds:.0f} s."
        raise TimeoutError(message)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def report(rows: Sequence[Row], before: str = "") -> str:
    """Give the table for people; checks that were not run this time keep their line of the report that was there `before`."""
    today = f"{datetime.now(tz=UTC):%Y-%m-%d}"
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines() if line.startswith("| ")}
    for row in rows:
        cells = (row.check.name, row.check.holds, row.count, str(len(row.offences)), f"{row.seconds:.0f}", today, row.told)
        lines[row.check.name] = f"| {' | '.join(cells)} |"
    return HEAD.format(machine=_machine()) + "".join(f"{lines[check.name]}\n" for check in CHECKS if check.name in lines)


def _machine() -> str:
    """Say what the last of the checks ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        server = cursor.fetchone()[0]
    connection.close()
    return f"Machine: {os.cpu_count()} processors, {memory:.0f} GiB of memory, Python {platform.python_version()}, PostgreSQL {server}"


def _say(row: Row) -> None:
    verdict = f"{len(row.offences)} OFFENCES" if row.offences else "holds"
    print(f"{row.check.name}: {verdict} ({row.count}, {row.seconds:.1f} s). {row.told}", flush=True)
    for offence in row.offences[: 4 * SHOWN]:
        print(f"    {offence}", flush=True)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="little of everything: a minute")
    parser.add_argument("--minutes", type=float, default=0, help="go on for so long")
    parser.add_argument("--check", action="append", choices=[check.name for check in CHECKS])
    parser.add_argument("--report", help="write the table to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
