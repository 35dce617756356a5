"""One engine, two roads: a pair scores the same to the bit in batch, a column at a time, and in real time, one record at a time."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden_records.entities import EntityType, entity_type
from golden_records.mapping import load_document, parse_mapping
from golden_records.readers.files import open_file
from golden_records.readers.rows import ReadOptions
from golden_records.standardising.record import standardise
from matching.core.config import load_config
from matching.core.decide import decide
from matching.core.model import MatchModel, shipped_model
from matching.core.prepare import prepare
from matching.core.score import ScoredPairs, score_pairs
from matching.engines.local import match
from tests.matching.core.conftest import CONFIGS, Record, score_row, table
from tests.matching.core.test_scoring_laws import ATTRIBUTES

DEMO: Final = Path(__file__).parents[2] / "fixtures" / "demo"
CUSTOMERS: Final = {"crm": "crm_accounts.csv", "erp": "erp_partners.csv"}
PROJECTS: Final = {"crm": "crm_opportunities.csv", "erp": "erp_projets.csv"}
RECORDS: Final = 150
DRAWN, EXAMPLES = 80, 3
LEAST: Final = {"customer": 800, "project": 800}
"""Pairs of the demonstration that are compared on both roads; the drawn records have the rest of the 10,000."""


def _demonstration(entity: EntityType, files: Mapping[str, str]) -> pa.Table:
    rows = []
    for source, name in files.items():
        document = load_document((DEMO / "mappings" / f"{source}_{entity.name}.yml").read_text(encoding="utf-8"))
        mapping = parse_mapping(document, entity.attributes)
        for row in open_file(DEMO / name, ReadOptions()).rows():
            values = standardise(entity.attributes, mapping.apply(row.values).attributes, country_hint="FR").values
            rows.append({name: str(value) for name, value in values.items()})
    return table(rows)


def _same_on_both_roads(records: pa.Table, model: MatchModel, left: np.ndarray, right: np.ndarray) -> int:
    """Score pairs in batch and in real time; give how many there were."""
    prepared = prepare(records, model.config)
    batch = score_pairs(prepared, prepared, left, right, model)
    outcome = decide(batch, model)
    for one in np.unique(left):
        pairs = np.flatnonzero(left == one)
        alone = score_row(records.slice(int(one), 1), records.take(right[pairs]), model)
        _identical(alone, batch, pairs)
        assert (decide(alone, model) == outcome[pairs]).all()
    return len(left)


def _identical(alone: ScoredPairs, batch: ScoredPairs, pairs: np.ndarray) -> None:
    for name in ("weight", "probability", "levels", "weights", "vetoes", "strata"):
        assert getattr(alone, name).tobytes() == np.ascontiguousarray(getattr(batch, name)[pairs]).tobytes(), name


@pytest.mark.parametrize(("name", "files"), [("customer", CUSTOMERS), ("project", PROJECTS)])
def test_the_demonstration_scores_the_same_in_batch_and_in_real_time(name: str, files: Mapping[str, str]) -> None:
    records, config = _demonstration(entity_type(name), files), load_config(CONFIGS / f"{name}.yml")
    result = match(records, config)
    found = result.candidates
    # The records with the most candidates, for few calls with many pairs each.
    partners = np.bincount(found.left, minlength=result.prepared.size)
    chosen = np.flatnonzero(np.isin(found.left, np.argsort(-partners, kind="stable")[:RECORDS]))
    assert _same_on_both_roads(records, result.model, found.left[chosen], found.right[chosen]) > LEAST[name]
    kept = score_pairs(result.prepared, result.prepared, result.pairs.left, result.pairs.right, result.model)
    assert (kept.weight == result.pairs.weight).all()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.integers(0, 1_000_000))
def test_records_like_no_others_score_the_same_in_batch_and_in_real_time(seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311  # picks values, keeps no secret
    drawn: list[Record] = [{name: chosen.choice(values) for name, values in ATTRIBUTES.items()} for _ in range(DRAWN)]
    # Far more rows than these, so that the table is taken a column at a time.
    every = table([*drawn, *({"kind": "person", "family_name": f"Filler {number}"} for number in range(300))])
    left, right = (rows.astype(np.int32) for rows in np.triu_indices(len(drawn), 1))
    assert len(left) * EXAMPLES > 9_000
    _same_on_both_roads(every, shipped_model(load_config(CONFIGS / "customer.yml")), left, right)
