"""Sorting tricks: what NumPy does too slowly, or not at all."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.int32, np.int64)


def sorted_unique(numbers: NDArray[Number]) -> NDArray[Number]:
    """Give the distinct numbers in ascending order: by sorting, which is several times as fast as hashing here."""
    ordered = np.sort(numbers)
    return ordered[first_of_runs(ordered)]


def first_of_runs(ordered: NDArray[Number]) -> NDArray[np.bool_]:
    """Mark where a run of equal numbers begins."""
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def grouping(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give an order that brings equal keys together, rows ascending within each, and the keys in that order.

    One sort of numbers that hold the upper bits of a key and its place: it reads memory in order, which matters where no
    cache holds the table. Keys are hashes, so that few others share those bits, and only these are sorted whole.
    """
    bits = np.uint64(len(keys).bit_length())
    packed = (keys.view(np.uint64) >> bits << bits) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    upper = packed >> bits
    order = (packed ^ (upper << bits)).view(np.int64)
    ordered = keys[order]
    alike = upper[1:] == upper[:-1]
    muddled = np.flatnonzero(alike & (ordered[1:] != ordered[:-1]))
    if len(muddled):
        run = np.append(0, np.cumsum(~alike))
        places = np.flatnonzero(np.isin(run, run[muddled]))
        order[places] = order[places][np.lexsort((order[places], ordered[places], run[places]))]
        ordered = keys[order]
    return order, ordered
