"""What blocking did to a table: studied on the result of a run, beside it and at no cost to it."""

import numpy as np

from matching.core.coverage import Caught, Coverage, coverage
from matching.core.decide import Outcome
from matching.engines.local import MatchResult


def coverage_of(result: MatchResult) -> Coverage:
    """Estimate how many matches the blocking rules of a run missed."""
    candidates, pairs, size = result.candidates, result.pairs, result.prepared.size
    place = np.searchsorted(candidates.left.astype(np.int64) * size + candidates.right, pairs.left.astype(np.int64) * size + pairs.right)
    # A pair that a rule of the business forbids is no match, however likely it looks.
    likely = np.where(pairs.outcome == Outcome.NO_MATCH, 0.0, pairs.probability)
    config = result.model.config
    return coverage(Caught(candidates.rules[place], likely, pairs.strata), config, whole=size <= config.exhaustive_below)
