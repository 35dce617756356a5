"""Running the engine on a labelled file: the labels are taken off first and come back only to score the result."""

import resource
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from golden_records.errors import MdmError
from matching.core.autoconfig import config_for
from matching.core.evaluate import evaluate
from matching.engines.local import match

LABELS: Final = "cluster"
_KIB_PER_MIB: Final = 1024


class UnreadableFile(MdmError):
    """The file is missing or is no Parquet file."""

    code = "unreadable_file"
    title = "The file could not be read"


class NoLabels(MdmError):
    """The file has no column that says which records are one entity."""

    code = "no_labels"
    title = "The file has no labels"


def evaluate_file(path: str | Path, *, entity: str, mapping: Mapping[str, str]) -> dict[str, float | int]:
    """Match a labelled Parquet file and say how right the clusters are, in what time and memory.

    Seconds are those of the engine: the config, learning and clustering included, reading the file and scoring not.
    `peak_mib` is the most memory the process has had. Raises `UnreadableFile`, `NoLabels`, `UnknownAttribute`,
    `UnknownColumn`.
    """
    table, truth = read_labelled(path)
    wall, cpu = time.perf_counter(), time.process_time()
    result = match(table, config_for(table, mapping, entity))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    figures = evaluate(truth, result.clusters.labels, result.candidates.left, result.candidates.right)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB
    rounded = {name: round(value, 6) for name, value in asdict(figures).items()}
    return rounded | {"seconds": round(wall, 3), "cpu_seconds": round(cpu, 3), "peak_mib": round(peak, 1)}


def read_labelled(path: str | Path) -> tuple[pa.Table, NDArray[np.int64]]:
    """Read a labelled file: its records without the labels, and the labels as numbers."""
    if not Path(path).is_file():
        raise UnreadableFile(f"There is no file '{path}'.", remedy="Give the path of a Parquet file.")
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UnreadableFile(f"'{path}' is not a Parquet file.", remedy="Convert it to Parquet first.") from error
    if LABELS not in table.column_names:
        raise NoLabels(f"'{path}' has no column '{LABELS}'.", remedy="Add it: equal values mark records of one entity.")
    labels = table[LABELS].combine_chunks().dictionary_encode()
    truth = pc.fill_null(labels.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    # A record without a label is alone.
    alone = np.flatnonzero(truth < 0)
    truth[alone] = len(labels.dictionary) + np.arange(len(alone))
    return table.drop_columns([LABELS]), truth
