"""Clustering: which records are one entity, given the evidence on pairs and what people and vetoes say."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from matching.core.components import components as components_of
from matching.core.declarations import MatchConfig
from matching.core.links import Clusters, Constraints, Cut, Edges, Labels, columns, ordered
from matching.core.lockstep import Pairs, join_in_lockstep
from matching.core.parts import Parts
from matching.core.seats import NEVER, contested, kept_apart, told, without_shared

DENSE_FROM, DENSE_TO = 20, 5_000
"""Sizes of components that are weighed as a matrix."""
TIE: Final = 1e-6
"""Bits that the mean must be above the bridge, so that rounding decides nothing."""
SETTLED: Final = 1e7
"""Bits that outweigh all evidence in a component."""
CERTAIN: Final = 100.0
"""Bits that stand for a must-link."""


def cluster(n: int, edges: Edges, constraints: Constraints, config: MatchConfig) -> Clusters:
    """Join rows along positive edges, the strongest first, while the evidence between the parts holds on the whole.

    Two parts are joined when the mean weight of the scored pairs between them is above the config's weak bridge, no
    cannot-link stands between them and they are not two existing golden records. Deterministic: neither the order of
    the edges nor which side is left matters; of equally strong edges the one between smaller rows comes first.
    """
    seats = constraints.seats
    edges = edges if seats is None else without_shared(edges, seats)
    components, doubtful = _components(n, edges, constraints)
    if seats is not None:
        doubtful |= contested(components, seats)
    settled = _settled(components, constraints)
    # Where nothing speaks against joining a whole component, there is nothing to weigh: nearly always.
    weighed = doubtful | settled
    (asked,) = weighed.nonzero()
    start = components.copy()
    start[asked] = asked
    sizes = np.zeros(n, np.int64)
    sizes[asked] = np.bincount(components[asked], minlength=n)[components[asked]]
    large = weighed & (sizes >= DENSE_FROM) & (sizes <= DENSE_TO)
    for rows, some in _by_component(components, large, edges):
        start[rows] = rows[average_linkage(rows, some, constraints, config.clusters.weak_bridge)]
    cuts = _separated(start, large, edges, constraints)
    small = doubtful & ~settled & (sizes < DENSE_FROM)
    seated = edges if seats is None else _all_of(edges, kept_apart(components, seats, small))
    cuts += _join_small(start, (components, small), seated, config.clusters.weak_bridge)
    parts = Parts(start, constraints)
    parts.settle(constraints)
    weighed &= ~large & ~small
    cuts += parts.agglomerate(edges, np.flatnonzero(weighed[edges.left] & weighed[edges.right]), config.clusters.weak_bridge)
    labels = parts.labels()
    counts = np.bincount(labels, minlength=n)
    alarms = tuple(np.flatnonzero(counts > config.clusters.size_alarm).tolist())
    return Clusters(labels, _confidence(labels, counts, edges, constraints), told(cuts, labels, seats), alarms)


def _all_of(one: Edges, other: Edges) -> Edges:
    left, right = np.concatenate([one.left, other.left]), np.concatenate([one.right, other.right])
    return Edges(left, right, np.concatenate([one.weight, other.weight]))


def _join_small(start: Labels, among: tuple[Labels, NDArray[np.bool_]], edges: Edges, bridge: float) -> tuple[Cut, ...]:
    """Join the rows of small components that nothing is settled about, in place; give what stays apart."""
    components, small = among
    rows = np.flatnonzero(small)
    place = np.cumsum(small) - 1
    inside = np.flatnonzero(small[edges.left] & (components[edges.left] == components[edges.right]))
    low, high = np.minimum(edges.left, edges.right)[inside], np.maximum(edges.left, edges.right)[inside]
    _, number = np.unique(components[rows], return_inverse=True)
    labels, apart = join_in_lockstep(number, Pairs(place[low], place[high], edges.weight[inside]), bridge)
    start[rows] = rows[labels]
    return tuple(Cut(*pair, "weak_bridge") for pair in zip(*columns(edges, inside[apart]), strict=True))


def _by_component(components: Labels, chosen: NDArray[np.bool_], edges: Edges) -> Iterator[tuple[Labels, Edges]]:
    """Give the rows, ascending, and the edges of each component of the chosen rows."""
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return
    rows = rows[np.argsort(components[rows], kind="stable")]
    inside = np.flatnonzero(chosen[edges.left] & (components[edges.left] == components[edges.right]))
    inside = inside[np.argsort(components[edges.left[inside]], kind="stable")]
    labels, first = np.unique(components[rows], return_index=True)
    cuts = np.searchsorted(components[edges.left[inside]], labels)
    for own, some in zip(np.split(rows, first[1:]), np.split(inside, cuts[1:]), strict=True):
        yield own, Edges(edges.left[some], edges.right[some], edges.weight[some])


def average_linkage(rows: Labels, edges: Edges, constraints: Constraints, bridge: float) -> Labels:
    """Cluster one large component, with its edges, by the mean evidence between its parts (UPGMA; Sokal and Michener 1958).

    Gives for each of the rows (ascending) the place of the first row of its cluster. A pair not scored counts as
    neither for nor against. What is settled weighs more than all evidence, and 'apart' more than 'together'.
    """
    size = len(rows)
    weight = np.full((size, size), bridge)
    _put(weight, np.searchsorted(rows, edges.left), np.searchsorted(rows, edges.right), edges.weight)
    if constraints.seats is not None:
        seat = constraints.seats[rows]
        weight[(seat[:, None] == seat) & (seat >= 0)] = NEVER
    _put(weight, *_places(rows, constraints.must_link), SETTLED)
    if constraints.groups is not None:
        group = constraints.groups[rows]
        grouped = (group[:, None] >= 0) & (group >= 0)
        weight[grouped] = np.where((group[:, None] == group)[grouped], SETTLED, NEVER)
    _put(weight, *_places(rows, constraints.cannot_link), NEVER)
    condensed = weight[np.triu_indices(size, 1)]
    most = condensed.max()
    found = fcluster(linkage(most - condensed, "average"), most - bridge - TIE, "distance")
    first = np.full(int(found.max()) + 1, size)
    np.minimum.at(first, found, np.arange(size))
    result: Labels = first[found]
    return result


def _put(matrix: NDArray[np.float64], one: Labels, other: Labels, value: float | NDArray[np.float64]) -> None:
    matrix[one, other] = value
    matrix[other, one] = value


def _places(rows: Labels, pairs: tuple[tuple[int, int], ...]) -> tuple[Labels, Labels]:
    both = np.array(pairs, np.int64).reshape(-1, 2)
    both = both[np.isin(both, rows).all(axis=1)]
    place = np.searchsorted(rows, both)
    return place[:, 0], place[:, 1]


def _separated(start: Labels, large: NDArray[np.bool_], edges: Edges, constraints: Constraints) -> tuple[Cut, ...]:
    """List the positive edges that a large component was cut at, the strongest of each two clusters."""
    cut = np.flatnonzero(large[edges.left] & (edges.weight > 0) & (start[edges.left] != start[edges.right]))
    cut = cut[np.argsort(-edges.weight[cut], kind="stable")]
    between = np.stack([start[edges.left[cut]], start[edges.right[cut]]], axis=1)
    _, first = np.unique(np.sort(between, axis=1), axis=0, return_index=True)
    apart = ordered(constraints.cannot_link)
    return tuple(
        Cut(one, other, weight, "cannot_link" if (one, other) in apart else "weak_bridge")
        for one, other, weight in zip(*columns(edges, np.sort(cut[first])), strict=True)
    )


def _components(n: int, edges: Edges, constraints: Constraints) -> tuple[Labels, NDArray[np.bool_]]:
    """Give each row the smallest row that it hangs together with, and say whether evidence speaks against its component."""
    joins = edges.weight > 0
    linked = np.array(constraints.must_link, np.int32).reshape(-1, 2)
    left = np.concatenate([edges.left[joins], linked[:, 0]])
    right = np.concatenate([edges.right[joins], linked[:, 1]])
    component = components_of(n, left, right).astype(np.int64)
    doubtful = np.zeros(n, np.bool_)
    (against,) = (~joins).nonzero()
    one, other = component[edges.left[against]], component[edges.right[against]]
    doubtful[one[one == other]] = True
    return component, doubtful[component]


def _settled(components: Labels, constraints: Constraints) -> NDArray[np.bool_]:
    """Say of each row whether anything is settled about its component."""
    rows = np.array(constraints.must_link + constraints.cannot_link, np.int64).ravel()
    found = np.zeros(len(components), np.bool_)
    found[components[rows]] = True
    if constraints.groups is not None:
        found[components[constraints.groups >= 0]] = True
    return found[components]


def _confidence(labels: Labels, counts: Labels, edges: Edges, constraints: Constraints) -> NDArray[np.float64]:
    """Give the probability of the best link of each cluster's worst linked row; 1 for a row alone. `counts` says how many rows
    each cluster has, by its label.
    """
    inside = (labels[edges.left] == labels[edges.right]) & (edges.weight > 0)
    best = np.full(len(labels), -np.inf)
    for rows in (edges.left[inside], edges.right[inside]):
        np.maximum.at(best, rows, edges.weight[inside])
    settled = np.array(constraints.must_link, np.int64).ravel()
    best[settled] = CERTAIN
    if constraints.groups is not None:
        best[constraints.groups >= 0] = CERTAIN
    worst = np.full(len(labels), CERTAIN)
    (linked,) = (counts[labels] > 1).nonzero()
    np.minimum.at(worst, labels[linked], best[linked])
    certainty: NDArray[np.float64] = 1 / (1 + np.exp2(-worst))
    return certainty[labels]
