"""The Spark engine: what one machine says of the same records with the same model, Spark says to the bit."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.core import blocking, promise, train
from matching.core.autoconfig import config_for
from matching.core.config import MatchConfig, load_config
from matching.core.declarations import ClusterPolicy
from matching.core.links import Constraints
from matching.engines import local
from matching.engines.local import MatchResult
from matching.engines.spark import records
from matching.engines.spark.components import components
from matching.engines.spark.engine import on
from matching.engines.spark.records import learned_model, nothing_settled
from matching.engines.spark.session import archive, session
from tests.fixtures.test_demonstration import read
from tests.matching.core.conftest import CONFIGS
from tests.matching.engines.test_local import people

pytestmark = pytest.mark.slow

MASTER = "local[2]"
LIKE_AN_EXECUTOR = """
import sys
sys.path.insert(0, sys.argv[1])
sys.modules["django"] = None
import matching.engines.spark.engine
assert matching.__file__.startswith(sys.argv[1]), matching.__file__
"""


@pytest.fixture(scope="module")
def spark(java: None) -> Iterator[SparkSession]:
    del java
    with session(MASTER) as started:
        yield started


@pytest.fixture(scope="module")
def firm() -> pa.Table:
    """The demonstration firm's customers, ids in no order."""
    rows = [{"source": file[:3], **values} for file in ("crm_accounts.csv", "erp_partners.csv") for _, values, _ in read(file)]
    names = sorted({name for row in rows for name in row})
    told = {name: [None if (value := row.get(name)) is None else str(value) for row in rows] for name in names}
    ids = np.random.default_rng(5).permutation(len(rows)) * 7 + 3
    return pa.table({"id": pa.array(ids, pa.int64())} | {name: pa.array(values, pa.string()) for name, values in told.items()})


@pytest.fixture
def customer(monkeypatch: pytest.MonkeyPatch) -> MatchConfig:
    """The config of customers, with limits so low that a small table has common keys, refined ones, large clusters,
    and rules that are too dear or promise nothing.
    """
    monkeypatch.setattr(blocking, "FREE_PAIRS", 150)
    monkeypatch.setattr(promise, "PROBES", 40)
    for judging in (train, promise):
        monkeypatch.setattr(judging, "JUDGED_FROM", 500)
    config = load_config(CONFIGS / "customer.yml")
    rules = tuple(replace(rule, limit=4) for rule in config.blocking)
    clusters = ClusterPolicy(weak_bridge=9.0, size_alarm=3, one_per_source=("crm",))
    return replace(config, blocking=rules, pairs_per_record=0.2, least_yield=0.05, clusters=clusters)


def _assert_same(one: MatchResult, other: MatchResult) -> None:
    assert one.report == other.report
    for pairs, others in ((one.candidates, other.candidates), (one.pairs, other.pairs)):
        for column in (field.name for field in fields(pairs) if field.name != "report"):
            values, found = getattr(pairs, column), getattr(others, column)
            assert values.dtype == found.dtype, column
            assert np.array_equal(values, found), column
    assert np.array_equal(one.clusters.labels, other.clusters.labels)
    assert np.array_equal(one.clusters.confidence, other.clusters.confidence)
    assert set(one.clusters.cuts) == set(other.clusters.cuts)
    assert set(one.clusters.alarms) == set(other.clusters.alarms)


@pytest.mark.usefixtures("spark")
def test_the_demonstration_firm_comes_out_as_on_one_machine(firm: pa.Table, customer: MatchConfig) -> None:
    alone = local.match(firm, customer)
    linked = np.flatnonzero(alone.pairs.outcome == 2)
    left, right = alone.pairs.left.tolist(), alone.pairs.right.tolist()
    groups = np.full(firm.num_rows, -1)
    for number, pair in enumerate(linked[40:400:9].tolist()):
        groups[left[pair]], groups[right[pair]] = 2 * (number // 2), 2 * (number // 2) + number % 2
    settled = Constraints(
        must_link=tuple((left[pair], (right[pair] + 1) % firm.num_rows) for pair in linked[:40:4].tolist()),
        cannot_link=tuple((left[pair], right[pair]) for pair in linked[1:40:4].tolist()),
        groups=groups,
    )
    alone = local.match(firm, customer, constraints=settled)
    rules = alone.report.rules
    assert sum(rule.common_keys for rule in rules) > 50
    assert [rule.name for rule in rules if rule.lone_pairs] == ["name start at postcode"]
    assert any(rule.limit < 4 for rule in rules)
    assert any(told.pairs for rule, told in zip(customer.blocking, rules, strict=True) if rule.refines)
    assert {cut.reason for cut in alone.clusters.cuts} == {"weak_bridge", "cannot_link", "two_golden_records", "one_per_source"}
    assert alone.clusters.alarms
    together = on(MASTER)(firm, customer, constraints=settled)
    assert together.model.to_bytes() == alone.model.to_bytes()
    _assert_same(alone, together)


@pytest.mark.usefixtures("spark")
def test_a_small_table_without_ids_is_compared_whole_with_a_model_that_is_given() -> None:
    table = people(60).drop_columns(["id", "cluster"])
    config = config_for(table, {}, "customer")
    assert table.num_rows <= config.exhaustive_below
    alone = local.match(table, config)
    _assert_same(alone, on(MASTER)(table, config, model=alone.model))


def test_what_hangs_together_is_told_by_its_smallest_id(spark: SparkSession) -> None:
    chance = np.random.default_rng(3)
    path, star = np.arange(1_000, 1_150), np.full(80, 5_079)
    left = np.concatenate([chance.integers(0, 600, 420), path[:-1], star])
    right = np.concatenate([chance.integers(0, 600, 420), path[1:], np.arange(5_000, 5_080)])
    found = components(spark.createDataFrame(pa.table({"left": left, "right": right}))).toArrow().sort_by("id")
    graph = coo_array((np.ones(len(left)), (left, right)), (6_000, 6_000))
    component = connected_components(graph, directed=False)[1]
    ids = np.unique(np.concatenate([left[left != right], right[left != right]]))
    smallest = {number: int(np.flatnonzero(component == number)[0]) for number in np.unique(component[ids])}
    assert found["id"].to_pylist() == ids.tolist()
    assert found["component"].to_pylist() == [smallest[number] for number in component[ids]]


def test_a_large_table_is_learned_from_a_sample_that_its_ids_decide(
    spark: SparkSession, firm: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "LEARN_FROM", 900)
    sizes: list[int] = []
    match = local.match

    def watched(sample: pa.Table, config: MatchConfig, *, constraints: Constraints) -> MatchResult:
        sizes.append(sample.num_rows)
        return match(sample, config, constraints=constraints)

    monkeypatch.setattr(local, "match", watched)
    config = load_config(CONFIGS / "customer.yml")
    tables = (firm, firm.take(pa.array(np.random.default_rng(8).permutation(firm.num_rows))))
    frames = [spark.createDataFrame(table) for table in tables]
    one, other = (learned_model(frame, firm.num_rows, config, nothing_settled(frame)).to_bytes() for frame in frames)
    assert one == other
    assert 800 < sizes[0] < 1_000


def test_what_executors_are_sent_is_all_they_import_of_the_project(tmp_path: Path) -> None:
    packed = archive(tmp_path / "core.zip")
    command = [sys.executable, "-I", "-c", LIKE_AN_EXECUTOR, str(packed)]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True).stderr == ""
