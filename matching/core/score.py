"""Scoring: match weight in bits and match probability of pairs, the same function on every road."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.compare import compare_rows, strata
from matching.core.grades import Levels, Rows
from matching.core.model import MatchModel
from matching.core.prepare import Prepared, joined

Weights = NDArray[np.float64]
MOST_BITS: Final = 60.0
"""Weights beyond say no more: the probability is 0 or 1 to eighteen digits."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found on one pair: `levels` and `weights` (bits) per comparison, `vetoes` as bits, its stratum."""

    levels: Levels
    weights: NDArray[np.float32]
    vetoes: int = 0
    stratum: int = 0


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Per pair: match `weight` (bits, the prior included) and `probability`, `levels` and `weights` (bits) per
    comparison, and the `vetoes` that hold, as bits by their place in the config.
    """

    weight: Weights
    probability: Weights
    levels: Levels
    weights: NDArray[np.float32]
    vetoes: NDArray[np.uint32]
    strata: NDArray[np.uint8]

    def evidence(self, row: int) -> Evidence:
        """Give the evidence on one of the pairs."""
        return Evidence(self.levels[row], self.weights[row], int(self.vetoes[row]), int(self.strata[row]))


def score_pairs(left: Prepared, right: Prepared, left_rows: Rows, right_rows: Rows, model: MatchModel) -> ScoredPairs:
    """Score pairs of a row of `left` and a row of `right`. Symmetric, and to the bit the same on every road."""
    both = left if left is right else joined(left, right)
    second = right_rows if left is right else right_rows + np.int32(left.size)
    levels = compare_rows(both, left_rows, second, model.config, model.terms)
    return weigh(both, left_rows, second, levels, model)


def weigh(prepared: Prepared, left: Rows, right: Rows, levels: Levels, model: MatchModel) -> ScoredPairs:
    """Weigh pairs that are compared already."""
    stratum = strata(prepared, left, right, model.config)
    rarity = _rarity(prepared, (left, right), (levels, stratum), model)
    weights = rarity
    for place in range(levels.shape[1]):
        weights[:, place] += _look_up(model.base_weights[:, place], stratum, levels[:, place])
    weight = total_weight(weights, levels, stratum, model)
    return ScoredPairs(weight, probability(weight), levels, weights, find_vetoes(levels, model), stratum)


def total_weight(weights: NDArray[np.float32], levels: Levels, stratum: NDArray[np.uint8], model: MatchModel) -> Weights:
    """Add the prior and the comparisons' weights, less what relatives would share as well."""
    weight = model.prior_bits[stratum] + _row_sums(weights)
    return np.clip(weight - relatives_bits(weights, levels, stratum, model), -MOST_BITS, MOST_BITS)


def relatives_bits(weights: NDArray[np.float32], levels: Levels, stratum: NDArray[np.uint8], model: MatchModel) -> Weights:
    """Give the bits that agreement is worth less because relatives (a household, branches) would agree too.

    With odds R : U that a pair is of relatives rather than unrelated, given its levels, it is log2(1 + R / U), summed
    over the kinds of relatives.
    """
    # The weights hold the rarity of values, which counts against 'unrelated' only: R / U has it too.
    rarity = _row_sums(weights)
    for place in range(levels.shape[1]):
        rarity -= _look_up(model.base_weights[:, place], stratum, levels[:, place])
    total = np.zeros(len(levels))
    for kind in range(model.relative_bits.shape[1]):
        bits = model.relative_bits[stratum, kind] + rarity
        for place in range(levels.shape[1]):
            bits += _look_up(model.relative_weights[:, kind, place], stratum, levels[:, place])
        total = np.logaddexp2(total, bits)
    return total


def _look_up(table: Weights, stratum: NDArray[np.uint8], levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give each pair's entry of a table of strata x levels."""
    flat = np.ascontiguousarray(table, np.float32).ravel()
    result: NDArray[np.float32] = flat.take(stratum.astype(np.int32) * table.shape[1] + levels)
    return result


def _row_sums(weights: NDArray[np.float32]) -> Weights:
    # Column by column, so that the order of the additions, and the last bit, never depends on how many pairs there are.
    total = np.zeros(len(weights))
    for place in range(weights.shape[1]):
        total += weights[:, place]
    return total


def probability(weight: Weights) -> Weights:
    """Turn bits into a probability."""
    return 1 / (1 + np.exp2(-weight))


def _rarity(
    prepared: Prepared, rows: tuple[Rows, Rows], graded: tuple[Levels, NDArray[np.uint8]], model: MatchModel
) -> NDArray[np.float32]:
    """Give what a level is worth more because the value is rare, or less because it is common, in bits."""
    levels, stratum = graded
    rarity = np.zeros(levels.shape, np.float32, order="F")
    found: dict[str, Weights] = {}
    for place, comparison in enumerate(model.config.comparisons):
        for number, level in enumerate(comparison.levels, start=1):
            name = level.term_frequency
            if name is None or name not in model.terms.values:
                continue
            chosen = np.flatnonzero(levels[:, place] == number)
            if not len(chosen):
                continue
            column = prepared.columns[name]
            if name not in found:
                found[name] = np.append(model.terms.shares(name, column), 0.0)
            shares = found[name]
            share = np.maximum(shares[column.codes[rows[0][chosen]]], shares[column.codes[rows[1][chosen]]])
            top = comparison.levels[-1]
            lesser = level is not top and level.term_frequency == top.term_frequency
            usual = model.expected_sameness[stratum[chosen], place, len(comparison.levels) if lesser else number]
            # A level that few pairs can have, for want of more, is rare for that reason; the value is as common as it is.
            usual = np.maximum(usual, model.terms.values[name].sameness)
            bits = np.where(share > 0, np.log2(usual / np.maximum(share, 1e-12)), 0.0)
            # What one entity alone has is no reason for doubt, however few records there are to tell by.
            rest = model.terms.values[name].rest
            bits = np.where(share <= rest, np.maximum(bits, 0.0), bits)
            # Values that are only alike: a common one makes it less of a wonder, a rare one no more.
            rarity[chosen, place] = np.minimum(bits, 0.0) if lesser else bits
    return rarity


def find_vetoes(levels: Levels, model: MatchModel) -> NDArray[np.uint32]:
    """Give the vetoes that hold for each row of levels."""
    names = [comparison.name for comparison in model.config.comparisons]
    found = np.zeros(len(levels), np.uint32)
    for number, veto in enumerate(model.config.vetoes):
        holds = np.isin(levels[:, names.index(veto.comparison)], veto.levels)
        for comparison, excusing in veto.unless:
            holds &= ~np.isin(levels[:, names.index(comparison)], excusing)
        found |= np.where(holds, np.uint32(1 << number), np.uint32(0))
    return found
