"""Scoring in Spark: both records of each pair brought together, and the one `score_pairs` of all roads."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everywhere

from matching.core.decide import Outcome, confirmed, decide
from matching.core.model import MatchModel
from matching.core.score import score_pairs
from matching.core.seats import share_seat
from matching.engines.evidence import edge_weights
from matching.engines.spark.forms import Batches, form_columns, prepared_of

SCORED: Final = (
    "left long, right long, rules long, weight double, probability double, levels array<short>, weights array<float>, "
    "vetoes long, stratum short, outcome short, edge double"
)
"""`levels` and `weights` (per comparison) of pairs from the review threshold on; `edge` is what the pair says for clustering."""


def scored_pairs(pairs: DataFrame, forms: DataFrame, model: MatchModel) -> DataFrame:
    """Score pairs of ids (`left`, `right`, `rules`) with the match forms of both: see `SCORED` for the columns."""
    names = ["seat", *form_columns(model.config)]
    sides = [forms.select(F.col("id").alias(side), *(F.col(name).alias(f"{side}_{name}") for name in names)) for side in ("left", "right")]
    both = pairs.join(sides[0], "left").join(sides[1], "right")
    columns = ["left", "right", "rules", *(f"{side}_{name}" for side in ("left", "right") for name in names)]
    return both.select(*columns).mapInArrow(_scoring(model), SCORED)


def _scoring(model: MatchModel) -> Batches:
    def score_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield _scored(batch, model)

    return score_batches


def _scored(batch: pa.RecordBatch, model: MatchModel) -> pa.RecordBatch:
    told, size = batch.columns[3:], batch.num_rows
    half = len(told) // 2
    # Both sides under one dictionary, as if they were two rows of one table.
    seats, *forms = (pa.concat_arrays(sides) for sides in zip(told[:half], told[half:], strict=True))
    prepared = prepared_of(forms, model.config)
    rows = np.arange(size, dtype=np.int32)
    scored = score_pairs(prepared, prepared, rows, rows + np.int32(size), model)
    rules = batch["rules"].to_numpy().astype(np.uint32)
    outcome = confirmed(decide(scored, model), rules, model.config)
    outcome[share_seat(seats.to_numpy(), rows, rows + np.int32(size))] = Outcome.NO_MATCH
    shown = scored.probability >= model.config.review_threshold
    return pa.RecordBatch.from_arrays(
        [
            batch["left"], batch["right"], batch["rules"], pa.array(scored.weight), pa.array(scored.probability),
            _lists(scored.levels.astype(np.int16), shown), _lists(scored.weights, shown), pa.array(scored.vetoes.astype(np.int64)),
            pa.array(scored.strata.astype(np.int16)), pa.array(outcome.astype(np.int16)),
            pa.array(edge_weights(scored, outcome, model.config)),
        ],
        ["left", "right", "rules", "weight", "probability", "levels", "weights", "vetoes", "stratum", "outcome", "edge"],
    )  # fmt: skip


def _lists(values: np.ndarray, shown: np.ndarray) -> pa.ListArray:
    """Give a list per row, null where it is not shown."""
    ends = np.where(shown, values.shape[1], 0).cumsum().astype(np.int32)
    offsets = pa.array(np.append(np.int32(0), ends))
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(values[shown]).ravel()), mask=pa.array(~shown))
