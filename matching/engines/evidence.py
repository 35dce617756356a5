"""The evidence that clusters rest on: of each component that matches would form, all pairs, for and against."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.compared import Compared
from matching.core.components import components
from matching.core.decide import Outcome, decide
from matching.core.declarations import MatchConfig
from matching.core.grades import Rows
from matching.core.links import Edges
from matching.core.model import MatchModel
from matching.core.parallel import each, spans
from matching.core.prepare import Prepared
from matching.core.score import ScoredPairs, score_pairs

VETO_BITS: Final = -15.0
"""What a vetoed pair says when the parts of a cluster are weighed."""
LARGEST_COMPLETED: Final = 3_000
"""Components up to this size have all their pairs scored before they are cut."""
PAIRS_PER_RECORD: Final = 5
FEWEST_RECORDS: Final = 1_000_000
"""How many pairs may be scored for that, per record of a table of at least so many; the largest components go without first."""

_LOOKED_AT_ONCE: Final = 1_000_000
_SCORED_AT_ONCE: Final = 2_000_000
"""Pairs whose weights are in memory at a time. No part of the result."""


def evidence(
    prepared: Prepared, pairs: Compared, found: tuple[NDArray[np.int64], ScoredPairs, NDArray[np.int8]], model: MatchModel
) -> Edges:
    """Give the edges to cluster: of each component that matches would form, all pairs, also those not scored so far.

    `found` says which of the compared pairs are kept, how they score, and with what outcome.
    """
    places, scored, outcome = found
    weight = edge_weights(scored, outcome, model.config)
    joins = places[weight > 0]
    component = components(prepared.size, pairs.left[joins], pairs.right[joins])
    inside = _inside(component, pairs)
    kept = inside[places]
    edges = Edges(pairs.left[places[kept]], pairs.right[places[kept]], weight[kept])
    inside[places] = False
    rest = pairs.at(np.flatnonzero(inside))
    below = _against(rest.left, rest.right, lambda part: rest.at(np.arange(part.start, part.stop)).weighed(prepared, model)[1], model)
    return with_missing(prepared, component, _all_of(edges, below), model)


def _inside(component: Rows, pairs: Compared) -> NDArray[np.bool_]:
    """Say which pairs are of two rows of one component."""

    def of_part(part: slice) -> NDArray[np.bool_]:
        return component[pairs.left[part]] == component[pairs.right[part]]  # type: ignore[no-any-return]

    return np.concatenate(each(of_part, spans(len(pairs.left), _LOOKED_AT_ONCE)))


def with_missing(prepared: Prepared, component: NDArray[np.int32], edges: Edges, model: MatchModel) -> Edges:
    """Add to the edges inside components those of the pairs there that have none yet."""
    left, right = _unscored(component, edges.left, edges.right)
    # A pair that no blocking rule gave is evidence for or against, but joins nothing by itself.
    return _all_of(edges, _against(left, right, lambda part: score_pairs(prepared, prepared, left[part], right[part], model), model))


def _all_of(*parts: Edges) -> Edges:
    return Edges(*(np.concatenate(column) for column in zip(*((some.left, some.right, some.weight) for some in parts), strict=True)))


def _against(left: Rows, right: Rows, score: Callable[[slice], ScoredPairs], model: MatchModel) -> Edges:
    """Give edges that speak against, or not at all."""
    weight = np.empty(len(left))
    for part in spans(len(left), _SCORED_AT_ONCE):
        scored = score(part)
        weight[part] = np.minimum(edge_weights(scored, decide(scored, model), model.config), 0.0)
    return Edges(left, right, weight)


def edge_weights(scored: ScoredPairs, outcome: NDArray[np.int8], config: MatchConfig) -> NDArray[np.float64]:
    """Give what pairs say for clustering: bits beyond the auto threshold, no more than 0 for what is no MATCH."""
    weight: NDArray[np.float64] = scored.weight - np.log2(config.auto_threshold / (1 - config.auto_threshold))
    weight[(outcome != Outcome.MATCH) & (weight > 0)] = 0.0
    weight[scored.vetoes != 0] = VETO_BITS
    return weight


def _unscored(component: NDArray[np.int32], left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Give the pairs of rows of one component that are not among the given ones."""
    size = len(component)
    counts = np.bincount(component)
    cost = np.bincount(counts, counts * (counts - 1) / 2).cumsum()
    largest = int(np.searchsorted(cost, PAIRS_PER_RECORD * max(size, FEWEST_RECORDS), side="right")) - 1
    wanted = (counts > 2) & (counts <= min(largest, LARGEST_COMPLETED))  # noqa: PLR2004 - two rows have one pair
    rows = np.flatnonzero(wanted[component])
    rows = rows[np.argsort(component[rows], kind="stable")]
    group = component[rows]
    sizes = counts[group]
    first = np.searchsorted(group, group)
    after = sizes - (np.arange(len(rows)) - first) - 1
    one = np.repeat(np.arange(len(rows)), after)
    other = one + np.arange(int(after.sum())) - np.repeat(np.cumsum(after) - after, after) + 1
    pairs = rows[one].astype(np.int64) * size + rows[other]
    known = wanted[component[left]]
    fresh = np.setdiff1d(pairs, left[known].astype(np.int64) * size + right[known], assume_unique=True)
    return (fresh // size).astype(np.int32), (fresh % size).astype(np.int32)
