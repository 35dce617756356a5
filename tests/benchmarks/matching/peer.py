"""Splink on DuckDB on the same file, its columns cleaned beforehand, in a process of its own."""

import json
import logging
import sys
from dataclasses import asdict

import duckdb
import numpy as np
import pyarrow as pa
import splink
import splink.comparison_library as cl

from matching.core.autoconfig import config_for
from matching.core.evaluate import evaluate
from matching.core.prepare import prepare
from matching.engines.labelled import read_labelled
from tests.benchmarks.match import measured, now

MATCH = 0.95


def cleaned(table: pa.Table) -> pa.Table:
    """Give the engine's own match forms as columns; organisations have their name where persons have theirs."""
    prepared = prepare(table, config_for(table, {}, "customer"))
    column = {
        name: pa.DictionaryArray.from_arrays(pa.array(found.codes, mask=found.codes < 0), found.values).cast(pa.string())
        for name, found in prepared.columns.items()
        if len(found.values)
    }
    nothing = pa.nulls(table.num_rows, pa.string())
    taken = ("person", "name", "family", "email", "phone", "street", "house", "postcode", "city", "birth_date", "registration_id")
    return pa.table({"id": pa.array(np.arange(table.num_rows))} | {name: column.get(name, nothing) for name in taken})


SHAPED = """
select id, coalesce(name, person) as name, substr(coalesce(family, name, person), 1, 4) as start, email, phone,
  house || ' ' || street as street, postcode, city, coalesce(registration_id, birth_date) as ident from cleaned
"""


def settings() -> splink.SettingsCreator:
    """Compare and block as an engineer would who knows the columns."""
    block = splink.block_on
    return splink.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        blocking_rules_to_generate_predictions=[
            block("email"), block("phone"), block("name", "city"), block("start", "postcode"), block("start", "ident"),
            block("name"), block("start", "city"), block("street", "postcode"),
        ],
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("email", [0.92]), cl.LevenshteinAtThresholds("phone", [1]),
            cl.JaroWinklerAtThresholds("street", [0.92, 0.8]), cl.LevenshteinAtThresholds("postcode", [1]),
            cl.LevenshteinAtThresholds("ident", [1]),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )  # fmt: skip


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    table, truth = read_labelled(sys.argv[1])
    connection = duckdb.connect()
    connection.register("cleaned", cleaned(table))
    connection.sql(f"create table shaped as {SHAPED}")
    started = now()
    linker = splink.Linker(splink.DuckDBAPI(connection=connection).register("shaped"), settings(), log_level=40)
    train = linker.training
    train.estimate_probability_two_random_records_match([splink.block_on("email", "name")], recall=0.6)
    train.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for fields in (("email",), ("start", "postcode")):
        train.estimate_parameters_using_expectation_maximisation(splink.block_on(*fields))
    pairs = linker.inference.predict(threshold_match_probability=0.01)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=MATCH)
    found = clusters.as_duckdbpyrelation().select("id", "cluster_id").arrow().read_all()
    cost = measured(started)
    labels = np.empty(table.num_rows, np.int64)
    labels[found["id"].to_numpy()] = found["cluster_id"].to_numpy()
    scored = connection.sql(f"select id_l, id_r from {pairs.physical_name}").arrow().read_all()
    left, right = (scored[name].to_numpy().astype(np.int32) for name in ("id_l", "id_r"))
    print(json.dumps(cost | asdict(evaluate(truth, labels, left, right))))
