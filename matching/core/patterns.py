"""Distinct patterns of levels and how many pairs have each: what learning works on, however many pairs there are."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COUNTED_BY_PLACE: Final = 1 << 24
"""Possible patterns up to which they are counted in an array with a place for each."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct rows of levels (patterns x comparisons), the stratum of each, and how many pairs have it."""

    levels: NDArray[np.uint8]
    counts: NDArray[np.float64]
    strata: NDArray[np.uint8]

    def of(self, stratum: int) -> "Patterns":
        """Give the patterns of a stratum. Stratum 0 has all: it serves pairs whose kind is not known or not the same."""
        chosen = self.strata == stratum if stratum else np.ones(len(self.strata), np.bool_)
        return Patterns(self.levels[chosen], self.counts[chosen], self.strata[chosen])


def count_patterns(
    levels: NDArray[np.uint8], strata: NDArray[np.uint8], sizes: NDArray[np.int64], counts: NDArray[np.float64] | None = None
) -> Patterns:
    """Count the distinct rows of levels; `sizes` is how many levels each comparison has, the missing one included.

    `counts` says how many pairs each row stands for where that is not one.
    """
    number = strata.astype(np.int64)
    for place, size in enumerate(sizes.tolist()):
        number *= size
        number += levels[:, place]
    space = int(np.prod(sizes.astype(object))) * (int(strata.max(initial=0)) + 1)
    if space <= COUNTED_BY_PLACE:
        every = np.bincount(number, counts, minlength=1).astype(np.float64)
        distinct = np.flatnonzero(every)
        found = every[distinct]
    else:
        # By hashing: there are few distinct patterns, and sorting all pairs for them takes long.
        encoded = pa.array(number).dictionary_encode()
        distinct = encoded.dictionary.to_numpy()
        order = np.argsort(distinct)
        found = np.bincount(encoded.indices.to_numpy(), counts, minlength=len(distinct)).astype(np.float64)[order]
        distinct = distinct[order]
    rows = np.empty((len(distinct), len(sizes)), np.uint8)
    for place in range(len(sizes) - 1, -1, -1):
        distinct, rows[:, place] = np.divmod(distinct, sizes[place])
    return Patterns(rows, found, distinct.astype(np.uint8))
