"""Clustering in Spark: whole components, many at a time, handed to the one `cluster` of all roads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everywhere

from matching.core.cluster import cluster
from matching.core.components import components as components_of
from matching.core.links import Clusters, Constraints, Edges
from matching.core.model import MatchModel
from matching.core.prepare import Prepared
from matching.engines.evidence import with_missing
from matching.engines.spark.components import components, settled
from matching.engines.spark.forms import form_columns, prepared_of

_AT_ONCE: Final = 50_000
"""Records of components that one task clusters, about."""
_CUTS: Final = "array<struct<left: long, right: long, weight: double, reason: string>>"
CLUSTERED: Final = f"id long, cluster long, confidence double, cuts {_CUTS}"
EVIDENCE, MUST_LINK, CANNOT_LINK = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Settled:
    """What is settled, by ids: `links` (`left`, `right`, `kind` MUST_LINK or CANNOT_LINK) and `groups` (`id`, `group`).

    Means what `matching.core.cluster.Constraints` means.
    """

    links: DataFrame
    groups: DataFrame


def clustered(scored: DataFrame, forms: DataFrame, settled_facts: Settled, model: MatchModel) -> DataFrame:
    """Give every id its `cluster` (its smallest id), the cluster's `confidence`, and the `cuts` with it on the left.

    The components that positive edges, must-links and groups form are independent of each other: clustering them
    apart gives what clustering all at once gives.
    """
    found = settled(components(_joining(scored, settled_facts)))
    rows = _bucketed(
        found.join(settled_facts.groups, "id", "left").join(forms.select("id", "seat", *form_columns(model.config)), "id"), found
    )
    edges = _bucketed(_inside(scored, found, settled_facts), found)
    made = rows.groupBy("bucket").cogroup(edges.groupBy("bucket")).applyInArrow(_clustering(model), CLUSTERED)
    return forms.select("id").join(made, "id", "left").select(
        "id",
        F.coalesce("cluster", "id").alias("cluster"),
        F.coalesce("confidence", F.lit(1.0)).alias("confidence"),
        F.coalesce("cuts", F.array().cast(_CUTS)).alias("cuts"),
    )  # fmt: skip


def _joining(scored: DataFrame, facts: Settled) -> DataFrame:
    smallest = facts.groups.groupBy("group").agg(F.min("id").alias("left"))
    grouped = facts.groups.join(smallest, "group").select("left", F.col("id").alias("right"))
    linked = facts.links.where(F.col("kind") == MUST_LINK).select("left", "right")
    return scored.where("edge > 0").select("left", "right").unionByName(linked).unionByName(grouped)


def _inside(scored: DataFrame, found: DataFrame, facts: Settled) -> DataFrame:
    """Give the evidence and the links between records of one component."""
    evidence = scored.select("left", "right", F.col("edge").alias("weight"), F.lit(EVIDENCE).alias("kind"))
    every = evidence.unionByName(facts.links.select("left", "right", F.lit(0.0).alias("weight"), "kind"))
    ends = [found.select(F.col("id").alias(side), F.col("component").alias(f"{side}_component")) for side in ("left", "right")]
    both = every.join(ends[0], "left").join(ends[1], "right").where("left_component = right_component")
    return both.select("left", "right", "weight", "kind", F.col("left_component").alias("component"))


def _bucketed(frame: DataFrame, found: DataFrame) -> DataFrame:
    buckets = found.count() // _AT_ONCE + 1
    bucket: Column = F.pmod(F.xxhash64("component"), F.lit(buckets))
    return frame.withColumn("bucket", bucket)


def _clustering(model: MatchModel) -> Callable[[pa.Table, pa.Table], pa.Table]:
    names = form_columns(model.config)

    def cluster_components(rows: pa.Table, edges: pa.Table) -> pa.Table:
        rows = rows.sort_by("id")
        ids = rows["id"].to_numpy()
        prepared = prepared_of([rows[name] for name in names], model.config)
        left, right = (np.searchsorted(ids, edges[side].to_numpy()).astype(np.int32) for side in ("left", "right"))
        kind = edges["kind"].to_numpy()
        scored = kind == EVIDENCE
        known = Edges(left[scored], right[scored], edges["weight"].to_numpy()[scored])
        constraints = Constraints(
            must_link=_pairs(left, right, kind == MUST_LINK),
            cannot_link=_pairs(left, right, kind == CANNOT_LINK),
            groups=rows["group"].fill_null(-1).to_numpy(),
            seats=rows["seat"].to_numpy() if model.config.clusters.one_per_source else None,
        )
        return _told(ids, cluster(len(ids), _evidence(prepared, known, model), constraints, model.config))

    return cluster_components


def _evidence(prepared: Prepared, edges: Edges, model: MatchModel) -> Edges:
    joins = edges.weight > 0
    component = components_of(prepared.size, edges.left[joins], edges.right[joins])
    inside = component[edges.left] == component[edges.right]
    return with_missing(prepared, component, Edges(edges.left[inside], edges.right[inside], edges.weight[inside]), model)


def _pairs(left: NDArray[np.int32], right: NDArray[np.int32], chosen: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(left[chosen].tolist(), right[chosen].tolist(), strict=True))


def _told(ids: NDArray[np.int64], clusters: Clusters) -> pa.Table:
    """Give the clusters by id."""
    cuts: list[list[dict[str, object]]] = [[] for _ in ids]
    for cut in clusters.cuts:
        cuts[cut.left].append({"left": ids[cut.left], "right": ids[cut.right], "weight": cut.weight, "reason": cut.reason})
    kind = pa.list_(pa.struct({"left": pa.int64(), "right": pa.int64(), "weight": pa.float64(), "reason": pa.string()}))
    return pa.table({"id": ids, "cluster": ids[clusters.labels], "confidence": clusters.confidence, "cuts": pa.array(cuts, kind)})
