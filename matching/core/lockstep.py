"""Joining along the strongest edges first in many small components at once: the same steps in each, as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Weighed pairs of rows of the same component: `low` < `high`, each pair once."""

    low: Labels
    high: Labels
    weight: NDArray[np.float64]


def join_in_lockstep(components: Labels, pairs: Pairs, bridge: float) -> tuple[Labels, NDArray[np.int64]]:
    """Join rows along positive pairs, the strongest first, where the mean weight between the two parts is above `bridge`.

    `components` has a number per row, the same for rows that may be joined. Gives the smallest row of each row's
    cluster, and the positive pairs (places) whose rows stay apart. Memory: components x their size squared.
    """
    size = np.bincount(components, minlength=len(components))[components]
    labels = np.arange(len(components))
    apart = [np.empty(0, np.int64)]
    for width in np.unique(size[pairs.low]).tolist():
        alike = np.flatnonzero(size == width)
        rows = alike[np.argsort(components[alike], kind="stable")].reshape(-1, width)
        chosen = np.flatnonzero(size[pairs.low] == width)
        part, refused = _join(rows, chosen, pairs, bridge)
        labels[rows] = np.take_along_axis(rows, part, axis=1)
        apart.append(refused)
    return labels, np.sort(np.concatenate(apart))


def _join(rows: Labels, chosen: NDArray[np.int64], pairs: Pairs, bridge: float) -> tuple[Labels, NDArray[np.int64]]:
    """Join components of one size (rows: components x size); give each place's part and the pairs that stay apart."""
    count, width = rows.shape
    where, place = np.empty(int(rows.max()) + 1, np.int64), np.empty(int(rows.max()) + 1, np.int64)
    where[rows], place[rows] = np.arange(count)[:, None], np.arange(width)
    which, one, other = where[pairs.low[chosen]], place[pairs.low[chosen]], place[pairs.high[chosen]]
    total, number = np.zeros((count, width, width)), np.zeros((count, width, width))
    for first, second in ((one, other), (other, one)):
        total[which, first, second], number[which, first, second] = pairs.weight[chosen], 1
    part = np.tile(np.arange(width), (count, 1))
    positive = np.flatnonzero(pairs.weight[chosen] > 0)
    # Strongest first within each component; of equally strong pairs the one of smaller rows.
    order = positive[np.lexsort((other[positive], one[positive], -pairs.weight[chosen][positive], which[positive]))]
    turn = np.arange(len(order)) - np.searchsorted(which[order], which[order])
    for step in range(int(turn.max(initial=-1)) + 1):
        now = order[turn == step]
        _take_turn(part, (total, number), (which[now], one[now], other[now]), bridge)
    refused = positive[part[which[positive], one[positive]] != part[which[positive], other[positive]]]
    return part, chosen[refused]


def _take_turn(
    part: Labels, between: tuple[NDArray[np.float64], NDArray[np.float64]], pair: tuple[Labels, Labels, Labels], bridge: float
) -> None:
    """Join the two parts of one pair in each of some components, where the evidence between them holds."""
    which, one, other = pair
    mine, yours = part[which, one], part[which, other]
    total, number = between
    held = (mine != yours) & (total[which, mine, yours] > bridge * number[which, mine, yours])
    which, keep, gone = which[held], np.minimum(mine, yours)[held], np.maximum(mine, yours)[held]
    for table in between:
        both = table[which, keep] + table[which, gone]
        table[which, keep] = both
        table[which, :, keep] = both
    joined = part[which]
    part[which] = np.where(joined == gone[:, None], keep[:, None], joined)
