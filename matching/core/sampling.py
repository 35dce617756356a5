"""Drawing random samples that can be drawn again: which band of probability gives how many pairs, and which pairs these are."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.core.hashing import mix

Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]

BANDS: Final = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0)
"""Edges of the bands that samples are drawn from: closest where nearly all matches are, for that is where a mistake is rare and dear."""
BANDS_APART: Final = (0.0, 0.001, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.0)
"""Edges of the bands of what was left apart. Of the lowest nothing is drawn (a cut-off): nearly all pairs are there, and hardly a match."""
_NO_MEASURE: Final = 1e-9
_FEWEST: Final = 2
"""Pairs drawn of a band that has them: of one alone nobody can say how much its answers vary."""


def band_of(probability: Shares, edges: Sequence[float] = BANDS) -> Numbers:
    """Give the number of the band of each probability; one on an edge belongs to the band above it, but 1 to the last."""
    found: Numbers = np.clip(np.searchsorted(np.asarray(edges), probability, side="right") - 1, 0, len(edges) - 2)
    return found


def allocate(available: Numbers, size: int, measure: Shares | None = None) -> Numbers:
    """Say how many to draw of each band, of `available` pairs each: `size` together, or all where there are no more.

    In proportion to the square root of what there is (power allocation, Bankier 1988): a band of few pairs gives enough to be told by
    itself, and the one of most pairs, on which the whole figure hangs, still gives most. `measure` says how much of what matters each
    band holds, where that is not the number of its pairs.
    """
    measured = available if measure is None else measure
    size = min(size, int(available.sum()))
    drawn = np.zeros(len(available), np.int64)
    first = np.minimum(available, _FEWEST)
    if first.sum() <= size:
        drawn = first.copy()
    while (left := size - int(drawn.sum())) > 0:
        room = available - drawn
        power = np.where(room > 0, np.sqrt(np.maximum(measured, _NO_MEASURE)), 0.0)
        more = np.minimum(np.floor(left * power / power.sum()).astype(np.int64), room)
        if not more.any():
            # What is left is less than the bands: one each, to those of most pairs first.
            order = np.argsort(-power, kind="stable")
            more[order[: min(left, int((room > 0).sum()))]] = 1
        drawn += more
    return drawn


def draw(left: NDArray[np.integer[Any]], right: NDArray[np.integer[Any]], number: int, seed: int) -> Numbers:
    """Give the places of `number` pairs drawn at random: those of the smallest random numbers, which follow from the ids and the seed.

    So the order of the pairs is no part of the result, and pairs that come or go do not change which of the others are drawn first.
    """
    order: Numbers = np.lexsort((right, left, _scattered(left, right, seed)))[:number].astype(np.int64)
    return np.sort(order)


def _scattered(left: NDArray[np.integer[Any]], right: NDArray[np.integer[Any]], seed: int) -> NDArray[np.uint64]:
    """Give a number for each pair that looks random."""
    found = np.full(len(left), seed & (2**64 - 1), np.uint64)
    for part in (left, right):
        found = mix(found ^ part.astype(np.int64).astype(np.uint64))
    return found
