"""Sources that have each entity once: two records of such a source are never joined by evidence."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from matching.core.declarations import ClusterPolicy
from matching.core.encode import as_text
from matching.core.links import Cut, Edges, Labels

Seats = NDArray[np.int64]
"""A number per row that the rows of one such source share, -1 for rows of other sources."""
NEVER = -1e14
"""Bits that no evidence outweighs."""


def seats_of(attributes: pa.Table, policy: ClusterPolicy) -> Seats | None:
    """Give the seats of a table's rows by its column `source`; None where the policy names no source, or the table has no such column."""
    if not policy.one_per_source or "source" not in attributes.column_names:
        return None
    found = pc.index_in(as_text(attributes["source"]), value_set=pa.array(policy.one_per_source))
    seats: Seats = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return seats


def share_seat(seats: Seats, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say which pairs of rows are of one such source."""
    shared: NDArray[np.bool_] = (seats[left] == seats[right]) & (seats[left] >= 0)
    return shared


def without_shared(edges: Edges, seats: Seats) -> Edges:
    """Leave out the evidence on pairs of one such source."""
    kept = ~share_seat(seats, edges.left, edges.right)
    return Edges(edges.left[kept], edges.right[kept], edges.weight[kept])


def contested(components: Labels, seats: Seats) -> NDArray[np.bool_]:
    """Say of each row whether two rows of its component are of one such source."""
    rows = np.flatnonzero(seats >= 0)
    pair = components[rows] * (int(seats.max(initial=0)) + 1) + seats[rows]
    _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    found = np.zeros(len(components), np.bool_)
    found[components[rows[count[place] > 1]]] = True
    return found[components]


def kept_apart(components: Labels, seats: Seats, chosen: NDArray[np.bool_]) -> Edges:
    """Give edges that keep apart the chosen rows of one component and one such source, each pair once, the smaller row first."""
    rows = np.flatnonzero(chosen & (seats >= 0))
    group = components[rows] * (int(seats.max(initial=0)) + 1) + seats[rows]
    rows = rows[np.argsort(group, kind="stable")]
    group = np.sort(group)
    place = np.arange(len(rows))
    after = np.searchsorted(group, group, side="right") - place - 1
    one = np.repeat(place, after)
    other = one + np.arange(int(after.sum())) - np.repeat(np.cumsum(after) - after, after) + 1
    return Edges(rows[one].astype(np.int32), rows[other].astype(np.int32), np.full(len(one), NEVER))


def told(cuts: Iterable[Cut], labels: Labels, seats: Seats | None) -> tuple[Cut, ...]:
    """Say of cuts that the evidence explains whether both clusters have a record of one such source."""
    if seats is None:
        return tuple(cuts)
    several = tuple(cuts)
    wanted = {int(labels[row]) for cut in several for row in (cut.left, cut.right)}
    taken: dict[int, set[int]] = {label: set() for label in wanted}
    for row in np.flatnonzero((seats >= 0) & np.isin(labels, list(wanted))).tolist():
        taken[int(labels[row])].add(int(seats[row]))
    return tuple(
        replace(cut, reason="one_per_source")
        if cut.reason == "weak_bridge" and taken[int(labels[cut.left])] & taken[int(labels[cut.right])]
        else cut
        for cut in several
    )
