"""Pairs in words: why they are doubtful, from their levels, without values."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.model import MatchModel
from matching.engines.local import MatchedPairs

_TELLING_BITS: Final = 0.5
_MOST_NAMED: Final = 3


def reasons(pairs: MatchedPairs, chosen: NDArray[np.int64], model: MatchModel) -> list[str]:
    """Say for each chosen pair what speaks for it, what against, and which vetoes hold: the strongest evidence first.

    Pairs of the same evidence are put into words once.
    """
    if not len(chosen):
        return []
    rounded = np.clip(np.rint(pairs.weights[chosen]), -100, 100).astype(np.int16)
    pattern = np.column_stack([pairs.levels[chosen].astype(np.int16), rounded, pairs.vetoes[chosen].astype(np.int64)])
    _, first, place = np.unique(pattern, axis=0, return_index=True, return_inverse=True)
    worded = [
        reason(pairs.levels[row].tolist(), pairs.weights[row].tolist(), int(pairs.vetoes[row]), model) for row in chosen[first].tolist()
    ]
    return [worded[number] for number in place.ravel().tolist()]


def reason(levels: Sequence[int], weights: Sequence[float], vetoes: int, model: MatchModel) -> str:
    """Put one pair's evidence into a sentence."""
    by_weight = sorted(range(len(levels)), key=lambda place: -abs(weights[place]))
    told = [place for place in by_weight if levels[place] and abs(weights[place]) >= _TELLING_BITS]
    # What is the same speaks against nothing, common as it may be.
    told = [place for place in told if weights[place] > 0 or levels[place] < len(model.config.comparisons[place].levels)]
    parts = []
    for words, sign in (("for", 1), ("against", -1)):
        named = [model.config.comparisons[place].in_words(levels[place]) for place in told if weights[place] * sign > 0]
        if named:
            parts.append(f"{words}: {', '.join(named[:_MOST_NAMED])}")
    holding = [veto.words for number, veto in enumerate(model.config.vetoes) if vetoes >> number & 1]
    if holding:
        parts.append(f"veto: {', '.join(holding)}")
    return "; ".join(parts) or "nothing that tells"
