"""Comparator of persons' names: given and family name together, also swapped."""

from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from golden_records.standardising.words import NICKNAMES
from matching.core.columns import Column
from matching.core.compare_plain import shared_weight
from matching.core.encode import join
from matching.core.grades import CLOSE, DIFFERENT, MISSING, SAME, SIMILAR, Levels, Operands, Rows, text_grades
from matching.core.met_columns import MetColumn
from matching.core.phonetic import sound_alike

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
    (asked,) = ((given <= SIMILAR) & (family <= SIMILAR)).nonzero()
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
    union, (mine, yours), (mine_family, yours_family) = _union(pair)
    here = text_grades(union, mine, yours_family)
    there = text_grades(union, mine_family, yours)
    low, high = np.minimum(here, there), np.maximum(here, there)
    return _CROSSWISE[low, high]


def _crosswise_table() -> NDArray[np.uint8]:
    table = np.zeros((SAME + 1, SAME + 1), np.uint8)
    table[MISSING, CLOSE:] = 4
    table[SIMILAR:] = 8
    return table


_CROSSWISE: Final = _crosswise_table()


def _union(pair: Operands) -> tuple[Column, tuple[Rows, Rows], tuple[Rows, Rows]]:
    """Give the column of given and family names, and both sides' codes in it."""
    given, family = pair.columns
    if isinstance(given, MetColumn) and isinstance(family, MetColumn):
        return MetColumn.together([given, family]), pair.codes(0), pair.codes(1)
    union, as_given, as_family = given.feature(f"with {pair.names[1]}", lambda column: _joined(column, family))
    (mine, yours), (mine_family, yours_family) = pair.codes(0), pair.codes(1)
    return union, (as_given[mine], as_given[yours]), (as_family[mine_family], as_family[yours_family])


def _joined(given: Column, family: Column) -> tuple[Column, Rows, Rows]:
    """Put two columns' values under one dictionary: that column, and the new code of each old one (-1 stays)."""
    size = given.size
    every = join(given.with_codes(np.arange(size, dtype=np.int32)), family.with_codes(np.arange(family.size, dtype=np.int32)))
    missing = np.int32(-1)
    return every, np.append(every.codes[:size], missing), np.append(every.codes[size:], missing)


def given_grades(pair: Operands) -> Levels:
    """Grade given names: initials, a nickname or one of several given names is close; one that sounds alike is similar."""
    column, (one, other) = pair.columns[0], pair.codes(0)
    grades = pair.grades(0)
    (asked,) = ((grades == DIFFERENT) | (grades == SIMILAR)).nonzero()
    if not len(asked):
        return grades
    left, right = one[asked], other[asked]
    tokens = column.tokens
    first = column.of_each("initial", _initials)
    initial = (first[left] == first[right]) & ((column.lengths[left] == 1) | (column.lengths[right] == 1))
    letters = column.of_each("initials of given names", _given_initials)
    initial |= (letters[left] == letters[right]) & (letters[left] != 0)
    several = (tokens.counts[left] > 1) | (tokens.counts[right] > 1)
    part = np.zeros(len(asked), np.bool_)
    part[several] = _share_word(column, left[several], right[several])
    sense = column.of_each("nicknames", _senses)
    mine, yours = sense[left][:, :, None], sense[right][:, None, :]
    nickname = ((mine == yours) & (mine >= 0)).any(axis=(1, 2))
    grades[asked[initial | part | nickname]] = COMPATIBLE
    return _heard(column, one, other, grades)


def family_grades(pair: Operands) -> Levels:
    """Grade family names: one part of a double name is close; one that sounds alike is similar."""
    column, (one, other) = pair.columns[1], pair.codes(1)
    grades = pair.grades(1)
    (asked,) = ((grades == DIFFERENT) | (grades == SIMILAR)).nonzero()
    if not len(asked):
        return grades
    tokens = column.tokens
    left, right = one[asked], other[asked]
    (several,) = ((tokens.counts[left] > 1) | (tokens.counts[right] > 1)).nonzero()
    several = several[_share_word(column, left[several], right[several])]
    grades[asked[several]] = COMPATIBLE
    return _heard(column, one, other, grades)


def _heard(column: Column, one: Rows, other: Rows, grades: Levels) -> Levels:
    (asked,) = (grades == DIFFERENT).nonzero()
    grades[asked[sound_alike(column, one[asked], other[asked])]] = SIMILAR
    return grades


def _share_word(column: Column, one: Rows, other: Rows) -> NDArray[np.bool_]:
    return shared_weight(column, column.tokens.words.padded("long", _long), one, other) > 0


def _long(words: Column) -> NDArray[np.bool_]:
    return words.lengths > 2  # noqa: PLR2004 - particles


def _initials(column: Column) -> NDArray[np.uint8]:
    data, offsets = column.buffer
    return data[offsets[:-1]]


def _given_initials(column: Column) -> NDArray[np.int32]:
    """Give the two initials of a double given name as one number ('Jean-Pierre', 'J.-P.', 'JP'); 0 of any other name."""
    data, offsets = column.buffer
    (spaces,) = (data == ord(" ")).nonzero()
    before = np.searchsorted(spaces, offsets)
    double = np.diff(before) == 1
    padded = np.append(data, np.zeros(2, np.uint8)).astype(np.int32)
    behind = np.append(spaces, 0)[before[:-1]] + 1
    second = np.where(double, padded[behind], padded[offsets[:-1] + 1])
    known = double | ((np.diff(before) == 0) & (column.lengths == 2))  # noqa: PLR2004 - two letters
    return np.where(known, padded[offsets[:-1]] * 256 + second, 0).astype(np.int32)


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


def _senses(column: Column) -> NDArray[np.int16]:
    """Give the numbers of the full names that each name may stand for, padded with -1."""
    numbers = _nickname_numbers()
    found = np.full((column.size, _MOST_SENSES), -1, np.int16)
    known = pc.is_in(column.values, value_set=_nicknames()).to_numpy(zero_copy_only=False)
    for code in np.flatnonzero(known).tolist():
        senses = numbers[column.values[code].as_py()][:_MOST_SENSES]
        found[code, : len(senses)] = senses
    return found


@lru_cache(maxsize=1)
def _nicknames() -> pa.StringArray:
    return pa.array(_nickname_numbers())
