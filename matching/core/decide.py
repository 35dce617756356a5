"""From scores to outcomes: two thresholds, and the vetoes."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from matching.core.declarations import VETO_OUTCOMES
from matching.core.model import MatchModel
from matching.core.score import ScoredPairs


class Outcome(IntEnum):
    """What is said of a pair."""

    NO_MATCH = 0
    POSSIBLE_MATCH = 1
    MATCH = 2


def decide(scored: ScoredPairs, model: MatchModel) -> NDArray[np.int8]:
    """Say MATCH from the auto threshold, POSSIBLE_MATCH from the review threshold, NO_MATCH below; vetoes lower it."""
    config = model.config
    outcome = (scored.probability >= config.review_threshold).astype(np.int8)
    outcome += scored.probability >= config.auto_threshold
    for number, veto in enumerate(config.vetoes):
        holds = (scored.vetoes & np.uint32(1 << number)) != 0
        outcome[holds] = np.minimum(outcome[holds], VETO_OUTCOMES[veto.outcome])
    return outcome
