"""The files that a run writes: clusters, and the doubtful pairs with both rows' values."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from golden_records.errors import MdmError
from matching.files.notes import notes
from matching.files.pairs import reasons
from matching.files.running import MatchedFiles


class UnwritableFile(MdmError):
    """An output can't be written."""

    code = "unwritable_file"
    title = "The file can't be written"


def clusters_table(matched: MatchedFiles) -> pa.Table:
    """Give a row per record: `file`, `row` (its number there, from 1), `record_id` where the file tells it, `cluster_id`, `confidence`.

    Records of one `cluster_id` are one entity; `confidence` is that of the cluster, 1 where a record is alone.
    """
    together, clusters = matched.together, matched.result.clusters
    _, number = np.unique(clusters.labels, return_inverse=True)
    names = pa.array([file.name for file in matched.files])
    columns = {
        "file": names.take(pa.array(together.file)),
        "row": pa.array(together.number),
        "cluster_id": pa.array(number.ravel() + 1),
        "confidence": pa.array(np.round(clusters.confidence, 6)),
    }
    if together.ids is not None:
        columns = {"file": columns["file"], "row": columns["row"], "record_id": together.ids, **columns}
    return pa.table(columns)


def pairs_table(matched: MatchedFiles) -> pa.Table:
    """Give the doubtful pairs, the most probable first: both rows, `probability`, `reason`, and all values of both.

    Values stand in columns `left_` and `right_` with the column's name.
    """
    pairs, together, chosen = matched.result.pairs, matched.together, matched.doubtful
    names = pa.array([file.name for file in matched.files])
    columns: dict[str, pa.Array] = {}
    for side, rows in (("left", pairs.left[chosen]), ("right", pairs.right[chosen])):
        columns[f"{side}_file"] = names.take(pa.array(together.file[rows]))
        columns[f"{side}_row"] = pa.array(together.number[rows])
    columns["probability"] = pa.array(np.round(pairs.probability[chosen], 6))
    told = zip(reasons(pairs, chosen, matched.result.model), notes(matched, chosen), strict=True)
    columns["reason"] = pa.array(["; ".join(filter(None, words)) for words in told], pa.string())
    for name in together.table.column_names:
        values = [(side, together.table[name].take(rows)) for side, rows in (("left", pairs.left[chosen]), ("right", pairs.right[chosen]))]
        if not len(chosen) or any(column.null_count < len(column) for _, column in values):
            columns |= {_unused(f"{side}_{name}", columns): column for side, column in values}
    return pa.table(columns)


def _unused(name: str, columns: Mapping[str, pa.Array]) -> str:
    return name if name not in columns else _unused(f"{name}_", columns)


def write_table(table: pa.Table, path: Path) -> None:
    """Write Parquet, or CSV where the name ends so; raises `UnwritableFile`."""
    try:
        if path.suffix.lower() == ".csv":
            pyarrow.csv.write_csv(table, path)
        else:
            pq.write_table(table, path)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> UnwritableFile:
    """Make the error for an output that can't be written."""
    return UnwritableFile(f"{path} can't be written: {error.strerror or error}.", remedy="Check the folder and its rights.")
