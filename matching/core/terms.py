"""Term frequencies: how common a value or a word is, kept in the model so that every road weighs it alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from golden_records.standardising.words import WEAK_ORGANISATION_WORDS
from matching.core.columns import Column
from matching.core.hashing import Hashes, hash_texts
from matching.core.met import Kept
from matching.core.met_columns import MetColumn
from matching.core.sorting import first_of_runs, sorted_unique
from matching.core.texts import text_buffer

WEAK_WORD: Final = 0.25
"""What a word such as 'group' counts, beside another that is as rare."""
FEWEST_PLACES, PLACE_SHARE = 3, 0.25
"""How often, and in what share of its names, a word must be the own town's for it to count as a place."""
RAREST: Final = 0.02
"""The least that a value seen once counts as, of a record."""
UNSEEN: Final = 1e-4
"""The share of a value of which nothing is known."""


@dataclass(frozen=True)
class TermTable:
    """Frequencies of the values that occur more than once: sorted hashes and shares; `rest` for all others."""

    hashes: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    shares: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    rest: float = UNSEEN
    kept: Kept = field(default_factory=dict, compare=False, repr=False)
    """What each word met counts by this table."""

    def __getstate__(self) -> dict[str, object]:
        """Give what makes up the table; what each process knows of texts by it stays there."""
        return {**self.__dict__, "kept": {}}

    def look_up(self, hashes: Hashes) -> NDArray[np.float64]:
        """Give the share of records that have each value."""
        if not len(self.hashes):
            return np.full(len(hashes), self.rest)
        place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[place] == hashes, self.shares[place], self.rest)

    def weigh(self, words: Column) -> NDArray[np.float32]:
        """Give what each of some words counts: the bits of its rarity, less for weak words."""
        bits = -np.log2(np.minimum(self.look_up(words.hashes), 0.5))
        weak = weak_words()
        place = np.minimum(np.searchsorted(weak, words.hashes), len(weak) - 1)
        weights = np.where(weak[place] == words.hashes, bits * WEAK_WORD, bits)
        # Sums of such numbers are exact: the order of the words is no part of them.
        return (np.rint(weights * _PER_BIT) / _PER_BIT).astype(np.float32)

    @cached_property
    def sameness(self) -> float:
        """The chance that two records that have a value have the same one."""
        return float((self.shares**2).sum())

    @classmethod
    def count(cls, hashes: Hashes, counts: NDArray[np.int64]) -> "TermTable":
        """Make the table of values that occur so often.

        What occurs once is rarer than once in so many: its share is that of Good and Turing (Good 1953), which asks
        how many values there are that a second one shares.
        """
        total = max(int(counts.sum()), 1)
        often = counts > 1
        order = np.argsort(hashes[often])
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())  # noqa: PLR2004 - twice
        again = min(2 * (twice + 0.5) / (once + 1), 1.0)
        return cls(hashes[often][order], counts[often][order] / total, max(again, RAREST) / total)


@dataclass(frozen=True, slots=True)
class Entities:
    """Which rows seem to be one: a number per row that they share (`labels`), and the rows that share theirs (`shared`), by it."""

    labels: NDArray[np.int64]
    shared: NDArray[np.int64]

    @classmethod
    def of(cls, labels: NDArray[np.int64]) -> "Entities":
        """Find the rows that share their number."""
        shared = np.flatnonzero((np.bincount(labels) > 1)[labels])
        return cls(labels, shared[np.argsort(labels[shared], kind="stable")])


_EMPTY: Final = TermTable()
_PER_BIT: Final = 65_536.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The term tables of a model: of values and of words, by field."""

    values: Mapping[str, TermTable] = field(default_factory=dict)
    words: Mapping[str, TermTable] = field(default_factory=dict)

    def bits(self, name: str, column: Column) -> NDArray[np.float32]:
        """Give the share of records that have each distinct value of a field, as log2, and -inf for a missing one."""
        table = self.values.get(name, _EMPTY)
        # The table is kept with what it gave: as long as that is known, no other table has its number.
        _, bits = column.feature(f"bits {id(table)}", lambda own: (table, _with_missing(np.log2(table.look_up(own.hashes)))))
        return bits  # type: ignore[no-any-return]

    def bits_of_met(self, name: str, column: MetColumn) -> NDArray[np.float32]:
        """Give the share of records that have each text of a field of few rows, as log2, by its place among those met."""
        table = self.values.get(name, _EMPTY)
        return column.told("bits", lambda own: np.log2(table.look_up(own.hashes)).astype(np.float32), table.kept)  # type: ignore[no-any-return]

    def word_weights(self, name: str, column: Column) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give what each word of a column counts, the bits of its rarity, less for weak words, and 0 for none; and their sum
        per value.
        """
        table = self.words.get(name, _EMPTY)
        return column.tokens.weighed("weight", table.weigh, table.kept)


def _with_missing(bits: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.append(bits, -np.inf).astype(np.float32)


def value_terms(column: Column, entities: Entities | None = None) -> TermTable:
    """Count how many records, or how many entities where these are given, have each value of a column.

    Among entities is what counts: a name that many records of one firm have is no common name.
    """
    width = len(column.values)
    # A place for the missing value, -1, comes first.
    counts = np.bincount(column.codes + 1, minlength=width + 1)
    if entities is not None:
        codes = column.codes[entities.shared]
        pairs = entities.labels[entities.shared] * np.int64(width + 1) + (codes + 1)
        # Nearly in order: what the stable sort does in no time.
        pairs.sort(kind="stable")
        counts += np.bincount(pairs[first_of_runs(pairs)] % (width + 1), minlength=width + 1)
        counts -= np.bincount(codes + 1, minlength=width + 1)
    table = TermTable.count(column.hashes, counts[1:])
    # What was counted here need not be looked up: the same bits as `Terms.bits` gives.
    shares = np.where(counts[1:] > 1, counts[1:] / max(int(counts[1:].sum()), 1), table.rest)
    column.feature(f"bits {id(table)}", lambda _: (table, _with_missing(np.log2(shares))))
    return table


def word_terms(column: Column, entities: Entities | None = None, weak: NDArray[np.bool_] | None = None) -> TermTable:
    """Count in how many distinct values of a column each word is, or in the values of how many entities.

    Distinct values, not records: a name that many records have counts once. Words marked as weak (places) are made
    out to be common, so that they weigh a quarter.
    """
    tokens, width = column.tokens, max(len(column.tokens.words.values), 1)
    if entities is None:
        units, words = len(column.values), tokens.ids[tokens.ids >= 0]
    else:
        known = column.codes >= 0
        pair = sorted_unique(entities.labels[known] * np.int64(max(len(column.values), 1)) + column.codes[known])
        entity, value = np.divmod(pair, max(len(column.values), 1))
        ids = tokens.ids[value]
        spread = sorted_unique((entity[:, None] * width + ids)[ids >= 0])
        units, words = len(np.unique(entity)), spread % width
    counts = np.bincount(words, minlength=len(tokens.words.values))
    often = counts > 1
    order = np.argsort(tokens.words.hashes[often])
    shares = counts[often][order] / max(units, 1)
    if weak is not None:
        shares = np.where(weak[often][order], shares**WEAK_WORD, shares)
    return TermTable(tokens.words.hashes[often][order], shares, 1 / max(units, 1))


def place_words(names: Column, towns: Column) -> NDArray[np.bool_]:
    """Mark the words of names that mostly are the name of the record's own town: 'London Plumbing' in London.

    Such a word says where the firm is, which the address says already.
    """
    rows = np.flatnonzero((names.codes >= 0) & (towns.codes >= 0))
    pair = sorted_unique(names.codes[rows] * np.int64(max(len(towns.values), 1)) + towns.codes[rows])
    name, town = np.divmod(pair, max(len(towns.values), 1))
    ids = names.tokens.ids[name]
    mine = np.append(names.tokens.words.hashes, np.uint64(0))[ids]
    theirs = np.append(towns.tokens.words.hashes, np.uint64(1))[towns.tokens.ids[town]]
    own = np.zeros(ids.shape, np.bool_)
    for place in range(theirs.shape[1]):
        own |= mine == theirs[:, place, None]
    width = len(names.tokens.words.values)
    found = np.bincount(ids[own & (ids >= 0)], minlength=width)
    return (found >= FEWEST_PLACES) & (found >= PLACE_SHARE * np.bincount(ids[ids >= 0], minlength=width))


@lru_cache(maxsize=1)
def weak_words() -> Hashes:
    """Give the hashes of the words of organisation names that come and go."""
    return np.sort(hash_texts(*text_buffer(pa.array(sorted(WEAK_ORGANISATION_WORDS)))))
