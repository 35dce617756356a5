"""Components: which rows hang together along pairs."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]


def components(size: int, left: Rows, right: Rows) -> Rows:
    """Give each of so many rows the smallest row that it hangs together with along the pairs; a row without a pair is alone.

    In rounds: of two parts that a pair joins, the one called by the larger row takes the other's name. A part grows in
    every second round at least, so that there are few; only rows that have a pair are looked at.
    """
    label = np.arange(size, dtype=np.int32)
    one, other = left, right
    renamed = np.empty(0, np.int32)
    while len(one):
        low, high = np.minimum(one, other), np.maximum(one, other)
        np.minimum.at(label, high, low)
        renamed = np.concatenate([renamed, high])
        _settle(label, renamed)
        one, other = label[low], label[high]
        apart = one != other
        one, other = one[apart], other[apart]
    return label


def _settle(label: Rows, rows: Rows) -> None:
    """Give rows the name of the part that their name was given to, in place, until none changes."""
    names = label[rows]
    while True:
        further = label[names]
        if (further == names).all():
            return
        label[rows] = names = further
