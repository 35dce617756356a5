"""The engine of one machine: a table of attributes in, scored pairs and clusters out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.core.answers import answers_of
from matching.core.blocking import BlockingReport, CandidatePairs, candidate_pairs
from matching.core.cluster import Clusters, Constraints, Edges, cluster
from matching.core.compared import Compared, compared
from matching.core.decide import Outcome, confirmed, decide
from matching.core.declarations import MatchConfig
from matching.core.grades import Rows
from matching.core.model import MatchModel
from matching.core.prepare import Prepared, prepare
from matching.core.refine import refine
from matching.core.score import ScoredPairs, score_pairs
from matching.core.train import train, worthwhile

VETO_BITS: Final = -15.0
"""What a vetoed pair says when the parts of a cluster are weighed."""
LARGEST_COMPLETED: Final = 3_000
"""Components up to this size have all their pairs scored before they are cut."""
MOST_COMPLETED: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class MatchedPairs:
    """Every scored pair from the review threshold on, ascending by rows."""

    left: Rows
    right: Rows
    weight: NDArray[np.float64]
    probability: NDArray[np.float64]
    levels: NDArray[np.uint8]
    weights: NDArray[np.float32]
    vetoes: NDArray[np.uint32]
    strata: NDArray[np.uint8]
    outcome: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class MatchResult:
    """What a run gives: the model used, the match forms, the pairs, the clusters, and what it cost."""

    model: MatchModel
    prepared: Prepared
    candidates: CandidatePairs
    pairs: MatchedPairs
    clusters: Clusters
    report: BlockingReport
    timings: Mapping[str, float]


Watch = Callable[[str], None]
"""Told the name of each stage of a run when it is done: a name of `MatchResult.timings`."""


class _Clock:
    def __init__(self, watch: Watch | None = None) -> None:
        self.timings: dict[str, float] = {}
        self._watch = watch
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.timings[name] = now - self._since
        if self._watch is not None:
            self._watch(name)
        self._since = now


def match(
    attributes: pa.Table,
    config: MatchConfig,
    *,
    model: MatchModel | None = None,
    constraints: Constraints | None = None,
    watch: Watch | None = None,
) -> MatchResult:
    """Match the rows of a table with each other; without a model one is learnt from the table itself, and from
    the pairs that people settled.

    The order of the rows is no part of the result where the table has an `id` column: rows are taken by id. Rows in
    the result are positions in the table as given.
    """
    order = _by_id(attributes)
    if order is None:
        return _match(attributes, config, model, constraints or Constraints(), _Clock(watch))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    result = _match(attributes.take(order), config, model, _moved(constraints or Constraints(), order, place), _Clock(watch))
    return _moved_back(result, order, place)


def _match(attributes: pa.Table, config: MatchConfig, model: MatchModel | None, constraints: Constraints, clock: _Clock) -> MatchResult:
    prepared = prepare(attributes, config)
    clock.lap("prepare")
    candidates = candidate_pairs(prepared, config)
    clock.lap("block")
    if model is None:
        trained = train(prepared, candidates, config)
        candidates, pairs = trained.pairs, trained.compared
        model = refine(prepared, trained, answers_of(constraints))
        clock.lap("compare and train")
    else:
        candidates = worthwhile(prepared, candidates, model)
        pairs = compared(prepared, (candidates.left, candidates.right), config, model.terms)
        clock.lap("compare")
    places, scored = pairs.doubtful_or_better(prepared, model)
    outcome = confirmed(decide(scored, model), candidates.rules[places], config)
    clock.lap("score")
    edges = evidence(prepared, pairs, (places, scored, outcome), model)
    clusters = cluster(prepared.size, edges, constraints, config)
    clock.lap("cluster")
    rows = (candidates.left[places], candidates.right[places])
    matched = MatchedPairs(*rows, scored.weight, scored.probability, scored.levels, scored.weights, scored.vetoes, scored.strata, outcome)
    return MatchResult(model, prepared, candidates, matched, clusters, candidates.report, clock.timings)


def _by_id(attributes: pa.Table) -> NDArray[np.int64] | None:
    """Give the order of the rows by id; None where they are in it, or have no ids."""
    if "id" not in attributes.column_names:
        return None
    order: NDArray[np.int64] = pc.sort_indices(attributes["id"]).to_numpy().astype(np.int64)
    return None if (order[1:] > order[:-1]).all() else order


def _moved(constraints: Constraints, order: NDArray[np.int64], place: NDArray[np.int64]) -> Constraints:
    def moved(pairs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        return tuple((int(place[one]), int(place[other])) for one, other in pairs)

    groups = None if constraints.groups is None else constraints.groups[order]
    return Constraints(moved(constraints.must_link), moved(constraints.cannot_link), groups)


def _moved_back(result: MatchResult, order: NDArray[np.int64], place: NDArray[np.int64]) -> MatchResult:
    """Tell a result in the rows of the table as given."""
    candidates, pairs, clusters = result.candidates, result.pairs, result.clusters
    left, right, sequence = _moved_pairs(candidates.left, candidates.right, order)
    candidates = CandidatePairs(left, right, candidates.rules[sequence], candidates.report)
    left, right, sequence = _moved_pairs(pairs.left, pairs.right, order)
    rest = {field.name: getattr(pairs, field.name)[sequence] for field in fields(pairs)[2:]}
    smallest = np.full(len(order), len(order), np.int64)
    np.minimum.at(smallest, clusters.labels, order)
    moved = Clusters(
        labels=smallest[clusters.labels][place],
        confidence=clusters.confidence[place],
        cuts=tuple(replace(cut, left=int(order[cut.left]), right=int(order[cut.right])) for cut in clusters.cuts),
        alarms=tuple(int(smallest[label]) for label in clusters.alarms),
    )
    return MatchResult(
        result.model, result.prepared.rows(place), candidates, MatchedPairs(left, right, **rest), moved, result.report,
        result.timings,
    )  # fmt: skip


def _moved_pairs(left: Rows, right: Rows, order: NDArray[np.int64]) -> tuple[Rows, Rows, NDArray[np.int64]]:
    one, other = order[left].astype(np.int32), order[right].astype(np.int32)
    low, high = np.minimum(one, other), np.maximum(one, other)
    sequence = np.lexsort((high, low))
    return low[sequence], high[sequence], sequence


def evidence(
    prepared: Prepared, pairs: Compared, found: tuple[NDArray[np.int64], ScoredPairs, NDArray[np.int8]], model: MatchModel
) -> Edges:
    """Give the edges to cluster: of each component that matches would form, all pairs, also those not scored so far.

    `found` says which of the compared pairs are kept, how they score, and with what outcome.
    """
    places, scored, outcome = found
    threshold = np.log2(model.config.auto_threshold / (1 - model.config.auto_threshold))
    weight = _edge_weights(scored, outcome, threshold)
    joins = places[weight > 0]
    graph = coo_array((np.ones(len(joins), np.int8), (pairs.left[joins], pairs.right[joins])), (prepared.size, prepared.size))
    _, component = connected_components(graph, directed=False)
    inside = component[pairs.left] == component[pairs.right]
    kept = inside[places]
    edges = Edges(pairs.left[places[kept]], pairs.right[places[kept]], weight[kept])
    inside[places] = False
    rest = pairs.at(np.flatnonzero(inside))
    below = _against(rest.left, rest.right, rest.weighed(prepared, model), model)
    more = _unscored(component, np.append(edges.left, below.left), np.append(edges.right, below.right))
    # A pair that no blocking rule gave is evidence for or against, but joins nothing by itself.
    further = _against(*more, score_pairs(prepared, prepared, *more, model), model)
    columns = zip(*((some.left, some.right, some.weight) for some in (edges, below, further)), strict=True)
    return Edges(*(np.concatenate(column) for column in columns))


def _against(left: Rows, right: Rows, scored: ScoredPairs, model: MatchModel) -> Edges:
    threshold = np.log2(model.config.auto_threshold / (1 - model.config.auto_threshold))
    return Edges(left, right, np.minimum(_edge_weights(scored, decide(scored, model), threshold), 0.0))


def _edge_weights(scored: ScoredPairs, outcome: NDArray[np.int8], threshold: float) -> NDArray[np.float64]:
    weight = scored.weight - threshold
    weight[(outcome != Outcome.MATCH) & (weight > 0)] = 0.0
    weight[scored.vetoes != 0] = VETO_BITS
    return weight


def _unscored(component: NDArray[np.int32], left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Give the pairs of rows of one component that are not among the given ones."""
    size = len(component)
    counts = np.bincount(component)
    wanted = (counts > 2) & (counts <= LARGEST_COMPLETED)  # noqa: PLR2004 - two rows have one pair
    rows = np.flatnonzero(wanted[component])
    rows = rows[np.argsort(component[rows], kind="stable")]
    group = component[rows]
    sizes = counts[group]
    first = np.searchsorted(group, group)
    after = sizes - (np.arange(len(rows)) - first) - 1
    if after.sum() > MOST_COMPLETED:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    one = np.repeat(np.arange(len(rows)), after)
    other = one + np.arange(int(after.sum())) - np.repeat(np.cumsum(after) - after, after) + 1
    pairs = rows[one].astype(np.int64) * size + rows[other]
    fresh = np.setdiff1d(pairs, left.astype(np.int64) * size + right, assume_unique=True)
    return (fresh // size).astype(np.int32), (fresh % size).astype(np.int32)
