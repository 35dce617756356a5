"""Labelled tables: the labels are taken off before matching and come back only to score the result."""

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from golden_records.errors import MdmError

LABELS: Final = "cluster"
Truth = NDArray[np.int64]


class NoLabels(MdmError):
    """The file has no column that says which records are one entity."""

    code = "no_labels"
    title = "The file has no labels"


def read_labelled(path: str | Path) -> tuple[pa.Table, Truth]:
    """Read a labelled Parquet file: its records without the labels, and the labels as numbers. Raises `NoLabels`."""
    return without_labels(pq.read_table(path), LABELS, str(path))


def without_labels(table: pa.Table, column: str, name: str) -> tuple[pa.Table, Truth]:
    """Take the labels off a table: equal values mark records of one entity, a record without a label is alone.

    Raises `NoLabels` where the table, called `name`, has no such column.
    """
    if column not in table.column_names:
        remedy = "Add it, or name another with --labels: equal values mark records of one entity."
        raise NoLabels(f"'{name}' has no column '{column}'.", remedy=remedy)
    labels = table[column].combine_chunks().dictionary_encode()
    truth = pc.fill_null(labels.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = np.flatnonzero(truth < 0)
    truth[alone] = len(labels.dictionary) + np.arange(len(alone))
    return table.drop_columns([column]), truth
