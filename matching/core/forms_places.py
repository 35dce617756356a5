"""Forms of places: towns, streets and house numbers."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from golden_records.standardising.words import STREET_TYPES
from matching.core.folding import empty_is_null, known, replace, replace_where, text
from matching.core.texts import DIGITS, first_run


def city(values: pa.StringArray) -> pa.StringArray:
    """A town without district numbers and delivery words; 'saint' in its short form."""
    bare = replace(replace(text(values), r"\b(?:cedex|[0-9]+(?:er|e|eme)?)\b", ""), r"\bsainte?\b", "st")
    return known(pc.utf8_trim(replace(bare, " {2,}", " "), " "))


def street(values: pa.StringArray) -> pa.StringArray:
    """The lines of an address, folded, street words in full, the house number and all that follows it kept."""
    return _by_words(text(values), _street_word)


def street_name(values: pa.StringArray) -> pa.StringArray:
    """The street without numbers."""
    return _by_words(text(values), _word_of_name)


_SHORT_TYPES: Final = {short: full for short, full in STREET_TYPES.items() if len(short) > 1 or short == "r"}
_MOST_WORDS: Final = 1 << 16
_HOUSE: Final = re.compile(r"[0-9]+[a-z]?")
_ENDING: Final = re.compile(r"([a-z]{3,})str")


@lru_cache(maxsize=_MOST_WORDS)
def _street_word(word: str) -> str:
    full = _SHORT_TYPES.get(word)
    if full is not None:
        return full
    joined = _ENDING.fullmatch(word)
    return f"{joined[1]}strasse" if joined else word


@lru_cache(maxsize=_MOST_WORDS)
def _word_of_name(word: str) -> str:
    return "" if _HOUSE.fullmatch(word) else _street_word(word)


def _by_words(folded: pa.StringArray, change: Callable[[str], str]) -> pa.StringArray:
    """Change texts word by word, each distinct word once; a word that becomes empty goes."""
    split = pc.split_pattern(pc.fill_null(folded, ""), " ")
    words = split.flatten().dictionary_encode()
    changed = pa.array([change(word) for word in words.dictionary.to_pylist()], pa.string())
    joined = pc.binary_join(pa.ListArray.from_arrays(split.offsets, changed.take(words.indices)), " ")
    doubled = pc.or_(pc.match_substring(joined, "  "), pc.match_substring_regex(joined, "^ | $"))
    return empty_is_null(pc.utf8_trim(replace_where(joined, doubled, " {2,}", " "), " "))


def house_number(values: pa.StringArray) -> pa.StringArray:
    """The first number of an address."""
    return empty_is_null(first_run(values, DIGITS))
