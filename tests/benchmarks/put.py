"""`PUT` of one source record, matched before the answer: latency, throughput and processor time, with one, four and sixteen clients.

    make benchmark NAME=put [RECORDS=1000000]

The floor, in the same run: a bare Django view that stores the same row with its history, and neither checks nor matches it. Processor
milliseconds are those of the web server and of the database server, where that is on this machine; the clients have their own.

A database of our own is made for it and goes away; with `DATABASE_URL` it stays there, and the next run finds it. Half of the calls
bring a customer that CRM sent already from ERP (linked), three in ten a new one (created), two in ten the same record again
(unchanged). Budget: p50 under 12 ms, p99 under 60 ms and 150 a second with four clients, over 1 M golden records, on two cores.
"""

import json
import os
from collections.abc import Iterator
from itertools import count, islice

from tests.benchmarks.serving.firms import firm
from tests.benchmarks.serving.installation import Call, Installation, Server, installation, percentile, report, send_all, serving
from tests.benchmarks.serving.processor import database_seconds, tree_seconds

RECORDS = 1_000_000
CALLS = 1_200
CLIENTS = (1, 4, 16)
WARM_UP = 200
BUDGET = {"p50_ms": 12, "p99_ms": 60, "calls_per_second": 150}
STEP = 10


def main() -> None:
    """Print a line per number of clients."""
    with installation(int(os.environ.get("RECORDS") or RECORDS)) as installed, serving(installed) as server:
        for name, calls in (("put", _calls(installed)), ("floor", _floor_calls(installed))):
            send_all(server.port, installed.key, [list(islice(calls, WARM_UP // 4)) for _ in range(4)])
            for clients in CLIENTS:
                _measure(name, installed, server, [list(islice(calls, CALLS // clients)) for _ in range(clients)])


def _measure(name: str, installed: Installation, server: Server, shares: list[list[Call]]) -> None:
    url = installed.environment["DATABASE_URL"]
    before = tree_seconds(server.process_id), database_seconds(url)
    spent, whole = send_all(server.port, installed.key, shares)
    web, database = tree_seconds(server.process_id) - before[0], database_seconds(url) - before[1]
    report(
        name,
        clients=len(shares),
        records=installed.records,
        p50_ms=percentile(spent, 0.5),
        p99_ms=percentile(spent, 0.99),
        calls_per_second=round(len(spent) / whole),
        web_cpu_ms=round(1_000 * web / len(spent), 2),
        database_cpu_ms=round(1_000 * database / len(spent), 2),
        **({"budget": BUDGET} if name == "put" else {}),
    )


def _calls(installed: Installation) -> Iterator[Call]:
    """Go on for ever: no two calls touch the same customer, nor one of an earlier run."""
    for number in count(_unused(installed)):
        if number % STEP < STEP * 0.5:
            yield _put("erp", number % installed.records)
        elif number % STEP < STEP * 0.8:
            yield _put("crm", installed.records + number)
        else:
            yield _put("crm", number % installed.records)


def _unused(installed: Installation) -> int:
    # Of ten calls eight bring a record, those of the floor all of them.
    return 2 * installed.beside // STEP * STEP


def _floor_calls(installed: Installation) -> Iterator[Call]:
    """Store firms that nobody has sent."""
    for number in count(50 * installed.records + _unused(installed)):
        yield _put("crm", number, address="/bare/put")


def _put(source: str, number: int, *, address: str = "/api/v1/source-records") -> Call:
    body = json.dumps({"attributes": firm(number, source)}).encode()
    return Call("PUT", f"{address}/{source}/customer/{number}", body)


if __name__ == "__main__":
    main()
