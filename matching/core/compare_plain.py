"""Comparators of single values: texts, numbers, dates, telephone numbers, e-mail addresses, lists."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler
from rapidfuzz.process import cpdist

from matching.core.columns import Column
from matching.core.compare_codes import code
from matching.core.grades import (
    CLOSE,
    DIFFERENT,
    SAME,
    SIMILAR,
    Levels,
    Operands,
    distinct_pairs,
)
from matching.core.hashing import Hashes, hash_texts
from matching.core.texts import text_buffer


def exact(pair: Operands) -> Levels:
    """Different, same."""
    grades = pair.equality(0)
    return np.where(grades == SAME, np.uint8(2), grades)


def text(pair: Operands) -> Levels:
    """Different, similar, close, same."""
    return pair.grades(0)


def damerau_levenshtein(pair: Operands) -> Levels:
    """More than two edits, two, one, same; two letters exchanged are one edit."""

    def graded(one: Texts, other: Texts) -> NDArray[np.int32]:
        edits = cpdist(one, other, scorer=DamerauLevenshtein.distance, score_cutoff=2, dtype=np.int32)
        few: NDArray[np.int32] = np.int32(3) - np.minimum(edits, np.int32(3))
        return few

    return _by_measure(pair, graded)


def jaro_winkler(pair: Operands) -> Levels:
    """Different, similar (0.88 or more), close (0.94), same: for short texts whose beginning is the surest part."""

    def graded(one: Texts, other: Texts) -> NDArray[np.int32]:
        # Rounded, so that the order of the two is no part of the result.
        likeness = np.round(cpdist(one, other, scorer=JaroWinkler.similarity, dtype=np.float64), 6)
        return (likeness >= _JARO_SIMILAR).astype(np.int32) + (likeness >= _JARO_CLOSE)

    return _by_measure(pair, graded)


Texts = NDArray[np.object_]
_JARO_SIMILAR, _JARO_CLOSE = 0.88, 0.94


def _by_measure(pair: Operands, measure: Callable[[Texts, Texts], NDArray[np.int32]]) -> Levels:
    """Grade what is not the same by how alike the texts are, 0 to 2, each pair of distinct texts once."""
    column, (left, right) = pair.columns[0], pair.codes(0)
    levels = pair.equality(0)
    (asked,) = (levels == DIFFERENT).nonzero()
    if len(asked):
        (low, high), place = distinct_pairs(column, left[asked], right[asked])
        levels[asked] += measure(column.picked(low), column.picked(high)).astype(np.uint8)[place]
    return levels


def phone(pair: Operands) -> Levels:
    """Different, same exchange (all but the last two digits), one digit off, same."""
    column = pair.columns[0]
    levels = code(pair)
    levels = np.where(levels >= 2, levels + np.uint8(1), levels)  # noqa: PLR2004 - room for the exchange
    exchange = column.of_each("exchange", _exchanges)
    (asked,) = (levels == DIFFERENT).nonzero()
    left, right = pair.codes(0)
    same = exchange[left[asked]] == exchange[right[asked]]
    levels[asked[same]] = 2
    return levels


def _exchanges(column: Column) -> Hashes:
    return hash_texts(*text_buffer(pc.utf8_slice_codeunits(column.values, 0, -2)))


Places = NDArray[np.int64] | NDArray[np.int32]
_DAY: Final = 8


def _digits(column: Column) -> NDArray[np.uint8]:
    data, _ = column.buffer
    return data.reshape(-1, _DAY)


def _days(column: Column) -> NDArray[np.int32]:
    """Count days roughly: damaged dates (a 13th month) have their place too."""
    digits = _digits(column).astype(np.int32) - ord("0")
    year = digits[:, :4] @ np.array([1000, 100, 10, 1], np.int32)
    return (year * 365 + (digits[:, 4] * 10 + digits[:, 5]) * 30 + digits[:, 6] * 10 + digits[:, 7]).astype(np.int32)


def date(pair: Operands) -> Levels:
    """Different, same year or within a year or another year's day, within a month or one part off, one digit off, same."""
    column = pair.columns[0]
    left, right = pair.codes(0)
    levels = pair.equality(0)
    (asked,) = (levels == DIFFERENT).nonzero()
    levels = np.where(levels == SAME, np.uint8(5), levels)
    if not len(asked):
        return levels
    digits = column.of_each("digits", _digits)
    mine, yours = digits[left[asked]], digits[right[asked]]
    differ = mine != yours
    year, month, day = differ[:, :4].any(1), differ[:, 4:6].any(1), differ[:, 6:].any(1)
    swapped = ~year & (mine[:, 4:6] == yours[:, 6:]).all(1) & (mine[:, 6:] == yours[:, 4:6]).all(1)
    wrong = differ.sum(1)
    transposed = (wrong == 2) & (np.sort(mine, axis=1) == np.sort(yours, axis=1)).all(1)  # noqa: PLR2004 - two places
    parts = year.astype(np.uint8) + month + day
    number = column.of_each("days", _days)
    apart = np.abs(number[left[asked]] - number[right[asked]])
    one_off = (wrong == 1) | swapped | transposed
    near = (parts == 1) | (apart <= 31)  # noqa: PLR2004 - a month
    half = ~year | ~(month | day) | (apart <= 400)  # noqa: PLR2004 - a year and a month
    levels[asked] = np.select([one_off, near, half], [4, 3, 2], DIFFERENT)
    return levels


def _numbers(column: Column) -> NDArray[np.float64]:
    return column.values.cast("float64").to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def number(pair: Operands) -> Levels:
    """Different, within a tenth, within a hundredth, same."""
    column = pair.columns[0]
    left, right = pair.codes(0)
    levels = pair.equality(0)
    (asked,) = (levels == DIFFERENT).nonzero()
    if not len(asked):
        return levels
    numbers = column.of_each("number", _numbers)
    mine, yours = numbers[left[asked]], numbers[right[asked]]
    apart = np.abs(mine - yours) / np.maximum(np.maximum(np.abs(mine), np.abs(yours)), 1e-12)
    levels[asked] = np.select([apart == 0, apart <= 0.01, apart <= 0.1], [SAME, CLOSE, SIMILAR], DIFFERENT)  # noqa: PLR2004
    return levels


def email(pair: Operands) -> Levels:
    """Different, same domain, like local part, same local part, close, same. Fields: address, local part, domain."""
    whole = pair.equality(0)
    levels = _EMAIL[pair.grades(1), pair.equality(2)]
    levels[whole != DIFFERENT] = 0
    # Addresses that are close have close local parts: only those are worth comparing whole.
    (alike,) = (levels > 2).nonzero()  # noqa: PLR2004 - a local part alike
    levels[alike[pair.grades_at(0, alike) == CLOSE]] = 5
    levels[whole == SAME] = 6
    return levels


def _email_table() -> NDArray[np.uint8]:
    table = np.ones((SAME + 1, SAME + 1), np.uint8)
    table[:, SAME] = 2
    table[SIMILAR:] = 3
    table[SAME] = 4
    return table


_EMAIL: Final = _email_table()
"""What the grades of local part and domain say of two addresses that are not the same."""


def values(pair: Operands) -> Levels:
    """Nothing in common, something common in common, a fair share, most, all: of lists of values or long texts."""
    column = pair.columns[0]
    left, right = pair.codes(0)
    levels = pair.equality(0)
    (asked,) = (levels == DIFFERENT).nonzero()
    levels = np.where(levels == SAME, np.uint8(5), levels)
    if not len(asked):
        return levels
    weight, total = word_weights(pair)
    (low, high), place = distinct_pairs(column, left[asked], right[asked])
    shared = shared_weight(column, weight, low, high)
    share = shared / np.maximum(np.minimum(total[low], total[high]), 1e-9)
    graded = np.select([share >= 0.8, share >= 0.4, share > 0], [4, 3, 2], 1).astype(np.uint8)  # noqa: PLR2004
    levels[asked] = graded[place]
    return levels


def word_weights(pair: Operands) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the weight of each word of the first column, and 0 for none; and their sum per value."""
    made = pair.terms.word_weights
    found: tuple[NDArray[np.float32], NDArray[np.float32]] = pair.once("word weights", lambda: made(pair.names[0], pair.columns[0]))
    return found


def shared_weight(column: Column, weight: NDArray[np.float32], one: Places, other: Places) -> NDArray[np.float32]:
    """Sum the weights of the words that two values have in common, for pairs of codes."""
    if len(one) <= _FEW_PAIRS:
        return _weighed(column, weight, one, other)
    shared = np.zeros(len(one), np.float32)
    bits = column.of_each("word bits", _word_bits)
    (maybe,) = (bits[one] & bits[other]).nonzero()
    shared[maybe] = _weighed(column, weight, one[maybe], other[maybe])
    return shared


_FEW_PAIRS: Final = 512
"""Pairs up to which finding those that may have a word in common costs more than comparing their words."""


def _weighed(column: Column, weight: NDArray[np.float32], one: Places, other: Places) -> NDArray[np.float32]:
    left, right = column.tokens.words_of(one), column.tokens.words_of(other)
    common = left == right[0]
    for yours in right[1:]:
        common |= left == yours
    # A place without a word, -1, weighs nothing.
    shared: NDArray[np.float32] = (weight[left] * common).sum(axis=0)
    return shared


def _word_bits(column: Column) -> NDArray[np.uint64]:
    """Give one of 64 bits per word of each value: values without a common bit have no common word."""
    tokens = column.tokens
    bit = np.uint64(1) << (tokens.words.hashes >> np.uint64(58))
    result: NDArray[np.uint64] = np.bitwise_or.reduce(np.append(bit, np.uint64(0))[tokens.ids], axis=1)
    return result
