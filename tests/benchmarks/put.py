"""`PUT` of one source record, matched before the answer: latency and throughput, with one client and with four.

    make benchmark NAME=put             or: python -m tests.benchmarks.put [RECORDS]

The floor, in the same run: a bare Django view that stores the same row with its history, and neither checks nor matches it.

Half of the calls bring a customer that CRM sent already from ERP (linked), three in ten a new one (created), two in ten the same
record again (unchanged). Budget: p50 under 12 ms, p99 under 60 ms and 150 a second with four clients, over 1 M golden records.
"""

import json
import sys
from collections.abc import Iterator
from itertools import count, islice

from tests.benchmarks.serving.firms import firm
from tests.benchmarks.serving.installation import Call, Installation, installation, percentile, report, send_all, serving

RECORDS = 20_000
CALLS = 1_200
CLIENTS = (1, 4)
BUDGET = {"p50_ms": 12, "p99_ms": 60, "calls_per_second": 150}
STEP = 10


def main(records: int) -> None:
    """Print a line per number of clients."""
    with installation(records) as installed, serving(installed) as port:
        for name, calls in (("put", _calls(installed)), ("floor", _floor_calls(installed))):
            send_all(port, installed.key, [list(islice(calls, 40))])
            for clients in CLIENTS:
                _measure(name, installed, port, [list(islice(calls, CALLS // clients)) for _ in range(clients)])


def _measure(name: str, installed: Installation, port: int, shares: list[list[Call]]) -> None:
    spent, whole = send_all(port, installed.key, shares)
    report(
        name,
        clients=len(shares),
        records=installed.records,
        p50_ms=percentile(spent, 0.5),
        p99_ms=percentile(spent, 0.99),
        calls_per_second=round(len(spent) / whole),
        **({"budget": BUDGET} if name == "put" else {}),
    )


def _calls(installed: Installation) -> Iterator[Call]:
    """Go on for ever: no two calls touch the same customer."""
    for number in count():
        if number % STEP < STEP * 0.5:
            yield _put("erp", number % installed.records)
        elif number % STEP < STEP * 0.8:
            yield _put("crm", installed.records + number)
        else:
            yield _put("crm", number % installed.records)


def _floor_calls(installed: Installation) -> Iterator[Call]:
    """Store firms that nobody has sent."""
    for number in count(2 * installed.records):
        yield _put("crm", number, address="/bare/put")


def _put(source: str, number: int, *, address: str = "/api/v1/source-records") -> Call:
    body = json.dumps({"attributes": firm(number, source)}).encode()
    return Call("PUT", f"{address}/{source}/customer/{number}", body)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
