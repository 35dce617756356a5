"""The Spark engine in the place of the local one: the same arguments and the same result, on any master."""

import time
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from matching.core.blocking import CandidatePairs
from matching.core.declarations import MatchConfig
from matching.core.links import Clusters, Constraints, Cut
from matching.core.model import MatchModel
from matching.core.prepare import prepare
from matching.engines.local import MatchedPairs, MatchResult
from matching.engines.spark.clustering import CANNOT_LINK, MUST_LINK, Settled
from matching.engines.spark.records import Matched, match_records
from matching.engines.spark.session import require_java, session


@dataclass(slots=True)
class _Laps:
    timings: dict[str, float] = field(default_factory=dict)
    since: float = field(default_factory=time.perf_counter)

    def __call__(self, name: str) -> None:
        now = time.perf_counter()
        self.timings[name], self.since = now - self.since, now


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each id stands in the table as given."""

    ids: NDArray[np.int64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, ids: NDArray[np.int64]) -> "_Places":
        order = np.argsort(ids, kind="stable")
        return cls(ids[order], order)

    def __call__(self, ids: pa.ChunkedArray) -> NDArray[np.int64]:
        places: NDArray[np.int64] = self.order[np.searchsorted(self.ids, ids.to_numpy())]
        return places


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """Matches as `matching.engines.local.match` does, on a Spark master (`local[2]`, `spark://host:7077`, `yarn`, ...)."""

    master: str

    def __call__(
        self, attributes: pa.Table, config: MatchConfig, *, model: MatchModel | None = None, constraints: Constraints | None = None
    ) -> MatchResult:
        """Match the rows of a table with each other; without a model one is learned from them, or from a sample.

        Rows in the result are positions in the table as given. The table and the result must fit in this process's
        memory; the pairs and their evidence on the way need not.
        """
        if "id" not in attributes.column_names:
            attributes = attributes.append_column("id", pa.array(np.arange(attributes.num_rows)))
        ids = attributes["id"].to_numpy()
        lap = _Laps()
        with session(self.master) as spark:
            lap("start")
            settled = _settled(spark, ids, constraints or Constraints())
            found = match_records(spark.createDataFrame(attributes), config, model=model, settled=settled, watch=lap)
            places = _Places.of(ids)
            clusters = _clusters(found.clusters.toArrow(), places, found.model.config)
            lap("cluster")
            candidates = _candidates(found, places)
            pairs = _pairs(found.pairs.toArrow(), places)
            lap("collect")
        prepared = prepare(attributes, found.model.config)
        lap("prepare")
        return MatchResult(found.model, prepared, candidates, pairs, clusters, found.report, lap.timings)


def on(master: str) -> SparkEngine:
    """Give the engine on a master. Raises `MissingEngine` where there is no Java."""
    require_java()
    return SparkEngine(master)


def _settled(spark: SparkSession, ids: NDArray[np.int64], constraints: Constraints) -> Settled:
    must, cannot = (np.array(pairs, np.int64).reshape(-1, 2) for pairs in (constraints.must_link, constraints.cannot_link))
    both = ids[np.concatenate([must, cannot])]
    kind = np.repeat(np.array([MUST_LINK, CANNOT_LINK], np.int32), [len(must), len(cannot)])
    groups = np.full(len(ids), -1) if constraints.groups is None else constraints.groups
    grouped = np.flatnonzero(groups >= 0)
    return Settled(
        links=spark.createDataFrame(pa.table({"left": both[:, 0], "right": both[:, 1], "kind": kind})),
        groups=spark.createDataFrame(pa.table({"id": ids[grouped], "group": groups[grouped]})),
    )


def _clusters(found: pa.Table, places: _Places, config: MatchConfig) -> Clusters:
    rows, heads = places(found["id"]), places(found["cluster"])
    size = len(places.ids)
    # A label is the smallest row of a cluster as the table was given, which need not be that of the smallest id.
    smallest = np.full(size, size, np.int64)
    np.minimum.at(smallest, heads, rows)
    labels, confidence = np.empty(size, np.int64), np.empty(size)
    labels[rows], confidence[rows] = smallest[heads], found["confidence"].to_numpy()
    cuts = pa.Table.from_struct_array(found["cuts"].combine_chunks().flatten())
    left, right = places(cuts["left"]).tolist(), places(cuts["right"]).tolist()
    told = sorted(zip(left, right, cuts["weight"].to_pylist(), cuts["reason"].to_pylist(), strict=True))
    alarms = np.flatnonzero(np.bincount(labels, minlength=size) > config.clusters.size_alarm)
    return Clusters(labels, confidence, tuple(Cut(*cut) for cut in told), tuple(alarms.tolist()))


def _candidates(found: Matched, places: _Places) -> CandidatePairs:
    table = found.candidates.select("left", "right", "rules").toArrow()
    left, right, order = _in_order(table, places)
    return CandidatePairs(left, right, table["rules"].to_numpy()[order].astype(np.uint32), found.report)


def _pairs(table: pa.Table, places: _Places) -> MatchedPairs:
    left, right, order = _in_order(table, places)
    table = table.take(order)
    height = max(len(order), 1)
    levels, weights = (table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False) for name in ("levels", "weights"))
    return MatchedPairs(
        left, right, table["weight"].to_numpy(), table["probability"].to_numpy(),
        levels.astype(np.uint8).reshape(len(order), len(levels) // height),
        weights.astype(np.float32).reshape(len(order), len(weights) // height),
        table["vetoes"].to_numpy().astype(np.uint32), table["stratum"].to_numpy().astype(np.uint8),
        table["outcome"].to_numpy().astype(np.int8),
    )  # fmt: skip


def _in_order(table: pa.Table, places: _Places) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Give the rows of both ends, ascending, the smaller on the left, and the order that this takes."""
    one, other = places(table["left"]).astype(np.int32), places(table["right"]).astype(np.int32)
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((high, low))
    return low[order], high[order], order
