"""Configs, tables and generated records for the tests of the matching core. Nothing here needs a database."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import matching
from matching.core.config import MatchConfig, load_config
from matching.core.model import MatchModel, shipped_model
from matching.core.prepare import prepare
from matching.core.prepare_few import forms_of_table
from matching.core.score import ScoredPairs, score_one, score_pairs

CONFIGS = Path(matching.__file__).parent / "configs"
Record = Mapping[str, str | None]


def table(records: Sequence[Record]) -> pa.Table:
    """Make a table of attributes; what a record lacks is missing."""
    names = sorted({name for record in records for name in record}) or ["legal_name"]
    columns = {name: pa.array([record.get(name) for record in records], pa.string()) for name in names}
    return pa.table(columns | {"id": pa.array(range(len(records)), pa.int64())})


def score(left: Sequence[Record], right: Sequence[Record], model: MatchModel) -> ScoredPairs:
    """Score the first with the first, the second with the second, and so on."""
    rows = np.arange(len(left), dtype=np.int32)
    return score_pairs(prepare(table(left), model.config), prepare(table(right), model.config), rows, rows, model)


@pytest.fixture(scope="session")
def customer() -> MatchConfig:
    return load_config(CONFIGS / "customer.yml")


@pytest.fixture(scope="session")
def project() -> MatchConfig:
    return load_config(CONFIGS / "project.yml")


@pytest.fixture(scope="session")
def shipped(customer: MatchConfig) -> MatchModel:
    return shipped_model(customer, records=20_000)


def score_row(record: pa.Table, others: pa.Table, model: MatchModel) -> ScoredPairs:
    """Score one record with others by the road of real time."""
    return score_one(forms_of_table(record, model.config), forms_of_table(others, model.config), model)
