"""From how many records on is Spark worth it? The engine of one machine beside Spark on the same files, learning included.

    make benchmark NAME=spark [ROWS="20000 100000"] [DATA="FILE.parquet ..."] [MASTER=local[*]]

Each engine runs in processes of its own, in turns: seconds from the table in memory to the clusters, CPU seconds and peak
memory of all its processes (for Spark: driver, JVM and Python workers). Files are as for the benchmark `match`. The last
line says where the two cross: by a straight line through the two largest sizes, what each costs per million records, at how
many records Spark is the faster one (null: never, on this machine), and at how many the memory of this machine is full.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pyarrow.parquet as pq

from tests.benchmarks.match import made

SIDES = {"local": "engine", "spark": "on_spark"}
SHOWN = ("seconds", "cpu_seconds", "peak_mib", "candidates", "pairs_f1")
SAMPLED_EVERY_SECONDS = 0.2
TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
MIB = 2**20


def main() -> None:
    """Print a line per size and engine, then where they cross."""
    found: dict[str, dict[int, dict[str, float]]] = {side: {} for side in SIDES}
    with tempfile.TemporaryDirectory(prefix="mdm-spark-benchmark-") as folder:
        rows = [int(size) for size in (os.environ.get("ROWS") or "20000 100000").split()]
        files = (os.environ.get("DATA") or "").split() or [str(made(Path(folder) / f"{size}.parquet", size)) for size in rows]
        for file in files:
            size = pq.read_metadata(file).num_rows
            for side in SIDES:
                found[side][size] = figures = _run(side, file)
                told = {name: round(figures[name], 4) for name in SHOWN} | _stages(figures)
                print(json.dumps({"benchmark": "spark", "what": side, "records": size} | told), flush=True)
    if len(found["local"]) > 1:
        print(json.dumps({"benchmark": "spark", "what": "crossing"} | _crossing(found)), flush=True)


def _run(side: str, file: str) -> dict[str, float]:
    command = [sys.executable, "-m", f"tests.benchmarks.matching.{SIDES[side]}", file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        meter = _Meter(process.pid)
        meter.start()
        told, complaint = process.communicate()
        meter.done.set()
        meter.join()
    if process.returncode:
        raise SystemExit(complaint)
    figures: dict[str, float] = json.loads(told.splitlines()[-1])
    return figures | {"cpu_seconds": meter.cpu_seconds, "peak_mib": meter.peak_mib}


def _stages(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in figures.items() if name.endswith("_seconds") and name not in SHOWN}


def _crossing(found: dict[str, dict[int, dict[str, float]]]) -> dict[str, float | None]:
    per_million: dict[str, tuple[float, float]] = {}
    for side, sizes in found.items():
        (small, one), (large, other) = sorted(sizes.items())[-2:]
        slope = (other["seconds"] - one["seconds"]) / (large - small)
        per_million[side] = slope, other["seconds"] - slope * large
    (local, start), (spark, spark_start) = per_million["local"], per_million["spark"]
    (small, one), (large, other) = sorted(found["local"].items())[-2:]
    growth = (other["peak_mib"] - one["peak_mib"]) / (large - small)
    memory = os.sysconf("SC_PHYS_PAGES") * PAGE / MIB
    return {
        "local_seconds_per_million": round(local * 1e6, 1),
        "spark_seconds_per_million": round(spark * 1e6, 1),
        "spark_faster_from_records": round((spark_start - start) / (local - spark)) if local > spark else None,
        "memory_gib": round(memory / 1024, 1),
        "local_fills_memory_at_records": round(large + (memory - other["peak_mib"]) / growth) if growth > 0 else None,
    }


class _Meter(threading.Thread):
    """Watches a process and all it starts: their CPU seconds, and the most memory that they had together."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.done = threading.Event()
        self.cpu: dict[int, float] = {}
        self.peak_mib = 0.0

    def run(self) -> None:
        """Look every so often, until told that it is done."""
        while not self.done.wait(SAMPLED_EVERY_SECONDS):
            self.peak_mib = max(self.peak_mib, sum(self._look(process) for process in _family(self.process)))

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all processes, those that have ended included, up to the last look."""
        return sum(self.cpu.values())

    def _look(self, process: int) -> float:
        try:
            used = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            pages = int(Path(f"/proc/{process}/statm").read_text(encoding="utf-8").split()[1])
        except OSError:  # it has just ended
            return 0.0
        self.cpu[process] = (int(used[11]) + int(used[12])) / TICKS
        return pages * PAGE / MIB


def _family(process: int) -> list[int]:
    """Give a process and its descendants."""
    try:
        children = [
            int(child)
            for thread in Path(f"/proc/{process}/task").iterdir()
            for child in (thread / "children").read_text(encoding="utf-8").split()
        ]
    except OSError:
        return []
    return [process, *(member for child in children for member in _family(child))]


if __name__ == "__main__":
    main()
