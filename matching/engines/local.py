"""The engine of one machine: a table of attributes in, scored pairs and clusters out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from matching.core.answers import answers_of
from matching.core.blocking import BlockingReport, CandidatePairs, candidate_pairs
from matching.core.cluster import cluster
from matching.core.compared import compared
from matching.core.decide import Outcome, confirmed, decide
from matching.core.declarations import MatchConfig
from matching.core.grades import Rows
from matching.core.links import Clusters, Constraints
from matching.core.memory import DEFAULT_MIB, Memory
from matching.core.model import MatchModel
from matching.core.prepare import Prepared, prepare
from matching.core.refine import refine
from matching.core.seats import seats_of, share_seat
from matching.core.train import train, worthwhile
from matching.engines.evidence import evidence


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
    memory_mib: float = DEFAULT_MIB,
) -> MatchResult:
    """Match the rows of a table with each other; without a model one is learnt from the table itself, and from
    the pairs that people settled.

    The order of the rows is no part of the result: they are taken by the table's `id` column, or by what they hold where
    it has none. Rows in the result are positions in the table as given. Arrays of pairs beyond `memory_mib` go to files.
    """
    clock = _Clock(watch)
    prepared = replace(prepare(attributes, config), memory=Memory(memory_mib))
    order = _order(attributes, prepared)
    clock.lap("prepare")
    constraints = replace(constraints or Constraints(), seats=seats_of(attributes, config.clusters))
    if order is None:
        return _match(prepared, config, model, constraints, clock)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    result = _match(prepared.rows(order), config, model, _moved(constraints, order, place), clock)
    return _moved_back(result, order, place)


def _match(prepared: Prepared, config: MatchConfig, model: MatchModel | None, constraints: Constraints, clock: _Clock) -> MatchResult:
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
    places, scored = pairs.weighed(prepared, model, model.config.review_threshold)
    outcome = confirmed(decide(scored, model), candidates.rules[places], config)
    if constraints.seats is not None:
        outcome[share_seat(constraints.seats, candidates.left[places], candidates.right[places])] = Outcome.NO_MATCH
    clock.lap("score")
    edges = evidence(prepared, pairs, (places, scored, outcome), model)
    clusters = cluster(prepared.size, edges, constraints, config)
    clock.lap("cluster")
    rows = (candidates.left[places], candidates.right[places])
    matched = MatchedPairs(*rows, scored.weight, scored.probability, scored.levels, scored.weights, scored.vetoes, scored.strata, outcome)
    return MatchResult(model, prepared, candidates, matched, clusters, candidates.report, clock.timings)


def _order(attributes: pa.Table, prepared: Prepared) -> NDArray[np.int64] | None:
    """Give the order of the rows by id, or by what they hold where they have none; None where they are in it."""
    if "id" not in attributes.column_names:
        # Rows that hold the same are as good as each other.
        return np.argsort(prepared.fingerprints(), kind="stable")
    order: NDArray[np.int64] = pc.sort_indices(attributes["id"]).to_numpy().astype(np.int64)
    return None if (order[1:] > order[:-1]).all() else order


def _moved(constraints: Constraints, order: NDArray[np.int64], place: NDArray[np.int64]) -> Constraints:
    def moved(pairs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        return tuple((int(place[one]), int(place[other])) for one, other in pairs)

    groups, seats = (None if numbers is None else numbers[order] for numbers in (constraints.groups, constraints.seats))
    return Constraints(moved(constraints.must_link), moved(constraints.cannot_link), groups, seats)


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
