"""One record against 50 candidates, as in the request that brings it: CPU milliseconds per step, beside a floor.

    make benchmark NAME=realtime        or: python -m tests.benchmarks.realtime [REPEAT]

`met_before`: the texts that this process has looked into already: none, those of the candidates (the usual case: a record
comes anew, those like it are known), or all. The floor is rapidfuzz on the 50 names alone, which is one of the fields. Best and
median of REPEAT; Budget: scoring under 1 ms.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

import matching
from matching.core.config import load_config
from matching.core.decide import decide
from matching.core.model import MatchModel, shipped_model
from matching.core.prepare import prepared
from matching.core.prepare_few import forms_of_table
from matching.core.record_keys import record_keys
from matching.core.score import score_pairs
from tests.benchmarks.serving.firms import firm

Result = TypeVar("Result")
CANDIDATES = 50
REPEAT = 200
CONFIGS = Path(matching.__file__).parent / "configs"
BUDGET = {"score": 1.0}


def main(repeat: int) -> None:
    """Print a line per figure."""
    model = shipped_model(load_config(CONFIGS / "customer.yml"), records=1_000_000)
    for place, met_before in enumerate(("nothing", "candidates", "all")):
        spent = []
        for number in range(repeat):
            record, others = _drawn((place * repeat + number) * 1_000)
            for known in {"nothing": [], "candidates": [others.slice(0, 1)], "all": [record]}[met_before]:
                _steps((known, others), model)
            spent.append(_steps((record, others), model))
        for step in spent[0]:
            figure: dict[str, object] = {"benchmark": "realtime", "what": step, "met_before": met_before, "candidates": CANDIDATES}
            figure["cpu_ms"] = round(statistics.median(one[step] for one in spent), 3)
            figure["best_cpu_ms"] = round(min(one[step] for one in spent), 3)
            print(json.dumps(figure | ({"budget": BUDGET[step]} if step in BUDGET else {})), flush=True)


def _drawn(number: int) -> tuple[pa.Table, pa.Table]:
    """Give a record as ERP writes it, and that of CRM with 49 others beside it."""
    others = [firm(number + step, "crm") for step in range(CANDIDATES)]
    return pa.Table.from_pylist([firm(number, "erp")]), pa.Table.from_pylist(others)


def _steps(drawn: tuple[pa.Table, pa.Table], model: MatchModel) -> dict[str, float]:
    record, others = drawn
    spent: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Result]) -> Result:
        since = time.process_time_ns()
        made = work()
        spent[step] = (time.process_time_ns() - since) / 1e6
        return made

    own = timed("prepare one record", lambda: forms_of_table(record, model.config))
    timed("blocking keys", lambda: record_keys(own.of(0), model.config))
    both = timed("prepare with candidates", lambda: prepared(own.below(forms_of_table(others, model.config))))
    left, right = np.zeros(CANDIDATES, np.int32), np.arange(1, both.size, dtype=np.int32)
    scored = timed("score", lambda: score_pairs(both, both, left, right, model))
    timed("decide", lambda: decide(scored, model))
    names = others["legal_name"].to_pylist()
    timed("floor", lambda: cdist([record["legal_name"][0].as_py()], names, scorer=Indel.normalized_similarity))
    return spent


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPEAT)
