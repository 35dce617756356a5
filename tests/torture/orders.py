"""One set of records in many orders, in bulk and one by one, by one client or several: in the end the same clusters and values."""

import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.db import transaction

from golden_records import sources
from golden_records.models import GoldenState
from golden_records.sources import SourceRecordDraft
from matching import runs
from matching.intake import submit_source_record
from tests.benchmarks.serving.firms import firm
from tests.matching.joining import published_are_joined
from tests.torture.clients import Call, put, send_all
from tests.torture.ground import CHANGE, CUSTOMER, Ground
from tests.torture.outcome import Outcome, Scale, homes

Sent = tuple[str, str, dict[str, Any]]
Key = tuple[str, str]
Values = dict[frozenset[Key], dict[str, Any] | None]


@dataclass(frozen=True)
class Way:
    """How records come: in bulk of a size and matched by so many workers, or one by one by so many clients; the rest after a run."""

    name: str
    bulk: int = 0
    workers: int = 0
    clients: int = 0
    run_after: float = 0.0


WAYS: Final = (
    Way("one by one"),
    Way("in bulk of 7, 1 worker", bulk=7, workers=1),
    Way("by 2 clients", clients=2),
    Way("in bulk of 100, 2 workers", bulk=100, workers=2),
    Way("by 4 clients", clients=4),
    Way("in bulk of 30, 4 workers", bulk=30, workers=4),
    Way("half in bulk and a run, half one by one", bulk=50, run_after=0.5),
)


def any_order(ground: Ground, scale: Scale) -> Outcome:
    """Each order, and each way of sending, ends after the sweep in the clusters and values of all records matched in one batch."""
    records = _records(scale.order_firms)
    port = ground.start_web()
    with pytest.MonkeyPatch.context() as patched, published_are_joined(patched, ground.folder):
        _in_bulk(ground, records, 500)
        batch = _swept()
        offences: list[str] = []
        unlike: dict[str, int] = {}
        for number in range(scale.orders):
            way = WAYS[number % len(WAYS)]
            ground.clear()
            _send(ground, port, random.Random(number).sample(records, len(records)), way)
            unlike[way.name] = max(unlike.get(way.name, 0), len(batch.keys() - _values().keys()))
            after = _swept()
            if after != batch:
                clusters, values = len(batch.keys() ^ after.keys()), sum(after.get(key) != value for key, value in batch.items())
                offences.append(
                    f"order {number} ({way.name}): {clusters} clusters are others than in one batch, {values} have other values"
                )
    before = ", ".join(f"{count} {name}" for name, count in sorted(unlike.items()))
    words = f"{len(batch):,} clusters with `published: join`; of them, not there before the sweep, at most: {before}"
    return Outcome(f"{len(records):,} records, {scale.orders} orders, {len(WAYS)} ways", offences, words)


def _swept() -> Values:
    runs.work_on(runs.start(CUSTOMER, actor="torture").pk)
    return _values()


def _records(firms: int) -> list[Sent]:
    """Give firms as both sources have them. Of some there is a record that says little; of others, two that only a third one joins."""
    found: list[Sent] = []
    little = ("kind", "legal_name", "city", "country", "postcode")
    contact = ("kind", "legal_name", "email", "address_lines", "city")
    for number in range(firms):
        found += [(source, str(number), firm(number, source)) for source in ("crm", "erp")]
        crm, erp = firm(number, "crm"), firm(number, "erp")
        if number % 3 == 0:
            found.append(("erp", f"{number}-again", {name: crm[name] for name in little}))
        if number % 3 == 1:
            found.append(("crm", f"{number}-number", {name: crm[name] for name in ("kind", "registration_id", "country")}))
            found.append(("erp", f"{number}-contact", {name: erp[name] for name in contact}))
    return found


def _send(ground: Ground, port: int, records: Sequence[Sent], way: Way) -> None:
    first = records[: int(len(records) * (way.run_after or 1))]
    if way.clients:
        send_all(ground, port, [[_call(record) for record in records[client :: way.clients]] for client in range(way.clients)])
    elif way.bulk:
        _in_bulk(ground, first, way.bulk)
        _by_workers(way.workers)
    else:
        _one_by_one(ground, first)
    if way.run_after:
        _swept()
        _one_by_one(ground, records[len(first) :])


def _by_workers(count: int) -> None:
    running = [subprocess.Popen([sys.executable, "-m", "tests.torture.matcher"]) for _ in range(count)]
    assert all(process.wait() == 0 for process in running), "a worker failed"


def _call(record: Sent) -> Call:
    method, path, body = put(*record)
    return method, path, body | {"source_updated_at": _changed(record).isoformat()}


def _in_bulk(ground: Ground, records: Sequence[Sent], size: int) -> None:
    for start in range(0, len(records), size):
        with transaction.atomic():
            sources.store(CUSTOMER, [sources.understand(_draft(ground, record)) for record in records[start : start + size]], change=CHANGE)


def _one_by_one(ground: Ground, records: Sequence[Sent]) -> None:
    for record in records:
        submit_source_record(_draft(ground, record), change=CHANGE)


def _draft(ground: Ground, record: Sent) -> SourceRecordDraft:
    source, external_id, attributes = record
    return SourceRecordDraft(CUSTOMER, ground.sources[source], external_id, attributes, source_updated_at=_changed(record))


def _changed(record: Sent) -> datetime:
    """Give when the source changed the record last: without that, the order of arrival rightly decides between two values."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=sum(map(ord, record[0] + record[1])))


def _values() -> Values:
    """Give the values of each golden record by who belongs to it; those that wait without one stand alone, without values."""
    members: dict[str, set[Key]] = defaultdict(set)
    for key, golden in homes().items():
        members[golden or f"none of {key}"].add(key)
    rows = CUSTOMER.goldens.filter(state=GoldenState.ACTIVE).values("id", *CUSTOMER.attribute_names)
    values = {str(row.pop("id")): row for row in rows}
    return {frozenset(keys): values.get(golden_id) for golden_id, keys in members.items()}
