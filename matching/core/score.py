"""Scoring: match weight in bits and match probability of pairs, the same function on every road."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from matching.core.compare import compare_rows, strata
from matching.core.grades import Levels, Rows
from matching.core.model import MatchModel, summable
from matching.core.parallel import each, spans
from matching.core.prepare import Prepared, joined, prepare

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


def score_one(record: pa.Table, others: pa.Table, model: MatchModel) -> ScoredPairs:
    """Score one record with each of some others, attributes in: the road of real time, to the bit as in batch."""
    # What only one side has a column for is missing on the other.
    both = prepare(pa.concat_tables([record, others], promote_options="default"), model.config)
    return score_pairs(both, both, np.zeros(others.num_rows, np.int32), np.arange(1, both.size, dtype=np.int32), model)


def weigh(prepared: Prepared, left: Rows, right: Rows, levels: Levels, model: MatchModel) -> ScoredPairs:
    """Weigh pairs that are compared already."""
    stratum = strata(prepared, left, right, model.config)
    weights = np.empty(levels.shape, np.float32, order="F")
    weight = np.empty(len(levels))

    def weigh_part(part: slice) -> None:
        pairs = _Graded(levels[part], stratum[part], left[part], right[part])
        weights[part].T[:] = model.base_weights.ravel().take(_places(pairs.levels, pairs.strata, model))
        _add_rarity(weights[part], pairs, prepared, model)
        weight[part] = total_weight(weights[part], pairs.levels, pairs.strata, model)

    if len(levels) > _AT_ONCE:
        each(lambda name: model.terms.shares(name, prepared.columns[name]), model.rarity.fields)
    each(weigh_part, spans(len(levels), _AT_ONCE))
    return ScoredPairs(weight, probability(weight), levels, weights, find_vetoes(levels, model), stratum)


_AT_ONCE: Final = 131_072
"""Pairs weighed at a time: bounds the memory, and is no part of the result."""


@dataclass(frozen=True, slots=True)
class _Graded:
    """Some pairs: their levels and strata, and the rows they are of."""

    levels: Levels
    strata: NDArray[np.uint8]
    left: Rows
    right: Rows


def total_weight(weights: NDArray[np.float32], levels: Levels, stratum: NDArray[np.uint8], model: MatchModel) -> Weights:
    """Add the prior and the comparisons' weights, less what relatives would share as well."""
    total = model.prior_bits[stratum] + weights.sum(axis=1, dtype=np.float64)
    total -= relatives_bits(weights, levels, stratum, model)
    result: Weights = np.minimum(np.maximum(total, -MOST_BITS), MOST_BITS)
    return result


def relatives_bits(weights: NDArray[np.float32], levels: Levels, stratum: NDArray[np.uint8], model: MatchModel) -> Weights:
    """Give the bits that agreement is worth less because relatives (a household, branches) would agree too.

    With odds R : U that a pair is of relatives rather than unrelated, given its levels, it is log2(1 + R / U), summed
    over the kinds of relatives.
    """
    places = _places(levels, stratum, model)
    # The weights hold the rarity of values, which counts against 'unrelated' only: R / U has it too.
    rarity = (weights.T - model.base_weights.ravel().take(places)).sum(axis=0, dtype=np.float64)
    total = np.zeros(len(levels))
    for kind, table in enumerate(model.relative_weights):
        bits = model.relative_bits[stratum, kind] + (rarity + table.ravel().take(places).sum(axis=0, dtype=np.float64))
        total = np.logaddexp2(total, bits)
    return total


def _places(levels: Levels, stratum: NDArray[np.uint8], model: MatchModel) -> NDArray[np.int32]:
    """Give where in a table of strata x comparisons x levels the entries of pairs are: comparisons x pairs."""
    strata_count, comparisons, width = model.base_weights.shape
    places: NDArray[np.int32] = np.add(levels.T, np.arange(0, comparisons * width, width)[:, None], dtype=np.int32)
    if strata_count > 1:
        places += stratum * np.int32(comparisons * width)
    return places


def probability(weight: Weights) -> Weights:
    """Turn bits into a probability."""
    return 1 / (1 + np.exp2(-weight))


def _add_rarity(weights: NDArray[np.float32], pairs: _Graded, prepared: Prepared, model: MatchModel) -> None:
    """Add what a level is worth more because the value is rare, or less because it is common, in bits."""
    tables = model.rarity
    comparisons, width = tables.field.shape
    levels = np.add(pairs.levels.T, np.arange(0, comparisons * width, width)[:, None], dtype=np.int32)
    entry = np.flatnonzero(tables.field.ravel().take(levels) >= 0)
    if not len(entry):
        return
    place, pair = np.divmod(entry, len(weights))
    at = levels.ravel().take(entry)
    field, share = tables.field.ravel().take(at), np.empty(len(entry))
    for number in np.flatnonzero(np.bincount(field)).tolist():
        column = prepared.columns[tables.fields[number]]
        shares = model.terms.shares(tables.fields[number], column)
        chosen = np.flatnonzero(field == number)
        rows = pair.take(chosen)
        left, right = (shares.take(column.codes.take(side.take(rows))) for side in (pairs.left, pairs.right))
        share[chosen] = np.maximum(left, right)
    stratum = pairs.strata.take(pair) * (comparisons * width)
    usual = model.expected_sameness.ravel().take(stratum + tables.against.ravel().take(at))
    # A level that few pairs can have, for want of more, is rare for that reason; the value is as common as it is.
    usual = np.maximum(usual, tables.sameness.take(field))
    bits = np.where(share > 0, np.log2(usual / np.maximum(share, 1e-12)), 0.0)
    # What one entity alone has is no reason for doubt, however few records there are to tell by.
    bits = np.where(share <= tables.rest.take(field), np.maximum(bits, 0.0), bits)
    # Values that are only alike: a common one makes it less of a wonder, a rare one no more.
    bits = np.where(tables.lesser.ravel().take(at), np.minimum(bits, 0.0), bits)
    # However common a value is, that both have it says no less than a lower level at which rarity does not count.
    bits = np.maximum(bits, model.least_rarity.ravel().take(stratum + at))
    weights[pair, place] += summable(bits)


def find_vetoes(levels: Levels, model: MatchModel) -> NDArray[np.uint32]:
    """Give the vetoes that hold for each row of levels."""
    tables = model.veto_tables
    found, excused = _said(levels, tables.against), _said(levels, tables.excusing)
    return found & ~excused


def _said(levels: Levels, tables: Mapping[int, NDArray[np.uint32]]) -> NDArray[np.uint32]:
    bits = np.zeros(len(levels), np.uint32)
    for comparison, table in tables.items():
        bits |= table[levels[:, comparison]]
    return bits
