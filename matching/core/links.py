"""What clustering starts from and ends with: evidence on pairs, what is settled, clusters and where they were cut."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Edges:
    """Evidence on pairs of rows: `weight` in bits, from 0 for the evidence that just merges; negative speaks against.

    Edges of 0 or less join nothing; they count when the parts of a cluster are weighed.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Constraints:
    """What is settled: pairs that must, and pairs that must not, be together, and existing golden records.

    Rows of the same `groups` number (0 or more) are one existing golden record: they stay together. Rows of different
    groups are never joined. None: no groups. Rows of the same `seats` number (0 or more) are of a source that has each entity once:
    no evidence joins them, though people may.
    """

    must_link: tuple[tuple[int, int], ...] = ()
    cannot_link: tuple[tuple[int, int], ...] = ()
    groups: NDArray[np.int64] | None = None
    seats: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Two clusters kept apart although a pair of theirs would join them, and why."""

    left: int
    right: int
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Clusters:
    """`labels`: the smallest row of each row's cluster. `confidence`: per row, how probable the best link of its cluster's
    worst linked row is (1 where it is alone). `cuts`: what was kept apart. `alarms`: labels of clusters larger than the config allows.
    """

    labels: Labels
    confidence: NDArray[np.float64]
    cuts: tuple[Cut, ...] = ()
    alarms: tuple[int, ...] = field(default=())


def ordered(pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Give each pair once, the smaller row first."""
    return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}


def columns(edges: Edges, chosen: NDArray[np.int64]) -> tuple[list[int], list[int], list[float]]:
    """Give the smaller and the larger row and the weight of some edges."""
    left, right = np.minimum(edges.left, edges.right)[chosen], np.maximum(edges.left, edges.right)[chosen]
    return left.tolist(), right.tolist(), edges.weight[chosen].tolist()
