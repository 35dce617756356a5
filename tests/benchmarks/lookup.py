"""The canonical id of a source record: the API beside a bare Django view that reads the same row, in the same run.

    make benchmark NAME=lookup          or: python -m tests.benchmarks.lookup [RECORDS]

`in process` calls both through WSGI without a web server, so that the server's own time does not hide the difference.
"""

import json
import random
import sys

from tests.benchmarks.serving.installation import Call, Installation, installation, percentile, report, send_all, serving

RECORDS = 20_000
CALLS = 3_000
CLIENTS = 2
BUDGET = 1.5


def main(records: int) -> None:
    """Print a line per figure."""
    with installation(records) as installed:
        _in_process(installed)
        with serving(installed) as port:
            _over_http(installed, port)


def _in_process(installed: Installation) -> None:
    seconds = json.loads(installed.run("in_process", str(installed.records), installed.key))
    medians = {name: percentile(spent, 0.5) for name, spent in seconds.items()}
    for name, spent in seconds.items():
        report("lookup", where="in process", what=name, records=installed.records, p50_ms=medians[name], p99_ms=percentile(spent, 0.99))
    report("lookup", where="in process", what="api / bare", ratio=round(medians["api"] / medians["bare"], 2), budget=BUDGET)


def _over_http(installed: Installation, port: int) -> None:
    chosen = random.Random(2)  # noqa: S311  # picks rows, keeps no secret
    medians = {}
    for name, address in (("bare", "/bare/crm/customer/{}"), ("api", "/api/v1/source-records/crm/customer/{}")):
        shares = [
            [Call("GET", address.format(chosen.randrange(installed.records))) for _ in range(CALLS // CLIENTS)] for _ in range(CLIENTS)
        ]
        spent, whole = send_all(port, installed.key, shares)
        medians[name] = percentile(spent, 0.5)
        report(
            "lookup",
            where="http",
            what=name,
            clients=CLIENTS,
            p50_ms=medians[name],
            p99_ms=percentile(spent, 0.99),
            calls_per_second=round(len(spent) / whole),
        )
    report("lookup", where="http", what="api / bare", ratio=round(medians["api"] / medians["bare"], 2), budget=BUDGET)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
