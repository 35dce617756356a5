"""Blocking keys: 64-bit numbers that equal texts share in every process and at every time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from matching.core.columns import Column, Hashes, encode, hash_texts, mix
from matching.core.declarations import BlockingRule, KeyPart
from matching.core.forms import fold
from matching.core.prepare import Prepared

SHORTEST_TOKEN: Final = 3


@dataclass(frozen=True, slots=True)
class PartKeys:
    """The hashes of one part: `rows` and their hash; a row may have several, or none where the value is missing."""

    rows: NDArray[np.int32]
    hashes: Hashes


def rule_keys(prepared: Prepared, rule: BlockingRule, entity: str) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Give the rows that have a key by this rule, and the keys; a row with a missing part has none."""
    seed = hash_texts(*_bytes(f"{entity}\x00{rule.refines or ''}\x00{rule.name}"))[0]
    rows = np.arange(prepared.size, dtype=np.int32)
    hashes = np.full(prepared.size, seed, np.uint64)
    for part in rule.parts:
        found = TRANSFORMS[part.transform](prepared.columns[part.field], part)
        rows, hashes = _combine(rows, hashes, found, prepared.size)
    return rows, hashes.view(np.int64)


def _combine(
    rows: NDArray[np.int32], hashes: Hashes, found: PartKeys, size: int
) -> tuple[NDArray[np.int32], Hashes]:
    counts = np.bincount(found.rows, minlength=size)
    first = np.cumsum(counts) - counts
    repeat = counts[rows]
    place = np.arange(int(repeat.sum())) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    chosen = np.repeat(first[rows], repeat) + place
    order = found.hashes if _ascending(found.rows) else found.hashes[np.argsort(found.rows, kind="stable")]
    return np.repeat(rows, repeat), mix(np.repeat(hashes, repeat) * np.uint64(0x9E3779B97F4A7C15) + order[chosen])


def _ascending(rows: NDArray[np.int32]) -> bool:
    return bool(len(rows) < 2 or (rows[1:] >= rows[:-1]).all())  # noqa: PLR2004 - one row is in order


def _bytes(text: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    data = np.frombuffer(text.encode(), np.uint8)
    return data, np.array([0, len(data)], np.int64)


def _whole(column: Column, _: KeyPart) -> PartKeys:
    rows = np.flatnonzero(column.codes >= 0).astype(np.int32)
    return PartKeys(rows, column.hashes[column.codes[rows]])


def _derived(column: Column, values: pa.StringArray) -> PartKeys:
    inner = encode(values)
    lookup = np.append(inner.codes, np.int32(-1))
    return _whole(Column(lookup[column.codes], inner.values), KeyPart(""))


def _prefix(column: Column, part: KeyPart) -> PartKeys:
    long_enough = pc.greater_equal(pc.utf8_length(column.values), part.size)
    cut = pc.utf8_slice_codeunits(column.values, 0, part.size)
    return _derived(column, pc.if_else(long_enough, cut, pa.scalar(None, pa.string())))


def _suffix(column: Column, part: KeyPart) -> PartKeys:
    long_enough = pc.greater_equal(pc.utf8_length(column.values), part.size)
    cut = pc.utf8_slice_codeunits(column.values, -part.size, None)
    return _derived(column, pc.if_else(long_enough, cut, pa.scalar(None, pa.string())))


def _sound(column: Column, part: KeyPart) -> PartKeys:
    return _derived(column, sounds(column.values, part.size))


def _local(column: Column, _: KeyPart) -> PartKeys:
    return _derived(column, pc.replace_substring_regex(column.values, pattern="@.*$", replacement=""))


def _domain(column: Column, _: KeyPart) -> PartKeys:
    return _derived(column, pc.replace_substring_regex(column.values, pattern="^.*@", replacement=""))


def _sorted_words(column: Column, _: KeyPart) -> PartKeys:
    tokens = column.tokens
    word = np.append(tokens.words.hashes, np.uint64(0))
    summed = mix(word[tokens.ids].sum(axis=1, dtype=np.uint64))
    rows = np.flatnonzero(column.codes >= 0).astype(np.int32)
    return PartKeys(rows, summed[column.codes[rows]])


def _joined_words(column: Column, _: KeyPart) -> PartKeys:
    return _derived(column, pc.replace_substring(column.values, pattern=" ", replacement=""))


def _token(column: Column, _: KeyPart) -> PartKeys:
    tokens = column.tokens
    usable = np.append(tokens.words.lengths >= SHORTEST_TOKEN, False)
    rows = np.flatnonzero(column.codes >= 0).astype(np.int32)
    ids = tokens.ids[column.codes[rows]]
    chosen = usable[ids]
    return PartKeys(np.repeat(rows, chosen.sum(axis=1)), tokens.words.hashes[ids[chosen]])


def sounds(values: pa.StringArray, size: int = 0) -> pa.StringArray:
    """Spell texts as they sound, roughly and in several languages: consonant groups by their common sound, no vowels.

    The first sound stays even where it is a vowel; `size` cuts the result. Built for blocking: spellings of one name
    should meet, and that unlike names meet too costs a comparison only.
    """
    spelt = pc.replace_substring(fold(values), pattern=" ", replacement="")
    for pattern, sound in _SOUNDS:
        spelt = pc.replace_substring_regex(spelt, pattern=pattern, replacement=sound)
    return pc.utf8_slice_codeunits(spelt, 0, size) if size else spelt


_SOUNDS: Final = (
    ("ph", "f"), ("sch|tsch|tch|sh|ch", "x"), ("th|dt", "t"), ("ck|cqu|qu|q|c([^eiyh]|$)", r"k\1"), ("[cz]", "s"),
    ("[wv]", "f"), ("(?:gn|ng)", "n"), ("j|gi|ge", "j"), ("b", "p"), ("d", "t"), ("m", "n"),
    ("^[aeiouyh]+", "A"), ("[aeiouyh]+", ""),
    ("kk+", "k"), ("ll+", "l"), ("nn+", "n"), ("pp+", "p"), ("rr+", "r"), ("ss+", "s"), ("tt+", "t"), ("ff+", "f"),
)  # fmt: skip

TRANSFORMS: Final[Mapping[str, Callable[[Column, KeyPart], PartKeys]]] = {
    "whole": _whole, "prefix": _prefix, "suffix": _suffix, "sound": _sound, "token": _token, "words": _sorted_words,
    "joined": _joined_words, "local": _local, "domain": _domain,
}  # fmt: skip
"""What a blocking rule may make of a field."""
