"""Many clients at once, each a process, and what they were answered together."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from tests.benchmarks.serving.firms import firm
from tests.torture.ground import Ground, last_object

HEAD_START_SECONDS: Final = 0.5

DOUBTFUL: Final = "-doubtful"
"""How the id of a record ends that might be a firm's, and might not."""

Call = tuple[str, str, dict[str, Any]]


@dataclass
class Answers:
    """What all clients together were answered: counts by kind, offences, and the canonical ids that each address gave."""

    counts: "Counter[str]" = field(default_factory=Counter)
    offences: list[str] = field(default_factory=list)
    ids: dict[str, set[str]] = field(default_factory=dict)


def put(source: str, external_id: str, attributes: dict[str, Any]) -> Call:
    """A record as its source sends it."""
    return ("PUT", f"/api/v1/source-records/{source}/customer/{external_id}", {"attributes": attributes})


def put_firm(number: int, source: str) -> Call:
    """A firm as one of two sources has it."""
    return put(source, str(number), firm(number, source))


def put_doubtful(number: int, source: str, *, status: str = "active") -> Call:
    """A record that might be a firm's, and might not: its name and nothing else."""
    known = {name: firm(number, "crm")[name] for name in ("kind", "legal_name", "country")}
    return put(source, f"{number}{DOUBTFUL}", known | {"status": status})


def send_all(ground: Ground, port: int, shares: Sequence[Sequence[Call]], *, meanwhile: Callable[[], None] | None = None) -> Answers:
    """Send each share from a client of its own, all from one moment on; `meanwhile` is called again and again until all are done."""
    start_at = time.time() + HEAD_START_SECONDS
    running = [_client({"port": port, "key": ground.key, "start_at": start_at, "calls": share}) for share in shares]
    # They are read while they run: one whose last words fill the pipe would wait for ever.
    with ThreadPoolExecutor(len(running)) as readers:
        try:
            words = [readers.submit(process.communicate) for process in running]
            while meanwhile is not None and not all(each.done() for each in words):
                meanwhile()
            answers = _answers([each.result()[0] for each in words])
            assert not any(process.returncode for process in running), "a client failed"
            return answers
        finally:
            for process in running:
                process.kill()


def _answers(words: Sequence[str]) -> Answers:
    answers = Answers()
    for said in words:
        told = last_object(said)
        answers.counts.update(told["counts"])
        answers.offences += told["offences"]
        for path, ids in told["ids"].items():
            answers.ids.setdefault(path, set()).update(ids)
    return answers


def _client(plan: dict[str, Any]) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-m", "tests.torture.client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan))
    process.stdin.close()
    process.stdin = None
    return process
