"""Why a pair that looks probable is doubtful all the same."""

import numpy as np
from numpy.typing import NDArray

from matching.core.decide import Outcome
from matching.files.running import MatchedFiles

_ASIDE = "kept apart: the other records of the two groups speak against it"
_UNLOCKED = "found only by a rule that never merges without a person"


def notes(matched: MatchedFiles, chosen: NDArray[np.int64]) -> list[str]:
    """Give for each doubtful pair what its own evidence does not say; empty where that says all, as with a veto."""
    pairs, auto = matched.result.pairs, matched.config.auto_threshold
    decided = pairs.outcome[chosen] == Outcome.MATCH
    unlocked = ~decided & (pairs.vetoes[chosen] == 0) & (pairs.probability[chosen] >= auto)
    return [_ASIDE if apart else _UNLOCKED if alone else "" for apart, alone in zip(decided.tolist(), unlocked.tolist(), strict=True)]
