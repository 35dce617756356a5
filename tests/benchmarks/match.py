"""Matching a table of customers, learning included: the engine beside Splink on DuckDB, else beside a floor.

    make benchmark NAME=match [DATA="FILE.parquet ..."] [ROWS=100000] [REPEAT=1] [SIDES="engine peer"]

DATA is a labelled Parquet file (column `cluster`) of customers with the columns kind (O or P), first_name, last_name,
birth_date, org_name, email, phone, street, postcode, city and tax_id; without it, ROWS records are made. Each side runs
in a process of its own, in turns. `engine` and `peer` (Splink) are given the same columns, standardised already, as
they stand in a database; `raw` is the engine on the columns as they are in the file, its own cleaning included. The
floor is a plain plan of equality joins in DuckDB, which learns and clusters nothing.
"""

import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 100_000
SIDES = ("engine", "raw", "peer") if importlib.util.find_spec("splink") else ("engine", "raw", "floor")


def main() -> None:
    """Print a line per side: medians of the repetitions."""
    with tempfile.TemporaryDirectory(prefix="mdm-match-") as folder:
        paths = (os.environ.get("DATA") or str(made(Path(folder) / "customers.parquet", int(os.environ.get("ROWS") or ROWS)))).split()
        for path in paths:
            standard = str(Path(folder) / "standardised.parquet")
            subprocess.run([sys.executable, "-m", "tests.benchmarks.matching.standardised", path, standard], check=True)
            _measure(path, standard)


def _measure(path: str, standard: str) -> None:
    sides = (os.environ.get("SIDES") or " ".join(SIDES)).split()
    found: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for _ in range(int(os.environ.get("REPEAT") or 1)):
        for side in sides:
            found[side].append(_run("engine" if side == "raw" else side, standard if side == "engine" else path))
    for side, figures in found.items():
        medians = {name: round(statistics.median(figure[name] for figure in figures), 4) for name in figures[0]}
        print(json.dumps({"benchmark": "match", "what": side, "file": Path(path).name} | medians), flush=True)


def _run(side: str, path: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.matching." + side, path]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measured(started: tuple[float, float]) -> dict[str, float]:
    """Give wall and CPU seconds since a start, and the most memory that the process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": time.perf_counter() - started[0], "cpu_seconds": time.process_time() - started[1], "peak_mib": peak}


def now() -> tuple[float, float]:
    """Give wall and CPU seconds."""
    return time.perf_counter(), time.process_time()


def made(path: Path, rows: int) -> Path:
    """Make persons, a third of whom are there twice, the second time with a letter or a field gone."""
    generator = np.random.default_rng(7)
    letters = np.array(list("abdeiklmnorstu"))
    words = ["".join(word) for word in generator.choice(letters, (6_000, 6))]
    person = np.sort(generator.integers(0, rows * 3 // 4, rows))
    draw = {
        field: np.random.default_rng(seed).integers(0, size, rows)[person]
        for seed, (field, size) in enumerate((("first_name", 400), ("last_name", 6_000), ("street", 3_000), ("city", 500)))
    }
    texts = {field: [words[number] for number in numbers] for field, numbers in draw.items()}
    damaged = generator.random(rows) < 0.2
    texts["last_name"] = [word[:-1] if bad else word for word, bad in zip(texts["last_name"], damaged, strict=True)]
    mail = [None if generator.random() < 0.3 else f"{words[one % 6_000]}{one}@mail.example.net" for one in person.tolist()]
    columns: dict[str, list[str | None]] = {
        "kind": ["P"] * rows, "birth_date": [f"{1940 + one % 60}-{one % 12 + 1:02d}-{one % 28 + 1:02d}" for one in person],
        "org_name": [None] * rows, "tax_id": [None] * rows, "email": mail,
        "phone": [f"0{600000000 + one * 7}" for one in person],
        "street": [f"{number % 90 + 1} rue {word}" for number, word in zip(draw["street"], texts["street"], strict=True)],
        "postcode": [f"{10000 + number * 17}" for number in draw["city"]], "first_name": list(texts["first_name"]),
        "last_name": list(texts["last_name"]), "city": list(texts["city"]), "cluster": [str(one) for one in person],
    }  # fmt: skip
    pq.write_table(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), path)
    return path


if __name__ == "__main__":
    main()
