"""Clusters that grow pair by pair, where something is settled about their rows."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.links import Constraints, Cut, Edges, Labels, columns, ordered

_NONE: Final[frozenset[int]] = frozenset()


class Parts:
    """Disjoint sets of rows that grow together, with the summed evidence between each two of them."""

    def __init__(self, start: Labels, constraints: Constraints) -> None:
        self.parent = start.copy()
        self.between: dict[int, dict[int, list[float]]] = {}
        self.forbidden: dict[int, set[int]] = {}
        groups = constraints.groups
        self.group: dict[int, int] = {} if groups is None else {int(row): int(groups[row]) for row in np.flatnonzero(groups >= 0)}
        seats = constraints.seats
        self.seats: dict[int, set[int]] = {}
        if seats is not None:
            for row in np.flatnonzero(seats >= 0).tolist():
                self.seats.setdefault(int(start[row]), set()).add(int(seats[row]))

    def find(self, row: int) -> int:
        """Give the row by which the part of a row is called."""
        parent = self.parent
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    def settle(self, constraints: Constraints) -> None:
        """Join what must be together and note what must not; where the two contradict, apart wins."""
        for one, other in sorted(ordered(constraints.cannot_link)):
            self.forbidden.setdefault(one, set()).add(other)
            self.forbidden.setdefault(other, set()).add(one)
        first: dict[int, int] = {}
        for row, group in list(self.group.items()):
            anchor = first.setdefault(group, row)
            if anchor != row and not self.barred(self.find(anchor), self.find(row)):
                self.join(self.find(anchor), self.find(row))
        for one, other in sorted(ordered(constraints.must_link)):
            left, right = self.find(one), self.find(other)
            if left != right and not self.barred(left, right):
                self.join(left, right)

    def barred(self, one: int, other: int) -> str | None:
        """Say why two parts may not be joined, or None."""
        if other in self.forbidden.get(one, ()):
            return "cannot_link"
        mine, yours = self.group.get(one), self.group.get(other)
        return "two_golden_records" if mine is not None and yours is not None and mine != yours else None

    def taken(self, one: int, other: int) -> str | None:
        """Say where both parts have a record of a source that has each entity once; people may join them all the same."""
        return "one_per_source" if self.seats.get(one, _NONE) & self.seats.get(other, _NONE) else None

    def join(self, one: int, other: int) -> None:
        """Make two parts one, called by its smallest row."""
        keep, gone = (one, other) if one < other else (other, one)
        self.parent[gone] = keep
        if gone in self.seats:
            self.seats.setdefault(keep, set()).update(self.seats.pop(gone))
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

    def agglomerate(self, edges: Edges, weighed: NDArray[np.int64], bridge: float) -> tuple[Cut, ...]:
        """Join along the strongest edges first, while the mean evidence between the two parts allows."""
        low, high = np.minimum(edges.left, edges.right)[weighed], np.maximum(edges.left, edges.right)[weighed]
        order = weighed[np.lexsort((high, low, -edges.weight[weighed]))]
        self._note(edges, order)
        cuts: dict[tuple[int, int], tuple[float, str]] = {}
        for one, other, weight in zip(*columns(edges, order[edges.weight[order] > 0]), strict=True):
            left, right = self.find(one), self.find(other)
            if left == right:
                continue
            total, count = self.between[left][right]
            reason = self.barred(left, right) or self.taken(left, right) or ("weak_bridge" if total / count <= bridge else None)
            if reason is None:
                self.join(left, right)
            else:
                cuts.setdefault((one, other), (weight, reason))
        return tuple(
            Cut(one, other, weight, reason) for (one, other), (weight, reason) in cuts.items() if self.find(one) != self.find(other)
        )

    def _note(self, edges: Edges, order: NDArray[np.int64]) -> None:
        for one, other, weight in zip(*columns(edges, order), strict=True):
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
