"""Folding: texts as they are compared whatever they are, in lower case, without accents and punctuation."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from golden_records.standardising.words import PLACEHOLDERS
from matching.core.texts import as_array, few, from_buffer, text_buffer


def _marks() -> str:
    marks = [code for code in range(0x10000) if unicodedata.category(chr(code)).startswith("M")]
    first = [code for code, before in zip(marks, [-1, *marks], strict=False) if code != before + 1]
    last = [code for code, after in zip(marks, [*marks[1:], -1], strict=True) if code != after - 1]
    return "[" + "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(first, last, strict=True)) + "]+"


# Accents and the like, written out: the expressions of Python have no word for them.
_MARKS: Final = _marks()
_UNDECOMPOSED: Final = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


FEW: Final = 64
"""Texts up to which Python's own expressions are faster: Arrow compiles an expression anew at every call."""


def replace(values: pa.StringArray, pattern: str, by: str) -> pa.StringArray:
    """Replace what matches a regular expression: one that Python and RE2 understand alike, or a Unicode class, by RE2."""
    if len(values) <= FEW and r"\p" not in pattern:
        texts = values.to_pylist()
        # The one character that Python takes for white space and RE2 does not.
        if not any(text and "\v" in text for text in texts):
            compiled = _compiled(pattern)
            return few(values, [text and compiled.sub(by, text) for text in texts])
    return pc.replace_substring_regex(as_array(values), pattern=pattern, replacement=by)


def one_replaced(text: str, pattern: str, by: str) -> str:
    """Do as `replace` does, to one text that was folded."""
    return _compiled(pattern).sub(by, text)


def replace_each(values: pa.StringArray, rules: Sequence[tuple[str, str]]) -> pa.StringArray:
    """Do one replacement after the other, as `replace` does; of few texts without making an array of them in between."""
    if len(values) > FEW or "\v" in "".join(texts := [text or "" for text in values.to_pylist()]):
        for pattern, by in rules:
            values = replace(values, pattern, by)
        return values
    for pattern, by in rules:
        compiled = _compiled(pattern)
        texts = [compiled.sub(by, text) for text in texts]
    return few(values, [None if before is None else text for before, text in zip(values.to_pylist(), texts, strict=True)])


def matches(values: pa.StringArray, pattern: str) -> pa.BooleanArray:
    """Say which texts match a regular expression of the kind that `replace` takes."""
    if len(values) <= FEW:
        compiled = _compiled(pattern)
        return pa.array([None if text is None else compiled.search(text) is not None for text in values.to_pylist()], pa.bool_())
    return pc.match_substring_regex(values, pattern)


def replace_rare(values: pa.StringArray, pattern: str, by: str) -> pa.StringArray:
    """Replace what few of the texts match: to find those is several times as fast as to replace in all."""
    return replace(values, pattern, by) if len(values) <= FEW else replace_where(values, matches(values, pattern), pattern, by)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    # '$' is the very end for RE2; for Python it is also what stands before a last line feed.
    return re.compile(pattern.replace("$", r"\Z"), re.ASCII)


def null_where(values: pa.StringArray, mask: pa.BooleanArray) -> pa.StringArray:
    """Make the texts of the mask missing."""
    return pc.if_else(mask, pa.scalar(None, pa.string()), values)


def _without_accents(values: pa.StringArray) -> pa.StringArray:
    bare = replace(pc.utf8_normalize(pc.utf8_lower(values), form="NFKD"), _MARKS, "")
    for letter, plain in _UNDECOMPOSED.items():
        bare = pc.replace_substring(bare, pattern=letter, replacement=plain)
    return bare


def _translate(values: pa.StringArray, table: np.ndarray) -> pa.StringArray:
    data, offsets = text_buffer(values)
    return from_buffer(table[data], offsets)


def _byte_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint8)
    for byte in range(128):
        letter = chr(byte)
        table[byte] = ord(letter.lower()) if letter.isalnum() else ord(" ")
    return table


_FOLDED_BYTE: Final = _byte_table()


def fold(values: pa.StringArray) -> pa.StringArray:
    """Lower case without accents, punctuation as single spaces: equal to the folding of the word lists, initials apart."""
    return few(values, _fold_few(values)) if len(values) <= FEW else _fold_many(values)


def _fold_few(values: pa.StringArray) -> list[str]:
    """Fold texts of Latin letters in Python: each of Arrow's functions is quick for a million texts and slow for one."""
    texts = [text or "" for text in values.to_pylist()]
    others = [text for text in texts if not text.isascii() and max(text) > _LAST_LATIN]
    made = dict(zip(others, _fold_many(pa.array(others, pa.string())).to_pylist(), strict=True)) if others else {}
    return [made[text] if text in made else fold_latin(text) for text in texts]


def fold_latin(text: str) -> str:
    """Fold one text that has no letter beyond those of Latin."""
    return " ".join(filter(None, text.translate(_LATIN).split(" ")))


def is_nothing(folded: str) -> bool:
    """Say whether a folded text says nothing: the empty one and what people type for it."""
    return folded in _NOTHING


def _latin() -> dict[int, str]:
    """Give what folding makes of each letter up to the last of Latin, which does not depend on its neighbours."""
    letters = [chr(code) for code in range(ord(_LAST_LATIN) + 1)]
    # Between letters that stay, or what is punctuation would be taken off the ends.
    folded = _fold_many(pa.array([f"a{letter}a" for letter in letters], pa.string())).to_pylist()
    return {ord(letter): made[1:-1] for letter, made in zip(letters, folded, strict=True)}


def _fold_many(values: pa.StringArray) -> pa.StringArray:
    foreign = pc.invert(pc.string_is_ascii(values))
    if pc.any(foreign).as_py():
        values = pc.replace_with_mask(values, foreign, _without_accents(values.filter(foreign)))
    values = _translate(values, _FOLDED_BYTE)
    doubled = pc.match_substring(values, "  ")
    if pc.any(doubled).as_py():
        values = pc.replace_with_mask(values, doubled, replace(values.filter(doubled), " {2,}", " "))
    return pc.utf8_trim(values, " ")


def text(values: pa.StringArray) -> pa.StringArray:
    """Folded text; what people type for 'nothing' is missing."""
    if len(values) <= FEW:
        return few(values, [None if text in _NOTHING else text for text in _fold_few(values)])
    return known(fold(values))


def known(folded: pa.StringArray) -> pa.StringArray:
    """Make missing what says nothing: the empty text and what people type for it."""
    if len(folded) <= FEW:
        return few(folded, [None if text in _NOTHING else text for text in folded.to_pylist()])
    nothing = pc.is_in(folded, value_set=NOTHING)
    return null_where(folded, pc.or_(nothing, pc.equal(folded, "")))


# 'n/a' is folded to one word by the lists and to two here.
_WORDS_FOR_NOTHING: Final = PLACEHOLDERS | {" ".join(word) for word in PLACEHOLDERS if len(word) <= 3 and word.isalpha()}  # noqa: PLR2004
_NOTHING: Final = {"", *(_WORDS_FOR_NOTHING | {"0" * n for n in range(2, 16)} | {"9" * n for n in range(4, 16)})}
NOTHING: Final = pa.array(sorted(_NOTHING - {""}))


def replace_where(values: pa.StringArray, mask: pa.BooleanArray, pattern: str, by: str) -> pa.StringArray:
    """Replace in the texts of the mask only: regular expressions are dear."""
    if not pc.any(mask).as_py():
        return values
    return pc.replace_with_mask(values, mask, replace(values.filter(mask), pattern, by))


def empty_is_null(values: pa.StringArray) -> pa.StringArray:
    """Make empty texts missing."""
    if len(values) <= FEW:
        return few(values, [text or None for text in values.to_pylist()])
    return null_where(values, pc.equal(values, ""))


_LAST_LATIN: Final = "\u017f"
_LATIN: Final = _latin()
