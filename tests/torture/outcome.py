"""What a check of the torture is given and gives."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from golden_records.models import RecordState
from tests.torture.ground import CUSTOMER


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    customers: int
    clients: int
    stewards: int
    connections_killed: int
    bulk: int
    worker_kills: int
    broker_losses: int
    orders: int
    order_firms: int


FULL: Final = Scale(
    customers=1_000,
    clients=16,
    stewards=3,
    connections_killed=50,
    bulk=50_000,
    worker_kills=20,
    broker_losses=5,
    orders=20,
    order_firms=300,
)
SHORT: Final = Scale(
    customers=40, clients=4, stewards=1, connections_killed=4, bulk=1_500, worker_kills=2, broker_losses=2, orders=3, order_firms=25
)


@dataclass
class Outcome:
    """What came of a check: how many of what, every offence, and what else is worth knowing."""

    count: str
    offences: list[str] = field(default_factory=list)
    told: str = ""


def homes() -> dict[tuple[str, str], str]:
    """Give the golden record of each active source record, by source and the source's own id; "" for one without."""
    rows = CUSTOMER.records.filter(state=RecordState.ACTIVE).values_list("source__code", "external_id", "golden_id")
    return {(source, external_id): str(golden or "") for source, external_id, golden in rows}


def each_firm_once(numbers: range) -> list[str]:
    """Name the firms whose two records are not together, are missing, or share their golden record with another firm."""
    found = homes()
    wrong = []
    for number in numbers:
        golden = {found.get((source, str(number)), "") for source in ("crm", "erp")}
        if len(golden) != 1 or "" in golden:
            wrong.append(f"firm {number} is in {sorted(golden)}")
    firms: Counter[str] = Counter()
    for golden_id in {(found.get(("crm", str(number))), number) for number in numbers}:
        firms[str(golden_id[0])] += 1
    return wrong + [f"golden record {golden_id} holds {count} firms" for golden_id, count in firms.items() if count > 1]


def told(counts: "Counter[str]") -> str:
    """Say counts in words."""
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
