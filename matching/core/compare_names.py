"""Comparator of names by their words: of organisations, projects, products."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from golden_records.standardising.words import GROUP_WORDS, NAME_PARTICLES
from matching.core.columns import Column
from matching.core.compare_plain import shared_weight, word_weights
from matching.core.folding import FEW, matches, one_replaced, replace
from matching.core.grades import CLOSE, DIFFERENT, SAME, SIMILAR, Levels, Operands, Rows, grade_of_texts, text_grades
from matching.core.hashing import Hashes, hash_texts, mix
from matching.core.phonetic import sound_alike
from matching.core.texts import Bytes, Places, buffer_of, text_buffer

_ALIKE_WORDS: Final = 0.4
_FEW_BITS: Final = 0.2
_ROUNDED: Final = 0.01
"""Bits that rounding of weights may take from a sum."""


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
    (asked,) = ((grades >= DIFFERENT) & (grades < SAME)).nonzero()
    if len(asked):
        levels[asked] = _by_words(pair, column, left[asked], right[asked], grades[asked])
    return levels


def _by_words(pair: Operands, column: Column, one: Rows, other: Rows, grades: Levels) -> Levels:
    weight, total = word_weights(pair)
    forms = column.of_each("forms of names", _name_forms)
    mine, yours = forms[one], forms[other]
    same, told = (mine == yours).T, ((mine != _NONE) & (yours != _NONE)).T
    shared = shared_weight(column, weight, one, other)
    least, most = np.minimum(total[one], total[other]), np.maximum(total[one], total[other])
    within = shared + _ROUNDED >= (1 - _FEW_BITS * 0.5) * least
    nearly = shared + _ROUNDED >= (1 - _FEW_BITS) * most
    all_words = shared >= most * 0.999
    levels = np.ones(len(one), np.uint8)
    levels[(shared >= _ALIKE_WORDS * least) | (grades == SIMILAR)] = 2
    levels[within | _initials_of(column, one, other)] = 3
    levels[(grades == CLOSE) | nearly] = 5
    levels[same[_JOINED] | all_words] = 6
    (spelt,) = ((levels < 5) & (shared > 0)).nonzero()  # noqa: PLR2004 - not yet alike
    levels[spelt] = np.maximum(levels[spelt], _one_word_apart(column, one[spelt], other[spelt]))
    levels[(levels < 6) & same[_GROUP] & told[_GROUP]] = 4  # noqa: PLR2004 - not the same words
    levels[~same[_NUMBERS] & told[_NUMBERS]] = 1
    return levels


_JOINED, _GROUP, _NUMBERS = range(3)


def _name_forms(column: Column) -> Hashes:
    """Hash each value's words joined, its words but for those that tell companies of one group apart, and its numbers."""
    if column.size <= FEW:
        texts = column.strings
        made = [*(text.replace(" ", "") for text in texts), *map(_only_own_words, texts), *map(_only_numbers, texts)]
        return _hashes_of(*buffer_of(made)).reshape(3, -1).T
    return np.stack([_joined_words(column), _without_group_words(column), _numbers(column)], axis=1)


_NONE: Final = np.uint64(0)
"""The hash of nothing."""


def _hashes(values: pa.StringArray) -> Hashes:
    return _hashes_of(*text_buffer(values))


def _hashes_of(data: Bytes, offsets: Places) -> Hashes:
    return np.where(np.diff(offsets) == 0, _NONE, hash_texts(data, offsets))


def _hashes_where(column: Column, mask: pa.BooleanArray, make: Callable[[pa.StringArray], pa.StringArray]) -> Hashes:
    """Hash what `make` makes of the values of the mask, and all others as they are."""
    chosen = mask.to_numpy(zero_copy_only=False)
    hashes = column.hashes.copy()
    hashes[chosen] = _hashes(make(column.values.filter(mask)))
    return hashes


def _joined_words(column: Column) -> Hashes:
    spaced = pc.match_substring(column.values, " ")
    return _hashes_where(column, spaced, lambda values: pc.replace_substring(values, pattern=" ", replacement=""))


_GROUP_WORDS: Final = rf"\b(?:{'|'.join(sorted(GROUP_WORDS))})\b"


def _without_group_words(column: Column) -> Hashes:
    return _hashes_where(column, matches(column.values, _GROUP_WORDS), _no_group_words)


def _no_group_words(values: pa.StringArray) -> pa.StringArray:
    return pc.utf8_trim(replace(replace(values, _GROUP_WORDS, ""), " +", " "), " ")


def _only_own_words(text: str) -> str:
    bare = one_replaced(text, _GROUP_WORDS, "")
    return text if bare == text else one_replaced(bare, " +", " ").strip(" ")


# Roman numbers of one letter are letters more often than numbers.
_ROMAN: Final = ("ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii")
_ANY_ROMAN: Final = rf"\b(?:{'|'.join(_ROMAN)})\b"
_ANY_NUMBER: Final = f"[0-9]|{_ANY_ROMAN}"


def _numbers(column: Column) -> Hashes:
    """Hash the numbers in each text, without leading zeros; numbers up to twelve may be Roman."""
    hashes = np.full(column.size, _NONE)
    mask = matches(column.values, _ANY_NUMBER)
    roman = column.values.filter(mask)
    if pc.any(matches(roman, _ANY_ROMAN)).as_py():
        for number, letters in zip((2, 3, 4, 6, 7, 8, 9, 11, 12), _ROMAN, strict=True):
            roman = replace(roman, rf"\b{letters}\b", str(number))
    digits = replace(replace(roman, "[^0-9]+", " "), r"\b0+([0-9])", r"\1")
    hashes[mask.to_numpy(zero_copy_only=False)] = _hashes(pc.utf8_trim(digits, " "))
    return hashes


def _only_numbers(text: str) -> str:
    if one_replaced(text, _ANY_NUMBER, "") == text:
        return ""
    for number, letters in zip((2, 3, 4, 6, 7, 8, 9, 11, 12), _ROMAN, strict=True):
        text = one_replaced(text, rf"\b{letters}\b", str(number))
    return one_replaced(one_replaced(text, "[^0-9]+", " "), r"\b0+([0-9])", r"\1").strip(" ")


def _initials_of(column: Column, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Say whether one name is the initials of the other's words, all of them or all but particles ('SNCF')."""
    result = np.zeros(len(one), np.bool_)
    lengths = column.lengths
    for mine, yours in ((one, other), (other, one)):
        (short,) = (lengths.take(yours) <= _LONGEST_INITIALS).nonzero()
        if len(short):
            letters = column.of_each("initials of words", _acronyms)[mine[short]]
            joined = column.of_each("forms of names", _name_forms)[yours[short], _JOINED]
            result[short] |= ((letters != _NONE) & (letters == joined[:, None])).any(axis=1)
    return result


_SMALL: Final = {*NAME_PARTICLES, "et", "and", "und", "of", "for", "the", "pour", "aux", "au", "a", "en"}
_SMALL_WORDS: Final = rf"\b(?:{'|'.join(sorted(_SMALL))})\b ?"


def _acronyms(column: Column) -> Hashes:
    """Hash the initials of all words of each value, and of those that are no particles (values x 2); three letters or more."""
    hashes = np.full((column.size, 2), _NONE)
    (several,) = (column.tokens.counts >= _INITIALS_FROM).nonzero()
    values = column.values.take(pa.array(several))
    named = replace(replace(values, _SMALL_WORDS, ""), _WORD, r"\1")
    enough = pc.greater_equal(pc.binary_length(named), _INITIALS_FROM).to_numpy(zero_copy_only=False)
    hashes[several, 0] = _hashes(replace(values, _WORD, r"\1"))
    hashes[several, 1] = np.where(enough, _hashes(named), _NONE)
    return hashes


_INITIALS_FROM: Final = 3
_LONGEST_INITIALS: Final = 12
"""Letters of initials at most, spaces between them included."""
_WORD: Final = r"([a-z0-9])[a-z0-9]*\s?"


def _one_word_apart(column: Column, one: Rows, other: Rows) -> Levels:
    """Give 5 where each name has one word of its own and the two are written or sound alike, else 0."""
    if len(one) <= _VERY_FEW:
        return _each_one_word_apart(column, one, other)
    mine, yours = _own_words(column.tokens.words_of(one), column.tokens.words_of(other))
    (single,) = ((mine >= 0) & (yours >= 0)).nonzero()
    levels = np.zeros(len(one), np.uint8)
    words = column.tokens.words
    mine, yours = mine[single], yours[single]
    grades = text_grades(words, mine, yours)
    alike = (grades >= SIMILAR) | _abbreviated(words, mine, yours)
    (asked,) = (~alike).nonzero()
    alike[asked] = sound_alike(words, mine[asked], yours[asked])
    levels[single[alike]] = 5
    return levels


def _each_one_word_apart(column: Column, one: Rows, other: Rows) -> Levels:
    """Compare very few pairs as `_one_word_apart` does many, one by one."""
    words, levels = column.tokens.words, np.zeros(len(one), np.uint8)
    sides = zip(column.tokens.words_of(one).T.tolist(), column.tokens.words_of(other).T.tolist(), strict=True)
    own = [(place, _word_of_one(mine, yours), _word_of_one(yours, mine)) for place, (mine, yours) in enumerate(sides)]
    single = [each for each in own if each[1] >= 0 and each[2] >= 0]
    if not single:
        return levels
    place, mine, yours = np.array(single, np.int32).T
    texts = zip(words.picked(mine).tolist(), words.picked(yours).tolist(), strict=True)
    alike = np.array([grade_of_texts(*pair) >= SIMILAR or _is_abbreviated(*pair) for pair in texts], np.bool_)
    (asked,) = (~alike).nonzero()
    alike[asked] = sound_alike(words, mine[asked], yours[asked])
    levels[place[alike]] = 5
    return levels


def _is_abbreviated(one: str, other: str) -> bool:
    left, right = one.encode(), other.encode()
    shorter = min(len(left), len(right), _LONGEST_BEGINNING)
    return (shorter == 1 or shorter >= 3) and left[:shorter] == right[:shorter]  # noqa: PLR2004 - as below


def _abbreviated(words: Column, one: Rows, other: Rows) -> NDArray[np.bool_]:
    """Say whether one word is the other's initial, or its beginning of three letters or more."""
    begins = words.of_each("begins", _beginnings)
    shorter = np.minimum(np.minimum(words.lengths[one], words.lengths[other]), begins.shape[1])
    place = np.maximum(shorter - 1, 0)
    result: NDArray[np.bool_] = ((shorter == 1) | (shorter >= 3)) & (begins[one, place] == begins[other, place])  # noqa: PLR2004
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


def _own_words(left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Give the one word (of words x pairs) that only the left has, and the one that only the right has, or -1 where it is none or
    several.
    """
    if left.shape[1] <= _FEW_PAIRS:
        same = left[:, None] == right
        return _only_one(np.where(same.any(axis=1), _NO_WORD, left)), _only_one(np.where(same.any(axis=0), _NO_WORD, right))
    mine, yours = left.copy(), right.copy()
    for word, own in zip(right, yours, strict=True):
        same = left == word
        np.copyto(mine, _NO_WORD, where=same)
        np.copyto(own, _NO_WORD, where=np.logical_or.reduce(same))
    return _only_one(mine), _only_one(yours)


_FEW_PAIRS: Final = 128
"""Pairs up to which to compare all words with all in one go fits the processor's cache."""


_VERY_FEW: Final = 16
"""Pairs up to which Python's lists are faster."""
_NO_WORD: Final = np.int32(-1)


def _word_of_one(mine: list[int], yours: list[int]) -> int:
    own = [word for word in mine if word >= 0 and word not in yours]
    return own[0] if len(own) == 1 else -1


def _only_one(words: Rows) -> Rows:
    word: Rows = words.max(axis=0)
    word[(words >= 0).sum(axis=0, dtype=np.uint8) != 1] = _NO_WORD
    return word
