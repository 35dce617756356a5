"""Matching records in Spark: a DataFrame of attributes in, DataFrames of pairs and clusters out, for what no one machine holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everywhere

from matching.core.blocking import BlockingReport
from matching.core.declarations import MatchConfig
from matching.core.links import Constraints
from matching.core.model import MatchModel
from matching.engines import local
from matching.engines.spark.blocking import candidate_pairs
from matching.engines.spark.clustering import CANNOT_LINK, MUST_LINK, Settled, clustered
from matching.engines.spark.forms import with_forms
from matching.engines.spark.promise import worthwhile
from matching.engines.spark.scoring import scored_pairs

LEARN_FROM: Final = 500_000
"""Records that a model is learned from, about: all of them up to here, else a sample by the hash of their ids."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What a run gives, by ids.

    `candidates`: every compared pair (`left` < `right`, `rules` that gave it as bits, `weight`, `probability`; see
    `scoring.SCORED`). `pairs`: those from the review threshold on, with the evidence. `clusters`: `id`, `cluster` (its
    smallest id), `confidence`, `cuts`.
    """

    model: MatchModel
    candidates: DataFrame
    pairs: DataFrame
    clusters: DataFrame
    report: BlockingReport


def match_records(
    records: DataFrame,
    config: MatchConfig,
    *,
    model: MatchModel | None = None,
    settled: Settled | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> Matched:
    """Match records with each other: `id` (unique, long), `source`, and a column per attribute, as for the engine of one machine.

    Without a model one is learned on the driver, from all records or a fixed sample of them (`LEARN_FROM`). `watch` is
    told the name of each stage that is done. With the same model every pair has the same weight, and every record the
    same cluster, as on one machine.
    """
    records = records.persist()
    size = records.count()
    settled = settled or nothing_settled(records)
    if model is None:
        model = learned_model(records, size, config, settled)
        watch("train")
    forms = with_forms(records, model.config).persist()
    pairs, report = worthwhile(*candidate_pairs(forms, size, model.config), forms, model)
    watch("block")
    scored = scored_pairs(pairs, forms, model).persist()
    scored.count()
    watch("score")
    clusters = clustered(scored, forms, settled, model)
    found = scored.where(F.col("probability") >= model.config.review_threshold)
    return Matched(model, scored, found, clusters, report)


def nothing_settled(records: DataFrame) -> Settled:
    """Say that no judgement and no golden record is to be heeded."""
    spark = records.sparkSession
    return Settled(spark.createDataFrame([], "left long, right long, kind int"), spark.createDataFrame([], "id long, group long"))


def learned_model(records: DataFrame, size: int, config: MatchConfig, settled: Settled) -> MatchModel:
    """Learn on the driver, from all of `size` records or a sample of them that depends on their ids alone, and from the links."""
    sample = records
    if size > LEARN_FROM:
        parts = 1_000_000
        sample = records.where(F.pmod(F.xxhash64("id"), F.lit(parts)) < LEARN_FROM * parts // size)
    table = sample.toArrow().sort_by("id")
    ids, links = table["id"].to_numpy(), settled.links.toArrow()
    ends = np.stack([links["left"].to_numpy(), links["right"].to_numpy()], axis=1)
    known = np.isin(ends, ids).all(axis=1)
    rows, kind = np.searchsorted(ids, ends[known]).tolist(), links["kind"].to_numpy()[known].tolist()
    must, cannot = (
        tuple((one, other) for (one, other), told in zip(rows, kind, strict=True) if told == wanted) for wanted in (MUST_LINK, CANNOT_LINK)
    )
    return local.match(table, config, constraints=Constraints(must, cannot)).model
