"""Forms of places: towns, streets and house numbers."""

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from golden_records.standardising.words import STREET_TYPES
from matching.core.folding import FEW, empty_is_null, known, null_where, replace, replace_each, replace_where, text
from matching.core.texts import DIGITS, few, first_run


def city(values: pa.StringArray) -> pa.StringArray:
    """A town without district numbers and delivery words; 'saint' in its short form."""
    return known(replace_each(text(values), _TOWN))


_TOWN: Final = ((r"\b(?:cedex|[0-9]+(?:er|e|eme)?)\b", ""), (r"\bsainte?\b", "st"), (" {2,}", " "), ("^ +| +$", ""))


def street(values: pa.StringArray) -> pa.StringArray:
    """The lines of an address, folded, street words in full, the house number and all that follows it kept."""
    return _by_words(text(values), _street_words, _street_word)


def street_name(values: pa.StringArray) -> pa.StringArray:
    """The street without numbers."""
    return _by_words(text(values), _words_of_name, _word_of_name)


_SHORT_TYPES: Final = {short: full for short, full in STREET_TYPES.items() if len(short) > 1 or short == "r"}
_SHORT: Final = pa.array(_SHORT_TYPES)
_FULL: Final = pa.array(_SHORT_TYPES.values())


def _street_words(words: pa.StringArray) -> pa.StringArray:
    joined = replace_where(words, pc.ends_with(words, "str"), "^([a-z]{3,})str$", r"\1strasse")
    return pc.coalesce(_FULL.take(pc.index_in(words, value_set=_SHORT)), joined)


def _words_of_name(words: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pc.match_substring_regex(words, "^[0-9]+[a-z]?$"), "", _street_words(words))


def _street_word(word: str) -> str:
    return _SHORT_TYPES.get(word) or (f"{word}asse" if _GERMAN.fullmatch(word) else word)


def _word_of_name(word: str) -> str:
    return "" if _NUMBER_WORD.fullmatch(word) else _street_word(word)


_GERMAN: Final = re.compile("[a-z]{3,}str")
_NUMBER_WORD: Final = re.compile("[0-9]+[a-z]?")


def _by_words(
    folded: pa.StringArray, change: Callable[[pa.StringArray], pa.StringArray], change_one: Callable[[str], str]
) -> pa.StringArray:
    """Change texts word by word, each distinct word once; a word that becomes empty goes. Of few texts one word at a time."""
    if len(folded) <= FEW:
        changed_texts = (" ".join(filter(None, map(change_one, (text or "").split(" ")))) for text in folded.to_pylist())
        return few(folded, [text or None for text in changed_texts])
    split = pc.split_pattern(pc.fill_null(folded, ""), " ")
    words = split.flatten().dictionary_encode()
    changed = change(words.dictionary)
    kept = pc.not_equal(changed, "").take(words.indices)
    before = np.append(0, np.cumsum(kept.to_numpy(zero_copy_only=False), dtype=np.int32))
    left = pa.ListArray.from_arrays(before[split.offsets.to_numpy()], changed.take(words.indices).filter(kept))
    return empty_is_null(pc.binary_join(left, " "))


def house_number(values: pa.StringArray) -> pa.StringArray:
    """The first number of an address."""
    if len(values) <= FEW:
        found = (_DIGITS.search(text or "") for text in values.to_pylist())
        return few(values, [number.group() if number else None for number in found])
    return empty_is_null(first_run(values, DIGITS))


_DIGITS: Final = re.compile("[0-9]+")


def position(values: pa.StringArray) -> pa.StringArray:
    """Latitude and longitude in degrees, one after the other, with decimal points; what is no place on earth is missing, and so is 0 0,
    which programs store for 'not known'.
    """
    bare = replace(pc.utf8_trim_whitespace(values), r"^([-+]?[0-9.,]*[0-9])[ ;,]+([-+]?[0-9.,]+)$", r"\1 \2")
    bare = replace(pc.replace_substring(bare, pattern=",", replacement="."), r"(^| )\+", r"\1")
    there = pc.and_(pc.match_substring_regex(bare, _ON_EARTH), pc.match_substring_regex(bare, "[1-9]"))
    return null_where(bare, pc.invert(there))


_ON_EARTH: Final = r"^-?(?:[0-8]?[0-9](?:\.[0-9]+)?|90(?:\.0+)?) -?(?:(?:1[0-7][0-9]|[0-9]{1,2})(?:\.[0-9]+)?|180(?:\.0+)?)$"
