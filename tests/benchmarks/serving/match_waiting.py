"""A command of the benchmarks: all customers that wait are matched, as a worker does it that is rung for. Prints JSON.

`seconds` are those of the matching, without the start of the process; `waiting` is what still waits, which must be nothing.
"""

import json
import time
from typing import Final

from golden_records.entities import entity_type
from golden_records.models import MatchState
from matching.tasks import match_waiting_records

CUSTOMER: Final = "customer"


def main() -> None:
    """Match, and tell what it took."""
    begun, processor = time.perf_counter(), time.process_time()
    match_waiting_records(CUSTOMER)
    spent = {"seconds": round(time.perf_counter() - begun, 2), "python_cpu_seconds": round(time.process_time() - processor, 2)}
    customer = entity_type(CUSTOMER)
    waiting = customer.records.filter(match_state=MatchState.PENDING).count()
    print(json.dumps({**spent, "waiting": waiting, "golden_records": customer.goldens.count()}))


if __name__ == "__main__":
    main()
