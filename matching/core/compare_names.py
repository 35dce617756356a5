"""Comparators of names: of persons in their parts, of organisations by their words."""

from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from golden_records.standardising.words import GROUP_WORDS, NICKNAMES
from matching.core.columns import Column, Hashes, encode, join, mix
from matching.core.compare_plain import shared_weight, word_weights
from matching.core.folding import replace
from matching.core.grades import CLOSE, DIFFERENT, MISSING, SAME, SIMILAR, Levels, Operands, Rows, text_grades

COMPATIBLE: Final = CLOSE
"""A nickname or an initial counts as close."""


def person_name(pair: Operands) -> Levels:
    """Compare given and family name together, also swapped. Fields: given name, family name, both under one dictionary.

    Levels: 1 both differ, 2 only the given name agrees, 3 only the family name agrees, 4 one is alike and the other
    missing, 5 one is the same and the other missing, 6 both alike, 7 one the same and the other close, 8 swapped,
    9 both the same.
    """
    given = given_grades(pair)
    family = family_grades(pair)
    levels = _PERSON[given, family]
    asked = np.flatnonzero((given <= SIMILAR) & (family <= SIMILAR))
    levels[asked] = np.maximum(levels[asked], _swapped(pair.at(asked)))
    return levels


def _person_table() -> NDArray[np.uint8]:
    table = np.zeros((5, 5), np.uint8)
    for given in range(5):
        for family in range(5):
            table[given, family] = _person_level(given, family)
    return table


def _person_level(given: int, family: int) -> int:
    low, high = min(given, family), max(given, family)
    if low == MISSING:
        return {MISSING: 0, DIFFERENT: 1, SIMILAR: 4, CLOSE: 4, SAME: 5}[high]
    if low == DIFFERENT:
        return 1 if high == DIFFERENT else 2 if given > family else 3
    if low == SAME:
        return 9
    return 7 if (low, high) in {(CLOSE, SAME), (CLOSE, CLOSE)} else 6


_PERSON: Final = _person_table()


def _swapped(pair: Operands) -> Levels:
    """Grade given against family names: 8 when both agree crosswise, 4 when one does and the other is missing, else 0."""
    given, family = pair.columns
    union, as_given, as_family = given.feature(f"with {pair.names[1]}", lambda column: _union(column, family))
    mine, yours = pair.codes(0)
    mine_family, yours_family = pair.codes(1)
    here = text_grades(union, as_given[mine], as_family[yours_family])
    there = text_grades(union, as_family[mine_family], as_given[yours])
    low, high = np.minimum(here, there), np.maximum(here, there)
    return np.select([low >= SIMILAR, (low == MISSING) & (high >= CLOSE)], [8, 4], 0).astype(np.uint8)


def _union(given: Column, family: Column) -> tuple[Column, Rows, Rows]:
    """Put two columns' values under one dictionary: that column, and the new code of each old one (-1 stays)."""
    size = given.size
    every = join(given.with_codes(np.arange(size, dtype=np.int32)), family.with_codes(np.arange(family.size, dtype=np.int32)))
    missing = np.int32(-1)
    return every, np.append(every.codes[:size], missing), np.append(every.codes[size:], missing)


def given_grades(pair: Operands) -> Levels:
    """Grade given names: an initial, a nickname or one of several given names is close."""
    column, (one, other) = pair.columns[0], pair.codes(0)
    grades = pair.grades(0)
    asked = np.flatnonzero((grades == DIFFERENT) | (grades == SIMILAR))
    if not len(asked):
        return grades
    left, right = one[asked], other[asked]
    tokens = column.tokens
    first = column.feature("initial", _initials)
    initial = (first[left] == first[right]) & ((column.lengths[left] == 1) | (column.lengths[right] == 1))
    several = (tokens.counts[left] > 1) | (tokens.counts[right] > 1)
    part = np.zeros(len(asked), np.bool_)
    part[several] = _share_word(column, left[several], right[several])
    sense = column.feature("nicknames", _nickname_groups)
    nickname = (sense[left][:, :, None] == sense[right][:, None, :]).any(axis=(1, 2))
    grades[asked[initial | part | nickname]] = COMPATIBLE
    return grades


def family_grades(pair: Operands) -> Levels:
    """Grade family names: one part of a double name is close."""
    column, (one, other) = pair.columns[1], pair.codes(1)
    grades = pair.grades(1)
    asked = np.flatnonzero((grades == DIFFERENT) | (grades == SIMILAR))
    if not len(asked):
        return grades
    tokens = column.tokens
    left, right = one[asked], other[asked]
    several = np.flatnonzero((tokens.counts[left] > 1) | (tokens.counts[right] > 1))
    several = several[_share_word(column, left[several], right[several])]
    grades[asked[several]] = COMPATIBLE
    return grades


def _share_word(column: Column, one: Rows, other: Rows) -> NDArray[np.bool_]:
    long = np.append((column.tokens.words.lengths > 2).astype(np.float32), np.float32(0))  # noqa: PLR2004 - particles
    return shared_weight(column, long, one, other) > 0


def _initials(column: Column) -> NDArray[np.uint8]:
    data, offsets = column.buffer
    return data[offsets[:-1]]


@lru_cache(maxsize=1)
def _nickname_numbers() -> dict[str, tuple[int, ...]]:
    # Every full name is a number; a short form has the numbers of all names that it may stand for.
    numbers: dict[str, int] = {}
    senses: dict[str, set[int]] = {}
    for short in sorted(NICKNAMES):
        for full in sorted(NICKNAMES[short]):
            number = numbers.setdefault(full, len(numbers))
            senses.setdefault(short, set()).add(number)
            senses.setdefault(full, set()).add(number)
    return {name: tuple(sorted(found)) for name, found in senses.items()}


_MOST_SENSES: Final = 8


def _nickname_groups(column: Column) -> NDArray[np.int32]:
    numbers = _nickname_numbers()
    # Unknown names get numbers of their own, different on each side of a pair: no two share one.
    groups = -1 - np.arange(len(column.values) * _MOST_SENSES, dtype=np.int32).reshape(-1, _MOST_SENSES)
    for code, name in enumerate(column.strings):
        senses = numbers.get(name, ())[:_MOST_SENSES]
        groups[code, : len(senses)] = senses
    return groups


_ALIKE_WORDS: Final = 0.4
_FEW_BITS: Final = 0.2


def organisation_name(pair: Operands) -> Levels:
    """Compare names by their words, rare ones counting more; the fields are tried in turn (legal name, trade name).

    Levels: 1 different, or with different numbers; 2 a part in common; 3 one within the other, or its initials; 4 the same
    but for words by which companies of one group are told apart; 5 alike but for one word's spelling or weak words; 6 same
    words in another order or joined; 7 same.
    """
    column = pair.columns[0]
    left, right = pair.codes(0)
    grades = pair.grades(0)
    levels = np.array([0, 1, 1, 5, 7], np.uint8)[grades]
    asked = np.flatnonzero((grades >= DIFFERENT) & (grades < SAME))
    if len(asked):
        levels[asked] = _by_words(pair, column, left[asked], right[asked], grades[asked])
    return levels


def _by_words(pair: Operands, column: Column, one: Rows, other: Rows, grades: Levels) -> Levels:
    weight, total = word_weights(pair)
    joined = column.feature("joined", _joined_words)
    shared = shared_weight(column, weight, one, other)
    least, most = np.minimum(total[one], total[other]), np.maximum(total[one], total[other])
    within = shared >= (1 - _FEW_BITS * 0.5) * least
    nearly = shared >= (1 - _FEW_BITS) * most
    all_words = shared >= most * 0.999
    levels = np.select(
        [(joined[one] == joined[other]) | all_words, (grades == CLOSE) | nearly, within | _initials_of(column, one, other),
         (shared >= _ALIKE_WORDS * least) | (grades == SIMILAR)], [6, 5, 3, 2], 1,
    ).astype(np.uint8)  # fmt: skip
    spelt = np.flatnonzero((levels < 5) & (shared > 0))  # noqa: PLR2004 - not yet alike
    levels[spelt] = np.maximum(levels[spelt], _one_word_apart(column, one[spelt], other[spelt]))
    group = column.feature("without_group_words", _without_group_words)
    levels[(levels < 6) & (group[one] >= 0) & (group[one] == group[other])] = 4  # noqa: PLR2004 - not the same words
    numbers = column.feature("numbers", _number_codes)
    mine, yours = numbers[one], numbers[other]
    levels[(mine != yours) & (mine >= 0) & (yours >= 0)] = 1
    return levels


def _joined_words(column: Column) -> Rows:
    return encode(pc.replace_substring(column.values, pattern=" ", replacement="")).codes


_GROUP_WORDS: Final = rf"\b(?:{'|'.join(sorted(GROUP_WORDS))})\b"


def _without_group_words(column: Column) -> Rows:
    return encode(pc.utf8_trim(replace(replace(column.values, _GROUP_WORDS, ""), " +", " "), " ")).codes


def _number_codes(column: Column) -> Rows:
    return encode(pc.utf8_trim(replace(column.values, "[^0-9]+", " "), " ")).codes


def _initials_of(column: Column, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Say whether one name is the initials of the other's words ('SNCF')."""
    initials = column.feature("initials", _acronyms)
    joined = column.feature("joined_codes", lambda own: own.feature("joined", _joined_words))
    mine, yours = initials[one], initials[other]
    result: NDArray[np.bool_] = ((mine >= 0) & (mine == joined[other])) | ((yours >= 0) & (yours == joined[one]))
    return result


def _acronyms(column: Column) -> Rows:
    """Give the number, among the joined values, of the initials of each value of three words or more."""
    joined = pc.replace_substring(column.values, pattern=" ", replacement="")
    letters = replace(column.values, r"([a-z0-9])[a-z0-9]*\s?", r"\1")
    dictionary = joined.dictionary_encode().dictionary
    place = pc.index_in(letters, value_set=dictionary).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return np.where(column.tokens.counts >= 3, place, np.int32(-1))  # noqa: PLR2004 - two letters say nothing


def _one_word_apart(column: Column, one: Rows, other: Rows) -> Levels:
    """Give 5 where each name has one word of its own and the two are alike, else 0."""
    left, right = column.tokens.places[:, one], column.tokens.places[:, other]
    mine, yours = _own_word(left, right), _own_word(right, left)
    single = np.flatnonzero((mine >= 0) & (yours >= 0))
    levels = np.zeros(len(one), np.uint8)
    words = column.tokens.words
    grades = text_grades(words, mine[single], yours[single])
    first = words.feature("initial", _initials)
    short = (words.lengths[mine[single]] == 1) | (words.lengths[yours[single]] == 1)
    initial = short & (first[mine[single]] == first[yours[single]])
    levels[single[(grades >= SIMILAR) | initial | _abbreviated(words, mine[single], yours[single])]] = 5
    return levels


def _abbreviated(words: Column, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Say whether one word is the beginning, of three letters or more, of the other."""
    begins = words.feature("begins", _beginnings)
    shorter = np.minimum(np.minimum(words.lengths[one], words.lengths[other]), begins.shape[1])
    place = np.maximum(shorter - 1, 0)
    result: NDArray[np.bool_] = (shorter >= 3) & (begins[one, place] == begins[other, place])  # noqa: PLR2004 - three letters
    return result


_LONGEST_BEGINNING: Final = 8


def _beginnings(words: Column) -> Hashes:
    """Hash the first 1, 2, ... letters of each word, as far as it has them."""
    data, offsets = words.buffer
    padded = np.append(data, np.zeros(_LONGEST_BEGINNING, np.uint8))
    place = np.minimum(offsets[:-1, None] + np.arange(_LONGEST_BEGINNING), offsets[1:, None])
    letters = np.where(place < offsets[1:, None], padded[place], np.uint8(0)).astype(np.uint64)
    numbers = np.add(letters * np.uint64(31), np.arange(_LONGEST_BEGINNING, dtype=np.uint64), dtype=np.uint64)
    return np.cumsum(mix(numbers), axis=1, dtype=np.uint64)


def _own_word(mine: Rows, yours: Rows) -> Rows:
    """Give the one word (of words x pairs) that only the first has, or -1 where it is none or several."""
    count = np.zeros(mine.shape[1], np.uint8)
    word = np.full(mine.shape[1], -1, np.int32)
    for here in mine:
        own = here >= 0
        for there in yours:
            own &= here != there
        count += own
        word[own] = here[own]
    word[count != 1] = -1
    return word
