"""What the shipped model says of pairs that a steward would not hesitate about."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from matching.core.decide import Outcome, decide
from matching.core.model import MatchModel
from tests.matching.core.conftest import score

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_pair_has_the_outcome_that_a_steward_would_give(case: dict[str, Any], shipped: MatchModel) -> None:
    scored = score([case["left"]], [case["right"]], shipped)
    outcome = Outcome(int(decide(scored, shipped)[0])).name.lower()
    if "outcome" in case:
        assert outcome == case["outcome"], scored
    assert outcome != case.get("never"), scored
    levels = dict(zip([comparison.name for comparison in shipped.config.comparisons], scored.levels[0].tolist(), strict=True))
    for comparison in shipped.config.comparisons:
        if comparison.name in case.get("levels", {}):
            names = ["missing", *(level.name for level in comparison.levels)]
            assert names[levels[comparison.name]] == case["levels"][comparison.name]


def test_every_case_says_what_it_expects() -> None:
    assert all({"outcome", "never", "levels"} & case.keys() for case in CASES)
