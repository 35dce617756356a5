"""Splink on DuckDB on one of the small labelled sets, with settings that an engineer would give it who has looked at the columns.

Which columns are compared how, and what is blocked on, is as in Splink's own tutorials for `fake_1000` and `febrl3`, and in their manner
for the others.
"""

import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import splink
import splink.comparison_library as cl

from matching.core.evaluate import evaluate
from matching.engines.labelled import read_labelled
from tests.benchmarks.match import measured, now

CLUSTERS: Final = 0.95
KINDS: Final[Mapping[str, Any]] = {
    "name": cl.NameComparison,
    "email": cl.EmailComparison,
    "exact": lambda column: cl.ExactMatch(column).configure(term_frequency_adjustments=True),
    "one edit": lambda column: cl.LevenshteinAtThresholds(column, 1),
    "two edits": lambda column: cl.LevenshteinAtThresholds(column, [1, 2]),
    "swaps": lambda column: cl.DamerauLevenshteinAtThresholds(column, [1, 2]),
    "words": lambda column: cl.JaroWinklerAtThresholds(column, [0.95, 0.88, 0.8]),
    "day": lambda column: cl.DateOfBirthComparison(column, input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True),
    "set": lambda column: cl.JaccardAtThresholds(column, [0.9, 0.7]),
}


@dataclass(frozen=True)
class Peer:
    """How a set is compared: the kind of each column; blocking rules; pairs that surely match and what share those are; training."""

    kinds: Mapping[str, str]
    blocks: tuple[tuple[str, ...], ...]
    certain: tuple[tuple[str, ...], ...]
    recall: float
    trained_on: tuple[tuple[str, ...], ...]


PEERS: Final[Mapping[str, Peer]] = {
    "fake_1000": Peer(
        kinds={"first_name": "name", "surname": "name", "dob": "one edit", "city": "exact", "email": "email"},
        blocks=(("first_name", "city"), ("surname",), ("dob",)),
        certain=(("first_name", "dob"), ("surname", "dob"), ("email",)),
        recall=0.7,
        trained_on=(("first_name", "surname"), ("dob",)),
    ),
    "febrl3": Peer(
        kinds={
            "given_name": "name", "surname": "name", "date_of_birth": "day", "soc_sec_id": "swaps", "street_number": "exact",
            "postcode": "exact",
        },
        blocks=(("soc_sec_id",), ("given_name",), ("surname",), ("date_of_birth",), ("postcode",)),
        certain=(("soc_sec_id",), ("given_name", "surname", "date_of_birth")),
        recall=0.9,
        trained_on=(("date_of_birth",), ("postcode",)),
    ),
    "restaurants": Peer(
        kinds={"name": "words", "addr": "words", "phone": "two edits", "city": "exact"},
        blocks=(("phone",), ("substr(name, 1, 4)",), ("substr(addr, 1, 8)",)),
        certain=(("phone",), ("name", "city")),
        recall=0.8,
        trained_on=(("phone",), ("name",)),
    ),
    "patstat_nl": Peer(
        kinds={"name": "words", "class": "set", "lat": "exact"},
        blocks=(("substr(name, 1, 4)",), ("lat", "lng", "substr(name, 1, 2)")),
        certain=(("name",),),
        recall=0.6,
        trained_on=(("class",), ("name",)),
    ),
}  # fmt: skip


def _linker(table: pa.Table, peer: Peer) -> Any:
    settings = splink.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="place",
        blocking_rules_to_generate_predictions=[splink.block_on(*block) for block in peer.blocks],
        comparisons=[KINDS[kind](column) for column, kind in peer.kinds.items()],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    connection = duckdb.connect()
    connection.register("given", table.append_column("place", pa.array(np.arange(table.num_rows))))
    connection.sql("create table records as select * from given")
    return splink.Linker(splink.DuckDBAPI(connection=connection).register("records"), settings, log_level=40)


def main(path: str) -> None:
    """Print the figures."""
    logging.disable(logging.WARNING)
    table, truth = read_labelled(path)
    peer = PEERS[Path(path).stem]
    started = now()
    linker = _linker(table, peer)
    train = linker.training
    train.estimate_probability_two_random_records_match([splink.block_on(*rule) for rule in peer.certain], recall=peer.recall)
    train.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in peer.trained_on:
        train.estimate_parameters_using_expectation_maximisation(splink.block_on(*rule))
    pairs = linker.inference.predict()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=CLUSTERS)
    found = clusters.as_duckdbpyrelation().select("place", "cluster_id").arrow().read_all()
    scored = pairs.as_duckdbpyrelation().select("place_l", "place_r").arrow().read_all()
    cost = measured(started)
    labels = np.empty(table.num_rows, np.int64)
    labels[found["place"].to_numpy()] = found["cluster_id"].to_numpy()
    left, right = (scored[name].to_numpy().astype(np.int32) for name in ("place_l", "place_r"))
    print(json.dumps(cost | asdict(evaluate(truth, labels, left, right))))


if __name__ == "__main__":
    main(sys.argv[1])
