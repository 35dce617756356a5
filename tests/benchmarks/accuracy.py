"""Labelled sets, each matched by the engine as `manage.py evaluate` does it, beside Splink on DuckDB in the same run.

    make benchmark NAME=accuracy [DATA="FILE.parquet ..."] [REPEAT=3]

Without DATA, the sets of `fixtures/labelled`. Neither side sees a label; the engine is told nothing of a set, while Splink has settings
of its own for each (`tests.benchmarks.matching.peer_labelled`). Figures are medians: pair F1 and B-cubed F1 inside the clusters that come
out, candidate recall, seconds, processor seconds and the most memory. Splink is scored in its clusters at 0.95, its tutorial's threshold.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

SETS: Final = Path(__file__).resolve().parents[2] / "fixtures" / "labelled"
TOLD: Final = ("pairs_precision", "pairs_recall", "pairs_f1", "bcubed_f1", "candidate_recall", "seconds", "cpu_seconds", "peak_mib")
SIDES: Final = {
    "engine": ("manage.py", "evaluate", "{}", "--json"),
    "splink": ("-m", "tests.benchmarks.matching.peer_labelled", "{}"),
}


def main() -> None:
    """Print a line per set and side."""
    for path in (os.environ.get("DATA") or " ".join(map(str, sorted(SETS.glob("*.parquet"))))).split():
        for side, command in SIDES.items():
            runs = [_run([part.format(path) for part in command]) for _ in range(int(os.environ.get("REPEAT") or 3))]
            medians = {name: round(statistics.median(run[name] for run in runs), 4) for name in TOLD if name in runs[0]}
            print(json.dumps({"benchmark": "accuracy", "file": Path(path).name, "what": side} | medians), flush=True)


def _run(command: list[str]) -> dict[str, float]:
    done = subprocess.run([sys.executable, *command], capture_output=True, check=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main()
