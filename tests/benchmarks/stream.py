"""`POST /source-records`: records a second and memory of the server, for a body as long as one likes, on PostgreSQL.

    make benchmark NAME=stream             or: python -m tests.benchmarks.stream [RECORDS]

The same records are sent a second time, when all are unchanged. The floor, in the same run: psycopg copies the same lines as they are
into a table of one column. `rss_mib` is what all processes of the web server hold together, after each tenth of the body: it must not
grow. Nothing is matched meanwhile: no worker runs. At last what was taken is matched as a worker does it: "to golden records" are the
records a second from the first byte of the body to golden records with history and events, one after the other.
"""

import http.client
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from mdm.embedded import processes
from tests.benchmarks.serving.firms import firm
from tests.benchmarks.serving.installation import Installation, installation, report, serving

RECORDS = 20_000
FIRMS = 100
LINES_AT_ONCE = 200
TENTHS = 10
MIB = 1024 * 1024


def main(records: int) -> None:
    """Print a line for each way of taking the same records."""
    with installation(FIRMS) as installed, serving(installed, workers=1) as server:
        taken = 0.0
        for what in ("new", "unchanged"):
            web = Web(server.port)
            begun, before = time.perf_counter(), web.cpu_seconds()
            outcomes = _send(server.port, installed.key, records, web)
            seconds = time.perf_counter() - begun
            assert outcomes == {"accepted" if what == "new" else "unchanged": records}, outcomes
            taken = taken or seconds
            report(
                "stream",
                what=what,
                records=records,
                records_per_second=round(records / seconds),
                server_cpu_ms_per_record=round(1_000 * (web.cpu_seconds() - before) / records, 3),
                rss_mib=web.seen,
            )
        matched = json.loads(_eager(installed).run("match_waiting").splitlines()[-1])
        assert matched.pop("waiting") == 0, matched
        report(
            "stream",
            what="to golden records",
            records=records,
            records_per_second=round(records / (taken + matched["seconds"])),
            seconds_taking=round(taken, 2),
            seconds_matching=matched.pop("seconds"),
            **matched,
        )
        report("stream", what="floor: copied as they are", records=records, records_per_second=_floor(installed.environment, records))


def _eager(installed: Installation) -> Installation:
    """Let tasks that ring for others do their work themselves: there is no broker."""
    return replace(installed, environment=installed.environment | {"CELERY_EAGER": "1"})


class Web:
    """The processes of the web server: what they hold and what they have used."""

    def __init__(self, port: int) -> None:
        leader = next(pid for pid in _pids() if str(port).encode() in _read(pid, "cmdline").split(b"\0"))
        group = _stat(leader)[2]
        self._pids = [pid for pid in _pids() if _stat(pid)[2:3] == [group]]
        self.seen: list[int] = []

    def look(self) -> None:
        """Remember what they hold now."""
        pages = sum(int(_read(pid, "statm").split()[1]) for pid in self._pids)
        self.seen.append(round(pages * os.sysconf("SC_PAGESIZE") / MIB))

    def cpu_seconds(self) -> float:
        """Give what they have used of the processors."""
        return sum(int(used) for pid in self._pids for used in _stat(pid)[11:13]) / os.sysconf("SC_CLK_TCK")


def _lines(records: int) -> Iterator[bytes]:
    for number in range(records):
        line = {"source": "crm", "entity": "customer", "external_id": f"s{number}", "attributes": firm(FIRMS + number, "crm")}
        yield json.dumps(line).encode() + b"\n"


def _send(port: int, key: str, records: int, web: Web) -> dict[str, int]:
    def body() -> Iterator[bytes]:
        lines, sent = _lines(records), 0
        while part := list(islice(lines, LINES_AT_ONCE)):
            yield b"".join(part)
            if sent * TENTHS // records != (sent + len(part)) * TENTHS // records:
                web.look()
            sent += len(part)

    connection = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=3_600)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    connection.request("POST", "/api/v1/source-records", body=body(), headers=headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == http.client.ACCEPTED, answer.read()
    outcomes: dict[str, int] = {}
    for line in answer:
        outcome = json.loads(line)["outcome"]
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    web.look()
    return outcomes


def _floor(environment: dict[str, str], records: int) -> int:
    url = urlsplit(environment["DATABASE_URL"])
    with psycopg.connect(url.geturl()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE floor (line json)")
        begun = time.perf_counter()
        with cursor.copy("COPY floor (line) FROM STDIN") as copy:
            for line in _lines(records):
                copy.write_row((line.decode(),))
        connection.commit()
        return round(records / (time.perf_counter() - begun))


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return (Path("/proc") / str(pid) / name).read_bytes()
    except OSError:
        return b""


def _stat(pid: int) -> list[str]:
    """The fields of a process after its name, which may hold blanks."""
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
