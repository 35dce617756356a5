"""Blocking keys: 64-bit numbers that equal texts share in every process and at every time."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from matching.core.columns import Column
from matching.core.declarations import BlockingRule, KeyPart
from matching.core.encode import encode, recode
from matching.core.folding import FEW, fold, replace_each
from matching.core.hashing import GOLDEN_RATIO, Hashes, hash_one, mix
from matching.core.prepare import Prepared

SHORTEST_TOKEN: Final = 3
_OF_WORDS: Final = frozenset({"words", "token"})


def rule_keys(prepared: Prepared, rule: BlockingRule, entity: str) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Give the rows that have a key by this rule, and the keys; a row with a missing part has none."""
    if not len(_known_rows([prepared.columns[part.field].codes for part in rule.parts])):
        return np.empty(0, np.int32), np.empty(0, np.int64)
    single = [prepared.columns[part.field] if part.transform in _OF_WORDS else _derived(prepared, part)
              for part in rule.parts if part.transform != "token"]  # fmt: skip
    several = [prepared.columns[part.field] for part in rule.parts if part.transform == "token"]
    rows = _known_rows([column.codes for column in [*single, *several]])
    hashes = np.full(len(rows), rule_seed(entity, rule.name), np.uint64)
    for part, column in zip([part for part in rule.parts if part.transform != "token"], single, strict=True):
        own = column.feature("words hash", _word_sums) if part.transform == "words" else column.hashes
        hashes = _mixed(hashes, own[column.codes[rows]])
    for column in several:
        rows, hashes = _with_tokens(column, rows, hashes)
    return rows, hashes.view(np.int64)


def _derived(prepared: Prepared, part: KeyPart) -> Column:
    """Give the column of one part: the field, or what the transform makes of it, made once per table."""
    column = prepared.columns[part.field]
    if part.transform == "whole":
        return column
    made: Column = column.feature(f"key {part.transform} {part.size}", lambda own: _transformed(own, part))
    return Column.derived(column, made)


def _transformed(column: Column, part: KeyPart) -> Column:
    """Give the column of what a transform makes of each value; of few values, those met before are looked up."""
    if column.met is None:
        return encode(TRANSFORMS[part.transform](column, part.size))
    known, places = column.met

    def make(texts: list[str]) -> NDArray[np.object_]:
        return np.array(TRANSFORMS[part.transform](Column.of_texts(texts), part.size).to_pylist(), object)

    texts = known.known(f"key {part.transform} {part.size}", make, places).tolist() if column.size else []
    return Column.looked_up(recode(Column.of_texts(texts), texts), known)


def _known_rows(codes: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    known = codes[0] >= 0
    for further in codes[1:]:
        known &= further >= 0
    return np.flatnonzero(known).astype(np.int32)


def _mixed(hashes: Hashes, further: Hashes) -> Hashes:
    return mix(hashes * np.uint64(GOLDEN_RATIO) + further)


def rule_seed(entity: str, rule: str) -> int:
    """Give the number that keeps the keys of one rule apart from those of all others."""
    return hash_one(f"{entity}\x00{rule}")


def _word_sums(column: Column) -> Hashes:
    """Give a number per value that texts of the same words, in whatever order, share."""
    word = np.append(column.tokens.words.hashes, np.uint64(0))
    return mix(word[column.tokens.ids].sum(axis=1, dtype=np.uint64))


def _with_tokens(column: Column, rows: NDArray[np.int32], hashes: Hashes) -> tuple[NDArray[np.int32], Hashes]:
    """Give each row a key per word of the column that is long enough to tell something."""
    tokens = column.tokens
    usable = np.append(tokens.words.lengths >= SHORTEST_TOKEN, False)
    ids = tokens.ids[column.codes[rows]]
    chosen = usable[ids]
    repeat = chosen.sum(axis=1)
    return np.repeat(rows, repeat), _mixed(np.repeat(hashes, repeat), tokens.words.hashes[ids[chosen]])


def _prefix(column: Column, size: int) -> pa.StringArray:
    if column.size <= FEW:
        return pa.array([text[:size] if len(text) >= size else None for text in column.strings], pa.string())
    return _if_longer(column, size, pc.utf8_slice_codeunits(column.values, 0, size))


def _suffix(column: Column, size: int) -> pa.StringArray:
    if column.size <= FEW:
        return pa.array([text[-size:] if len(text) >= size else None for text in column.strings], pa.string())
    return _if_longer(column, size, pc.utf8_slice_codeunits(column.values, -size, None))


def _if_longer(column: Column, size: int, cut: pa.StringArray) -> pa.StringArray:
    long_enough = pc.greater_equal(pc.utf8_length(column.values), size)
    return pc.if_else(long_enough, cut, pa.scalar(None, pa.string()))


def _sound(column: Column, size: int) -> pa.StringArray:
    return sounds(column.values, size)


def _joined_words(column: Column, _: int) -> pa.StringArray:
    if column.size <= FEW:
        return pa.array([text.replace(" ", "") for text in column.strings], pa.string())
    return pc.replace_substring(column.values, pattern=" ", replacement="")


def sounds(values: pa.StringArray, size: int = 0) -> pa.StringArray:
    """Spell texts as they sound, roughly and in several languages: consonant groups by their common sound, no vowels.

    The first sound stays even where it is a vowel; `size` cuts the result. Built for blocking: spellings of one name
    should meet, and that unlike names meet too costs a comparison only.
    """
    spelt = pc.replace_substring(fold(values), pattern=" ", replacement="")
    spelt = replace_each(spelt, _SOUNDS)
    return pc.utf8_slice_codeunits(spelt, 0, size) if size else spelt


_SOUNDS: Final = (
    ("ph", "f"), ("sch|tsch|tch|sh|ch", "x"), ("th|dt", "t"), ("ck|cqu|qu|q|c([^eiyh]|$)", r"k\1"), ("[cz]", "s"),
    ("[wv]", "f"), ("(?:gn|ng)", "n"), ("j|gi|ge", "j"), ("b", "p"), ("d", "t"), ("m", "n"),
    ("^[aeiouyh]+", "A"), ("[aeiouyh]+", ""),
    ("kk+", "k"), ("ll+", "l"), ("nn+", "n"), ("pp+", "p"), ("rr+", "r"), ("ss+", "s"), ("tt+", "t"), ("ff+", "f"),
)  # fmt: skip

TRANSFORMS: Final[Mapping[str, Callable[[Column, int], pa.StringArray]]] = {
    "prefix": _prefix, "suffix": _suffix, "sound": _sound, "joined": _joined_words,
}  # fmt: skip
"""What a blocking rule may make of a field, beside itself (`whole`), its words in any order (`words`) and each of its
words (`token`)."""
TRANSFORM_NAMES: Final = frozenset({*TRANSFORMS, "whole", "words", "token"})
