"""A command of the benchmarks: `PUT` with and without history, events and audit log, and the story of a long life. Prints JSON lines."""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from golden_records import bulk
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import SourceSystem
from golden_records.sources import SourceRecordDraft
from matching import story
from matching.intake import submit_source_record
from tests.benchmarks.serving.firms import firm
from tests.benchmarks.serving.installation import report

ROUNDS = 400
WARM_UP = 40
VERSIONS = 1_000
PAGES = 20
CUSTOMER = entity_type("customer")


@contextmanager
def _without() -> Iterator[None]:
    """Write no history, no event and no audit entry."""

    def bare(work: Any) -> Any:
        return lambda *args, **named: work(*args, **{name: value for name, value in named.items() if name not in {"copy_to", "beside"}})

    with (
        patch.object(bulk, "insert", bare(bulk.insert)),
        patch.object(bulk, "update", bare(bulk.update)),
        patch.object(bulk, "copy", lambda *_: None),
        patch.object(bulk, "insert_noted", lambda *_: None),
    ):
        yield


def main(records: int, key: str) -> None:
    """Measure both."""
    client = Client(SERVER_NAME="localhost")
    spent: dict[str, dict[str, list[float]]] = {}
    for number in range(ROUNDS + WARM_UP):
        for arm, what, source, external in _calls(number, records):
            seconds = _put(client, key, source, external, with_history=arm == "with")
            if number >= WARM_UP:
                spent.setdefault(what, {}).setdefault(arm, []).append(seconds)
    for what, arms in spent.items():
        medians = {arm: 1_000 * statistics.median(seconds) for arm, seconds in arms.items()}
        rounded = {f"{arm}_p50_ms": round(each, 2) for arm, each in medians.items()}
        report("history", what=f"PUT that {what}", ratio=round(medians["with"] / medians["without"], 2), calls=ROUNDS, **rounded)
    _story()


def _calls(number: int, records: int) -> list[tuple[str, str, str, int]]:
    """In turns, so that whatever else the machine does slows both alike; no two calls touch the same customer."""
    arms = ("with", "without") if number % 2 else ("without", "with")
    calls = []
    for place, arm in enumerate(arms):
        calls.append((arm, "links a record to a customer", "erp", (2 * number + place) % records))
        calls.append((arm, "makes a customer", "crm", records + 2 * number + place))
    return calls


def _put(client: Client, key: str, source: str, number: int, *, with_history: bool) -> float:
    body = json.dumps({"attributes": firm(number, source)})
    address, headers = f"/api/v1/source-records/{source}/customer/{number}", {"Authorization": f"Bearer {key}"}

    def send() -> float:
        begun = time.perf_counter()
        answer = client.put(address, data=body, content_type="application/json", headers=headers)
        seconds = time.perf_counter() - begun
        assert answer.status_code in {200, 201}, answer.content
        return seconds

    if with_history:
        return send()
    with _without():
        return send()


def _story() -> None:
    source = SourceSystem.objects.get(code="crm")
    golden_id = None
    for number in range(VERSIONS):
        draft = SourceRecordDraft(CUSTOMER, source, "lived", {**firm(7_000_000, "crm"), "segment": f"S{number}"})
        golden_id = submit_source_record(draft, change=Change(actor="command:benchmark", reason="benchmark")).canonical_id
    assert golden_id is not None
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("benchmark"))
    address = f"/admin/golden_records/goldencustomer/{golden_id}/history/"
    client.get(address)
    seconds = []
    for page in range(PAGES):
        begun = time.perf_counter()
        assert client.get(address, {"page": page + 1}).status_code == 200
        seconds.append(time.perf_counter() - begun)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    with CaptureQueriesContext(connection) as read:
        story.of(CUSTOMER, golden_id, page=1, size=25)
    figures = {"p50_ms": round(1_000 * statistics.median(seconds), 1), "max_ms": round(1_000 * max(seconds), 1)}
    report("history", what="a page of the story", versions=VERSIONS, statements=len(queries), of_the_story=len(read), **figures)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
