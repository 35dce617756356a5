"""A command of the benchmarks: what a look-up costs inside one process, beside a bare view, without any HTTP server between."""

import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

ROUNDS = 4_000
WARM_UP = 300

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def measure(records: int, key: str) -> dict[str, list[float]]:
    """Give the seconds of each call, of the API and of the bare view, taken in turns so that both meet the same machine."""
    application: Application = get_wsgi_application()
    addresses = {"api": "/api/v1/source-records/crm/customer/{}", "bare": "/bare/crm/customer/{}"}
    seconds: dict[str, list[float]] = {name: [] for name in addresses}
    chosen = random.Random(1)  # noqa: S311  # picks rows, keeps no secret
    for number in range(ROUNDS + WARM_UP):
        external_id = chosen.randrange(records)
        for name, address in addresses.items():
            environ = (
                RequestFactory(SERVER_NAME="localhost").get(address.format(external_id), headers={"Authorization": f"Bearer {key}"}).environ
            )
            spent = _timed(application, environ)
            if number >= WARM_UP:
                seconds[name].append(spent)
    return seconds


def _timed(application: Application, environ: dict[str, Any]) -> float:
    statuses: list[str] = []
    begun = time.perf_counter()
    response = application(environ, lambda status, _headers: statuses.append(status))
    body = b"".join(response)
    response.close()
    spent = time.perf_counter() - begun
    assert statuses == ["200 OK"], (statuses, body)
    return spent


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2])))
