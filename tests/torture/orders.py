"""One set of records in many orders, in bulk and one by one, by one client or several: in the end the same clusters and values."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from golden_records import sources
from golden_records.models import GoldenState
from golden_records.sources import SourceRecordDraft
from matching import runs
from matching.intake import submit_source_record
from tests.benchmarks.serving.firms import firm
from tests.torture.clients import Call, put, send_all
from tests.torture.ground import CHANGE, CUSTOMER, Ground
from tests.torture.outcome import Outcome, Scale, homes

Sent = tuple[str, str, dict[str, Any]]
Clusters = frozenset[frozenset[tuple[str, str]]]

WAYS: Final = ("one by one", "by 2 clients", "by 4 clients", "in bulk of 7", "in bulk of 100", "half in bulk, half one by one")


def any_order(ground: Ground, scale: Scale) -> Outcome:
    """Each order, and each way of sending, ends in the same clusters with the same values after the sweep."""
    records = _records(scale.order_firms)
    port = ground.start_web()
    before_sweep: list[Clusters] = []
    after_sweep: list[Clusters] = []
    values: list[dict[frozenset[tuple[str, str]], Any]] = []
    for number in range(scale.orders):
        ground.clear()
        shuffled = random.Random(number).sample(records, len(records))
        _send(ground, port, shuffled, WAYS[number % len(WAYS)])
        before_sweep.append(_clusters())
        runs.work_on(runs.start(CUSTOMER, actor="torture").pk)
        after_sweep.append(_clusters())
        values.append(_values())
    offences = [
        f"order {number} ({WAYS[number % len(WAYS)]}) gives {_unlike(clusters, after_sweep[0])} other clusters than order 0"
        for number, clusters in enumerate(after_sweep)
        if clusters != after_sweep[0]
    ]
    offences += [f"order {number} gives other values than order 0" for number, found in enumerate(values) if found != values[0]]
    spread = max(_unlike(clusters, after_sweep[0]) for clusters in before_sweep if len(clusters) > 1 or not clusters)
    words = f"{len(after_sweep[0]):,} clusters; before the sweep at most {spread} differ"
    return Outcome(f"{len(records):,} records, {scale.orders} orders", offences, words)


def _records(firms: int) -> list[Sent]:
    """Give firms as both sources have them, with a third record of some that says little."""
    found: list[Sent] = []
    for number in range(firms):
        found += [(source, str(number), firm(number, source)) for source in ("crm", "erp")]
        if number % 3 == 0:
            known = {name: firm(number, "crm")[name] for name in ("kind", "legal_name", "city", "country", "postcode")}
            found.append(("erp", f"{number}-again", known))
    return found


def _send(ground: Ground, port: int, records: Sequence[Sent], way: str) -> None:
    size = {"in bulk of 7": 7, "in bulk of 100": 100}.get(way)
    clients = {"by 2 clients": 2, "by 4 clients": 4}.get(way)
    if size:
        _in_bulk(ground, records, size)
    elif clients:
        send_all(ground, port, [[_call(record) for record in records[client::clients]] for client in range(clients)])
    elif way == "one by one":
        _one_by_one(ground, records)
    else:
        half = len(records) // 2
        _in_bulk(ground, records[:half], 50)
        runs.work_on(runs.start(CUSTOMER, actor="torture").pk)
        _one_by_one(ground, records[half:])


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


def _clusters() -> Clusters:
    groups: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for key, golden in homes().items():
        groups[golden or f"none of {key}"].add(key)
    return frozenset(frozenset(group) for group in groups.values())


def _values() -> dict[frozenset[tuple[str, str]], Any]:
    """Give the values of each golden record by who belongs to it."""
    members: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for key, golden in homes().items():
        members[golden].add(key)
    rows = CUSTOMER.goldens.filter(state=GoldenState.ACTIVE).values("id", *CUSTOMER.attribute_names)
    return {frozenset(members[str(row.pop("id"))]): row for row in rows}


def _unlike(one: Clusters, other: Clusters) -> int:
    return len(one - other)
