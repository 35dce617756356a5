"""Pairs that are compared, and what scoring makes of them in bounded memory."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matching.core.compare import compare_rows, compare_words, strata
from matching.core.decide import Outcome, decide
from matching.core.declarations import MatchConfig
from matching.core.grades import Levels, Rows
from matching.core.model import MatchModel
from matching.core.prepare import Prepared
from matching.core.score import PairLevels, ScoredPairs, tell_likely, weigh_likely
from matching.core.terms import Terms


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

    def at(self, places: NDArray[np.int64]) -> "Compared":
        """Keep some of the pairs."""
        levels = np.asfortranarray(self.levels[places])
        counts = None if self.counts is None else self.counts[places]
        return Compared(self.left[places], self.right[places], levels, self.strata[places], counts)

    def weighed(self, prepared: Prepared, model: MatchModel, least: float | None = None) -> tuple[NDArray[np.int64], ScoredPairs]:
        """Give the pairs (places) that are at least so probable, all by default, and how they score."""
        return weigh_likely(prepared, self._levels, model, least)

    def matching(self, prepared: Prepared, model: MatchModel) -> NDArray[np.int64]:
        """Give the pairs (places, ascending) that match."""

        def told(places: NDArray[np.int64], scored: ScoredPairs) -> NDArray[np.int64]:
            return places[decide(scored, model) == Outcome.MATCH]  # type: ignore[no-any-return]

        return np.concatenate(tell_likely(prepared, self._levels, model, model.config.review_threshold, told))

    @property
    def _levels(self) -> PairLevels:
        return PairLevels(self.left, self.right, self.levels, self.strata)


def compared(prepared: Prepared, rows: tuple[Rows, Rows], config: MatchConfig, terms: Terms) -> Compared:
    """Compare pairs of rows."""
    left, right = rows
    levels = compare_rows(prepared, left, right, config, terms)
    return Compared(left, right, levels, strata(prepared, left, right, config))


def completed(
    prepared: Prepared, rows: tuple[Rows, Rows], known: Compared, places: NDArray[np.int64], by: tuple[MatchConfig, Terms]
) -> Compared:
    """Compare pairs of rows of which some, at these places, are compared already."""
    config, terms = by
    left, right = rows
    unknown = np.ones(len(left), np.bool_)
    unknown[places] = False
    rest = np.flatnonzero(unknown)
    levels: Levels = prepared.memory.zeros((len(left), len(config.comparisons)), np.uint8)  # type: ignore[assignment]
    levels[rest] = compare_rows(prepared, left[rest], right[rest], config, terms)
    levels[places] = known.levels
    return Compared(left, right, levels, strata(prepared, left, right, config))
