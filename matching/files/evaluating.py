"""The use case of scoring: a labelled file is matched without its labels, which say afterwards how right it is."""

import resource
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from matching.core.evaluate import evaluate
from matching.engines.labelled import LABELS, Truth, without_labels
from matching.files.reading import read_file
from matching.files.running import FileOptions, MatchedFiles, Silent, Stages, match_tables

_KIB_PER_MIB: Final = 1024


def match_labelled(*, path: Path, options: FileOptions, labels: str = LABELS, stages: Stages | None = None) -> tuple[MatchedFiles, Truth]:
    """Match a labelled file, and give its labels as numbers; the engine never sees them.

    Raises what `match_files` raises, and `NoLabels`.
    """
    shown = stages or Silent()
    shown.start(f"reading {path.name}")
    read = read_file(path, options.reading, shown.advance)
    table, truth = without_labels(read.table, labels, read.name)
    return match_tables([replace(read, table=table)], options, shown), truth


def figures(matched: MatchedFiles, truth: Truth) -> dict[str, float | int]:
    """Say how right the clusters are, in what time and memory.

    Seconds are those of the engine: the config, learning and clustering included, reading the file and scoring not.
    `peak_mib` is the most memory the process has had.
    """
    result = matched.result
    found = evaluate(truth, result.clusters.labels, result.candidates.left, result.candidates.right)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB
    rounded = {name: round(value, 6) for name, value in asdict(found).items()}
    return rounded | {"seconds": round(matched.seconds, 3), "cpu_seconds": round(matched.cpu_seconds, 3), "peak_mib": round(peak, 1)}
