"""What blocking missed, as estimated on labelled files without their labels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matching.core.autoconfig import config_for
from matching.engines.blocking_study import coverage_of
from matching.engines.labelled import read_labelled
from matching.engines.local import match

LABELLED = Path(__file__).resolve().parents[3] / "fixtures" / "labelled"


@pytest.mark.parametrize("name", ["fake_1000", "febrl3"])
def test_the_estimate_of_what_all_rules_miss_holds_against_the_labels(name: str) -> None:
    table, truth = read_labelled(LABELLED / f"{name}.parquet")
    result = match(table, replace(config_for(table, {}, "customer"), exhaustive_below=0))
    pairs = np.bincount(np.unique(truth, return_inverse=True)[1])
    true_pairs = int((pairs * (pairs - 1) // 2).sum())
    given = int((truth[result.candidates.left] == truth[result.candidates.right]).sum())
    found = coverage_of(result)
    least, most = found.recall_interval
    assert least <= given / true_pairs <= most
    assert most - least < 0.1
