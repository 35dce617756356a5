"""Scoring: match weight in bits and match probability of pairs, the same function on every road."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.core.compare import compare_rows, strata
from matching.core.grades import Levels, Rows
from matching.core.met_columns import MetTable
from matching.core.model import EXCUSED, MatchModel, summable
from matching.core.parallel import each, spans
from matching.core.prepare import ROWS_AT_ONCE, Prepared, joined, prepared
from matching.core.prepare_few import Forms

Weights = NDArray[np.float64]
Told = TypeVar("Told")
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

    @classmethod
    def joined(cls, parts: Sequence["ScoredPairs"]) -> "ScoredPairs":
        """Put pairs one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, field.name).T for part in parts], axis=-1).T for field in fields(cls)))


def score_pairs(left: Prepared, right: Prepared, left_rows: Rows, right_rows: Rows, model: MatchModel) -> ScoredPairs:
    """Score pairs of a row of `left` and a row of `right`. Symmetric, and to the bit the same on every road."""
    both = left if left is right else joined(left, right)
    second = right_rows if left is right else right_rows + np.int32(left.size)
    levels = compare_rows(both, left_rows, second, model.config, model.terms)
    return weigh(both, left_rows, second, levels, model)


def score_one(record: Forms, others: Forms, model: MatchModel) -> ScoredPairs:
    """Score one record with each of some others, match forms in: the road of real time, to the bit as in batch."""
    both = prepared(record.below(others))
    return score_pairs(both, both, np.zeros(others.size, np.int32), np.arange(1, both.size, dtype=np.int32), model)


def weigh(prepared: Prepared, left: Rows, right: Rows, levels: Levels, model: MatchModel) -> ScoredPairs:
    """Weigh pairs that are compared already."""
    return weigh_likely(prepared, PairLevels(left, right, levels, strata(prepared, left, right, model.config)), model)[1]


@dataclass(frozen=True, slots=True)
class PairLevels:
    """Pairs of rows that are compared: their levels (pairs x comparisons) and strata."""

    left: Rows
    right: Rows
    levels: Levels
    strata: NDArray[np.uint8]

    def part(self, span: slice) -> "PairLevels":
        """Give some of the pairs; nothing is copied."""
        return PairLevels(self.left[span], self.right[span], self.levels[span], self.strata[span])

    def at(self, places: NDArray[np.int64]) -> "PairLevels":
        """Keep some of the pairs; the levels stay a column per comparison."""
        return PairLevels(self.left[places], self.right[places], self.levels.T[:, places].T, self.strata[places])


def weigh_likely(
    prepared: Prepared, pairs: PairLevels, model: MatchModel, least: float | None = None
) -> tuple[NDArray[np.int64], ScoredPairs]:
    """Give the pairs (places, ascending) that are at least so probable, and how they score; all pairs without `least`.

    Only these take memory: most candidate pairs are no match by far.
    """
    places, scored = zip(*tell_likely(prepared, pairs, model, least, lambda places, scored: (places, scored)), strict=True)
    return np.concatenate(places), ScoredPairs.joined(scored)


def tell_likely(
    prepared: Prepared,
    pairs: PairLevels,
    model: MatchModel,
    least: float | None,
    tell: Callable[[NDArray[np.int64], ScoredPairs], Told],
) -> list[Told]:
    """Give what is told of each part of the pairs, given those of it (places) that are so probable, and how they score."""
    # Of many pairs nearly every field is asked for: then all cores read what was made once.
    several = len(pairs.left) > _AT_ONCE
    shares = prepared.latest(model.rarity, (lambda: rarities(prepared, model)) if several else None)

    def told(span: slice) -> Told:
        part = pairs.part(span)
        weights, weight = _weigh_part(part, prepared, model, shares)
        likely, places = probability(weight), np.arange(len(weight))
        if least is not None:
            (places,) = (likely >= least).nonzero()
            part, weights, weight, likely = part.at(places), weights[:, places], weight[places], likely[places]
        scored = ScoredPairs(weight, likely, part.levels, weights.T, find_vetoes(part.levels, model), part.strata)
        return tell(places + span.start, scored)

    return each(told, spans(len(pairs.left), _AT_ONCE))


_AT_ONCE: Final = 32_768
"""Pairs weighed at a time: they stay in the processor's cache. No part of the result."""


def _weigh_part(
    pairs: PairLevels, prepared: Prepared, model: MatchModel, shares: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], Weights]:
    """Give the weights (comparisons x pairs) and the match weight of pairs."""
    places = _places(pairs.levels, pairs.strata, model)
    weights = model.base_weights.ravel().take(places)
    plain = weights.sum(axis=0, dtype=np.float64)
    _add_rarity(weights, pairs, prepared, model, shares)
    return weights, _total(plain, weights.sum(axis=0, dtype=np.float64), places, pairs.strata, model)


def total_weight(weights: NDArray[np.float32], levels: Levels, stratum: NDArray[np.uint8], model: MatchModel) -> Weights:
    """Add the prior and the comparisons' weights, less what relatives would share as well."""
    places = _places(levels, stratum, model)
    plain = model.base_weights.ravel().take(places).sum(axis=0, dtype=np.float64)
    return _total(plain, weights.sum(axis=1, dtype=np.float64), places, stratum, model)


def relatives_bits(weights: NDArray[np.float32], levels: Levels, stratum: NDArray[np.uint8], model: MatchModel) -> Weights:
    """Give the bits that agreement is worth less because relatives (a household, branches) would agree too.

    With odds R : U that a pair is of relatives rather than unrelated, given its levels, it is log2(1 + R / U), summed
    over the kinds of relatives.
    """
    places = _places(levels, stratum, model)
    plain = model.base_weights.ravel().take(places).sum(axis=0, dtype=np.float64)
    return _relatives(weights.sum(axis=1, dtype=np.float64) - plain, places, stratum, model)


def _total(plain: Weights, weights: Weights, places: NDArray[np.int32], stratum: NDArray[np.uint8], model: MatchModel) -> Weights:
    total = model.prior_bits.take(stratum) + weights
    # The weights hold the rarity of values, which counts against 'unrelated' only: the odds of relatives have it too.
    total -= _relatives(weights - plain, places, stratum, model)
    result: Weights = np.minimum(np.maximum(total, -MOST_BITS), MOST_BITS)
    return result


def _relatives(rarity: Weights, places: NDArray[np.int32], stratum: NDArray[np.uint8], model: MatchModel) -> Weights:
    of_kinds = model.relative_weights.reshape(len(model.relative_weights), -1).take(places, axis=1).sum(axis=1, dtype=np.float64)
    of_kinds += rarity
    of_kinds += model.relative_bits.T.take(stratum, axis=1)
    bits: Weights = np.log2(1 + np.exp2(of_kinds).sum(axis=0))
    return bits


def _places(levels: Levels, stratum: NDArray[np.uint8], model: MatchModel) -> NDArray[np.int32]:
    """Give where in a table of strata x comparisons x levels the entries of pairs are: comparisons x pairs."""
    places = _levels(levels, model)
    strata_count, comparisons, width = model.base_weights.shape
    if strata_count > 1:
        places += stratum * np.int32(comparisons * width)
    return places


def _levels(levels: Levels, model: MatchModel) -> NDArray[np.int32]:
    """Give where in a table of comparisons x levels the entries of pairs are: comparisons x pairs."""
    places: NDArray[np.int32] = np.add(levels.T, model.offsets, dtype=np.int32)
    return places


def probability(weight: Weights) -> Weights:
    """Turn bits into a probability."""
    return 1 / (1 + np.exp2(-weight))


def _add_rarity(
    weights: NDArray[np.float32], pairs: PairLevels, prepared: Prepared, model: MatchModel, shares: NDArray[np.float32] | None
) -> None:
    """Add what a level is worth more because the value is rare, or less because it is common, in bits, to the weights
    (comparisons x pairs); `shares` is what `rarities` gives, where that is made already.
    """
    tables = model.rarity
    comparisons, width = tables.field.shape
    levels = _levels(pairs.levels, model)
    (entry,) = (tables.field.ravel() >= 0).take(levels).ravel().nonzero()
    if not len(entry):
        return
    pair = entry - entry // weights.shape[1] * weights.shape[1]
    at = levels.ravel().take(entry)
    field = tables.field.ravel().take(at)
    if shares is None:
        shares = rarities(prepared, model, np.flatnonzero(np.bincount(field)).tolist())
    flat, wide = shares.ravel(), np.int64(shares.shape[1])
    # What is common on one side is common.
    share = np.maximum(flat.take(pairs.left.take(pair) * wide + field), flat.take(pairs.right.take(pair) * wide + field))
    stratum = pairs.strata.take(pair) * np.int32(comparisons * width) + at
    bits = tables.usual.ravel().take(stratum) - share
    # What one entity alone has is no reason for doubt, however few records there are to tell by. However common a value
    # is, that both have it says no less than a lower level at which rarity does not count.
    least = np.where(share <= tables.rest.take(field), np.float32(0), tables.least.ravel().take(stratum))
    bits = np.minimum(np.maximum(bits, least), tables.most.ravel().take(at))
    bits[share == -np.inf] = 0
    weights.reshape(-1)[entry] += summable(bits)


def rarities(prepared: Prepared, model: MatchModel, fields: Sequence[int] | None = None) -> NDArray[np.float32]:
    """Give the share of records that have each row's value, as log2 (rows x fields of the rarity tables, -inf where a value
    is missing). With `fields`, their places, only these are filled in.
    """
    names = model.rarity.fields
    wanted = range(len(names)) if fields is None else fields
    if prepared.met is not None:
        return _rarities_of_few(prepared.met, model, wanted)
    spread = each if fields is None else map
    made = list(spread(lambda place: _shares(prepared, model, names[place]), wanted))
    shares = np.zeros((prepared.size, len(names)), np.float32)

    def fill(rows: slice) -> None:
        for place, (codes, known) in zip(wanted, made, strict=True):
            shares[rows, place] = known.take(codes[rows], mode="wrap")

    each(fill, spans(prepared.size, ROWS_AT_ONCE))
    return shares


def _rarities_of_few(table: MetTable, model: MatchModel, wanted: Sequence[int]) -> NDArray[np.float32]:
    shares = np.zeros((table.codes.shape[1], len(model.rarity.fields)), np.float32)
    for place in wanted:
        name = model.rarity.fields[place]
        field = table.field[name]
        codes = table.codes[field]
        shares[:, place] = np.where(codes < 0, _NEVER, model.terms.bits_of_met(name, table.column(field)).take(codes))
    return shares


_NEVER: Final = np.float32(-np.inf)


def _shares(prepared: Prepared, model: MatchModel, name: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Give the value of each row (its code), and the share of records that have each value."""
    column = prepared.columns[name]
    return column.codes, model.terms.bits(name, column)


def find_vetoes(levels: Levels, model: MatchModel) -> NDArray[np.uint32]:
    """Give the vetoes that hold for each row of levels."""
    said = np.bitwise_or.reduce(model.vetoes.ravel().take(_levels(levels, model)), axis=0)
    found: NDArray[np.uint32] = (said & ~(said >> np.uint64(EXCUSED))).astype(np.uint32)
    return found
