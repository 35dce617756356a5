"""Sorting tricks: what NumPy does too slowly, or not at all."""

import numpy as np
from numpy.typing import NDArray


def sorted_unique(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the distinct numbers in ascending order: by sorting, which is several times as fast as hashing here."""
    ordered = np.sort(numbers)
    return ordered[first_of_runs(ordered)]


def first_of_runs(ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark where a run of equal numbers begins."""
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
