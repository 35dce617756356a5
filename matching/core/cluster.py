"""Clustering: which records are one entity, given the evidence on pairs and what people and vetoes say."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.core.declarations import MatchConfig

Labels = NDArray[np.int64]
NO_GROUP: Final = -1
CERTAIN: Final = 100.0
"""Bits that stand for a must-link."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Evidence on pairs of rows: `weight` in bits, from 0 for the evidence that just merges; negative speaks against.

    `strong` marks the pairs that may join clusters; all others only count when parts are weighed.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Constraints:
    """What is settled: pairs that must, and pairs that must not, be together, and existing golden records.

    Rows of the same `groups` number (0 or more) are one existing golden record: they stay together. Rows of different
    groups are never joined. None: no groups.
    """

    must_link: tuple[tuple[int, int], ...] = ()
    cannot_link: tuple[tuple[int, int], ...] = ()
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Two clusters kept apart although a pair of theirs would join them, and why."""

    left: int
    right: int
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Clusters:
    """`labels`: the smallest row of each row's cluster. `confidence`: per row, how probable its cluster's weakest join
    is (1 where it is alone). `cuts`: what was kept apart. `alarms`: labels of clusters larger than the config allows."""

    labels: Labels
    confidence: NDArray[np.float64]
    cuts: tuple[Cut, ...] = ()
    alarms: tuple[int, ...] = field(default=())


def cluster(n: int, edges: Edges, constraints: Constraints, config: MatchConfig) -> Clusters:
    """Join rows along positive edges, the strongest first, while the evidence between the parts holds on the whole.

    Two parts are joined when the mean weight of the scored pairs between them is above the config's weak bridge, no
    cannot-link stands between them and they are not two existing golden records. Deterministic: neither the order of
    the edges nor which side is left matters; of equally strong edges the one between smaller rows comes first.
    """
    parts = _Parts(n, constraints)
    parts.settle(constraints)
    easy = _components(n, edges, constraints)
    cuts = parts.agglomerate(edges, easy, config.clusters.weak_bridge)
    labels = parts.labels()
    sizes = np.bincount(labels, minlength=n)
    alarms = tuple(np.flatnonzero(sizes > config.clusters.size_alarm).tolist())
    return Clusters(labels, parts.confidence(labels), cuts, alarms)


def _components(n: int, edges: Edges, constraints: Constraints) -> NDArray[np.bool_]:
    """Say of each edge whether its component needs no weighing: nothing in it speaks against joining all of it."""
    joins = edges.weight > 0
    linked = np.array(constraints.must_link, np.int64).reshape(-1, 2)
    left = np.concatenate([edges.left[joins], linked[:, 0]])
    right = np.concatenate([edges.right[joins], linked[:, 1]])
    number, component = connected_components(coo_array((np.ones(len(left), np.int8), (left, right)), (n, n)), directed=False)
    doubtful = np.zeros(number, np.bool_)
    against = ~joins & (component[edges.left] == component[edges.right])
    doubtful[component[edges.left[against]]] = True
    for one, other in constraints.cannot_link:
        doubtful[component[[one, other]]] = True
    if constraints.groups is not None:
        doubtful[component[constraints.groups >= 0]] = True
    easy: NDArray[np.bool_] = ~doubtful[component[edges.left]] & joins
    return easy


class _Parts:
    """Disjoint sets of rows that grow together, with the summed evidence between each two of them."""

    def __init__(self, n: int, constraints: Constraints) -> None:
        self.parent = np.arange(n, dtype=np.int64)
        self.weakest: dict[int, float] = {}
        self.between: dict[int, dict[int, list[float]]] = {}
        self.forbidden: dict[int, set[int]] = {}
        groups = constraints.groups
        self.group: dict[int, int] = (
            {} if groups is None else {int(row): int(groups[row]) for row in np.flatnonzero(groups >= 0)}
        )

    def find(self, row: int) -> int:
        parent = self.parent
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    def settle(self, constraints: Constraints) -> None:
        """Join what must be together and note what must not; where the two contradict, apart wins."""
        for one, other in sorted(_ordered(constraints.cannot_link)):
            self.forbidden.setdefault(one, set()).add(other)
            self.forbidden.setdefault(other, set()).add(one)
        first: dict[int, int] = {}
        for row, group in list(self.group.items()):
            anchor = first.setdefault(group, row)
            if anchor != row and not self.barred(self.find(anchor), self.find(row)):
                self.join(self.find(anchor), self.find(row), CERTAIN)
        for one, other in sorted(_ordered(constraints.must_link)):
            left, right = self.find(one), self.find(other)
            if left != right and not self.barred(left, right):
                self.join(left, right, CERTAIN)

    def barred(self, one: int, other: int) -> str | None:
        """Say why two parts may not be joined, or None."""
        if other in self.forbidden.get(one, ()):
            return "cannot_link"
        mine, yours = self.group.get(one), self.group.get(other)
        return "two_golden_records" if mine is not None and yours is not None and mine != yours else None

    def join(self, one: int, other: int, weight: float) -> None:
        """Make two parts one, called by its smallest row."""
        keep, gone = (one, other) if one < other else (other, one)
        self.parent[gone] = keep
        self.weakest[keep] = min(self.weakest.get(one, CERTAIN), self.weakest.pop(gone, CERTAIN), weight)
        if gone in self.group:
            self.group.setdefault(keep, self.group.pop(gone))
        for foe in self.forbidden.pop(gone, ()):
            self.forbidden[foe].discard(gone)
            self.forbidden[foe].add(keep)
            self.forbidden.setdefault(keep, set()).add(foe)
        mine = self.between.setdefault(keep, {})
        mine.pop(gone, None)
        for neighbour, (total, count) in self.between.pop(gone, {}).items():
            if neighbour == keep:
                continue
            theirs = self.between[neighbour]
            theirs.pop(gone)
            earlier = mine.get(neighbour, [0.0, 0.0])
            mine[neighbour] = theirs[keep] = [earlier[0] + total, earlier[1] + count]

    def agglomerate(self, edges: Edges, easy: NDArray[np.bool_], bridge: float) -> tuple[Cut, ...]:
        """Join along the easy edges without asking, along the others the strongest first while the mean allows."""
        for one, other, weight in zip(*_columns(edges, easy), strict=True):
            left, right = self.find(one), self.find(other)
            if left != right:
                self.join(left, right, weight)
        hard = np.flatnonzero(~easy)
        order = hard[np.lexsort((np.maximum(edges.left, edges.right)[hard], np.minimum(edges.left, edges.right)[hard],
                                 -edges.weight[hard]))]  # fmt: skip
        self._note(edges, order)
        cuts: dict[tuple[int, int], tuple[float, str]] = {}
        for one, other, weight in zip(*_columns(edges, order[edges.weight[order] > 0]), strict=True):
            left, right = self.find(one), self.find(other)
            if left == right:
                continue
            total, count = self.between[left][right]
            reason = self.barred(left, right) or ("weak_bridge" if total / count <= bridge else None)
            if reason is None:
                self.join(left, right, total / count)
            else:
                cuts.setdefault((one, other), (weight, reason))
        return tuple(
            Cut(one, other, weight, reason)
            for (one, other), (weight, reason) in cuts.items()
            if self.find(one) != self.find(other)
        )

    def _note(self, edges: Edges, order: NDArray[np.int64]) -> None:
        for one, other, weight in zip(*_columns(edges, order), strict=True):
            left, right = self.find(one), self.find(other)
            if left == right:
                continue
            earlier = self.between.setdefault(left, {}).get(right, [0.0, 0.0])
            both = [earlier[0] + weight, earlier[1] + 1]
            self.between[left][right] = both
            self.between.setdefault(right, {})[left] = both

    def labels(self) -> Labels:
        """Give the smallest row of each row's part."""
        labels = self.parent
        while True:
            further = labels[labels]
            if (further == labels).all():
                return labels.copy()
            labels = further

    def confidence(self, labels: Labels) -> NDArray[np.float64]:
        """Give the probability of the weakest join of each row's part."""
        bits = np.full(len(labels), CERTAIN)
        for part, weight in self.weakest.items():
            bits[part] = weight
        return 1 / (1 + np.exp2(-bits[labels]))  # type: ignore[no-any-return]


def _ordered(pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}


def _columns(edges: Edges, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> tuple[list[int], list[int], list[float]]:
    left, right = np.minimum(edges.left, edges.right)[chosen], np.maximum(edges.left, edges.right)[chosen]
    return left.tolist(), right.tolist(), edges.weight[chosen].tolist()
