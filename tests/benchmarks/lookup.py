"""The canonical id of a source record: the API beside a bare Django view that reads the same row, and psycopg, in the same run.

    make benchmark NAME=lookup [RECORDS=1000000]

`in process` calls them through WSGI without a web server, so that the server's own time does not hide the difference; psycopg sends
the one statement, prepared. The source asks for its own records, which is no reading for the audit log. A database of our own is made
and goes away; with `DATABASE_URL` it stays there, for the next run.
"""

import json
import os
import random
from collections.abc import Mapping, Sequence

from tests.benchmarks.serving.installation import Call, Installation, installation, percentile, report, send_all, serving

RECORDS = 1_000_000
CALLS = 3_000
CLIENTS = 2
BUDGET = 1.5
ADDRESSES = {"bare": "/bare/crm/customer/{}", "api": "/api/v1/source-records/crm/customer/{}"}


def main() -> None:
    """Print a line per figure."""
    with installation(int(os.environ.get("RECORDS") or RECORDS)) as installed:
        _in_process(installed)
        with serving(installed) as server:
            _over_http(installed, server.port)


def _in_process(installed: Installation) -> None:
    seconds = json.loads(installed.run("in_process", str(installed.records), installed.own_key))
    _compare(seconds, where="in process", records=installed.records)


def _over_http(installed: Installation, port: int) -> None:
    chosen = random.Random(2)  # noqa: S311  # picks rows, keeps no secret
    # In turns, so that whatever else the machine does slows both alike.
    shares = [
        [
            Call("GET", address.format(chosen.randrange(installed.records)))
            for _ in range(CALLS // CLIENTS)
            for address in ADDRESSES.values()
        ]
        for _ in range(CLIENTS)
    ]
    spent, _ = send_all(port, installed.own_key, shares)
    _compare({name: spent[place :: len(ADDRESSES)] for place, name in enumerate(ADDRESSES)}, where="http", clients=CLIENTS)


def _compare(seconds: Mapping[str, Sequence[float]], **circumstances: object) -> None:
    medians = {name: percentile(spent, 0.5) for name, spent in seconds.items()}
    for name, spent in seconds.items():
        report("lookup", **circumstances, what=name, p50_ms=medians[name], p99_ms=percentile(spent, 0.99))
    report("lookup", **circumstances, what="api / bare", ratio=round(medians["api"] / medians["bare"], 2), budget=BUDGET)


if __name__ == "__main__":
    main()
