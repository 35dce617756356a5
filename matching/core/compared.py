"""Pairs that are compared, and what scoring makes of them in bounded memory."""

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.compare import compare_rows, compare_words, strata
from matching.core.declarations import MatchConfig
from matching.core.grades import Levels, Rows
from matching.core.model import MatchModel
from matching.core.prepare import Prepared
from matching.core.score import ScoredPairs, weigh
from matching.core.terms import Terms

SCORED_AT_ONCE: Final = 2_000_000
"""Pairs whose weights are in memory at a time. No part of the result."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Pairs of rows with their levels and strata."""

    left: Rows
    right: Rows
    levels: Levels
    strata: NDArray[np.uint8]
    counts: NDArray[np.float64] | None = None
    """How many pairs each stands for; None: for itself."""

    def with_terms(self, prepared: Prepared, config: MatchConfig, terms: Terms) -> "Compared":
        """Give the pairs compared with other terms."""
        return replace(self, levels=compare_words(prepared, self.left, self.right, self.levels, config, terms))

    def at(self, places: NDArray[np.int64] | slice) -> "Compared":
        """Keep some of the pairs."""
        levels = np.asfortranarray(self.levels[places])
        counts = None if self.counts is None else self.counts[places]
        return Compared(self.left[places], self.right[places], levels, self.strata[places], counts)

    def weighed(self, prepared: Prepared, model: MatchModel) -> ScoredPairs:
        """Weigh the pairs."""
        return weigh(prepared, self.left, self.right, self.levels, model)

    def doubtful_or_better(self, prepared: Prepared, model: MatchModel) -> tuple[NDArray[np.int64], ScoredPairs]:
        """Give the pairs (places) from the review threshold on, and how they score; most pairs are far below it."""
        places, found = [], []
        for part in each_span(len(self.left)):
            scored = self.at(part).weighed(prepared, model)
            kept = np.flatnonzero(scored.probability >= model.config.review_threshold)
            places.append(kept + part.start)
            found.append([getattr(scored, field.name)[kept] for field in fields(ScoredPairs)])
        return np.concatenate(places), ScoredPairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


def each_span(size: int) -> list[slice]:
    """Cut pairs into what is scored at once; one empty span where there is none."""
    return [slice(start, min(start + SCORED_AT_ONCE, size)) for start in range(0, max(size, 1), SCORED_AT_ONCE)]


def compared(prepared: Prepared, rows: tuple[Rows, Rows], config: MatchConfig, terms: Terms) -> Compared:
    """Compare pairs of rows."""
    left, right = rows
    levels = compare_rows(prepared, left, right, config, terms)
    return Compared(left, right, levels, strata(prepared, left, right, config))
