"""From scores to outcomes: two thresholds, and the vetoes."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from matching.core.declarations import VETO_OUTCOMES, MatchConfig
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


def confirmed(outcome: NDArray[np.int8], rules: NDArray[np.uint32], config: MatchConfig) -> NDArray[np.int8]:
    """Leave a MATCH that only rules which are not locked found to a person: POSSIBLE_MATCH, as in real time.

    `rules` are the blocking rules that gave each pair, as bits; a pair that no rule gave was compared with its whole table.
    """
    locked = np.uint32(sum(1 << number for number, rule in enumerate(config.blocking) if rule.locked))
    doubtful = (rules != 0) & (rules & locked == 0) & (outcome == Outcome.MATCH)
    return np.where(doubtful, np.int8(Outcome.POSSIBLE_MATCH), outcome)
