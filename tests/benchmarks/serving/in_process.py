"""A command of the benchmarks: what a look-up costs inside one process, beside a bare view and psycopg, without an HTTP server."""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

ROUNDS = 4_000
WARM_UP = 300

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def measure(records: int, key: str) -> dict[str, list[float]]:
    """Give the seconds of each call: of the API, of the bare view, and of psycopg alone, in turns so that all meet the same machine."""
    application: Application = get_wsgi_application()
    addresses = {"api": "/api/v1/source-records/crm/customer/{}", "bare": "/bare/crm/customer/{}"}
    seconds: dict[str, list[float]] = {name: [] for name in (*addresses, "psycopg")}
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as raw:
        raw.prepare_threshold = 0
        chosen = random.Random(1)  # noqa: S311  # picks rows, keeps no secret
        for number in range(ROUNDS + WARM_UP):
            external_id = chosen.randrange(records)
            spent = {name: _timed(application, _environ(address.format(external_id), key)) for name, address in addresses.items()}
            spent["psycopg"] = _asked(raw, str(external_id))
            if number >= WARM_UP:
                for name, one in spent.items():
                    seconds[name].append(one)
    return seconds


def _environ(address: str, key: str) -> dict[str, Any]:
    environ: dict[str, Any] = RequestFactory(SERVER_NAME="localhost").get(address, headers={"Authorization": f"Bearer {key}"}).environ
    return environ


def _asked(raw: psycopg.Connection[Any], external_id: str) -> float:
    begun = time.perf_counter()
    row = raw.execute(_QUESTION, [external_id]).fetchone()
    spent = time.perf_counter() - begun
    assert row is not None
    return spent


_QUESTION = (
    "SELECT r.golden_id FROM golden_records_customerrecord r JOIN golden_records_sourcesystem s ON s.id = r.source_id "
    "WHERE s.code = 'crm' AND r.external_id = %s"
)


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
