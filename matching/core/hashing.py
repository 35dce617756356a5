"""Numbers that stand for texts: hashes that depend on nothing but the bytes, and sets of letters."""

from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from operator import mul
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.core.parallel import spans

Hashes = NDArray[np.uint64]
_LONGEST_HASHED: Final = 4096
_TEXTS_AT_ONCE: Final = 16_384


def reduce_texts(function: Any, data: NDArray[np.uint64], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Reduce the numbers of each text to one by a NumPy function; an empty text gives 0."""
    result = np.zeros(len(offsets) - 1, np.uint64)
    filled = offsets[1:] > offsets[:-1]
    if filled.any():
        result[filled] = function.reduceat(data, offsets[:-1][filled])
    return result


def hash_texts(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Hashes:
    """Hash texts: each byte times an odd number that belongs to its place, summed modulo 2^64, then mixed.

    Depends on nothing but the bytes. Two of n texts collide with probability about n^2 / 2^65.
    """

    def hashed(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Hashes:
        lengths = np.diff(offsets)
        place = np.arange(len(data)) - np.repeat(offsets[:-1], lengths)
        spread = (data.astype(np.uint64) + np.uint64(1)) * MULTIPLIERS[place % _LONGEST_HASHED]
        return mix(reduce_texts(np.add, spread, offsets) + lengths.astype(np.uint64))

    return in_parts(data, offsets, hashed)


def in_parts(data: NDArray[np.uint8], offsets: NDArray[np.int64], make: Callable[..., NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Make a number of each text, in parts that stay in the processor's cache: three times as fast as all at once."""
    numbers = np.empty(len(offsets) - 1, np.uint64)
    for part in spans(len(numbers), _TEXTS_AT_ONCE):
        own = offsets[part.start : part.stop + 1]
        numbers[part] = make(data[own[0] : own[-1]], own - own[0])
    return numbers


def mix(numbers: Hashes) -> Hashes:
    """Spread 64-bit numbers: the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    mixed = numbers + np.uint64(GOLDEN_RATIO)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FIRST_FACTOR)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND_FACTOR)
    return mixed ^ (mixed >> np.uint64(31))


def mix_one(number: int) -> int:
    """Spread one number as `mix` does, modulo 2^64."""
    mixed = (number + GOLDEN_RATIO) & _WORD
    mixed = (mixed ^ (mixed >> 30)) * _FIRST_FACTOR & _WORD
    mixed = (mixed ^ (mixed >> 27)) * _SECOND_FACTOR & _WORD
    return mixed ^ (mixed >> 31)


@lru_cache(maxsize=20_000)
def hash_one(text: str) -> int:
    """Hash one text as `hash_texts` does: for a single one, NumPy's calls cost more than the work."""
    data, total = text.encode(), 0
    for first in range(0, len(data), _LONGEST_HASHED):
        part = data[first : first + _LONGEST_HASHED]
        total += sum(map(mul, part, _FACTORS)) + _SUMS_OF_FACTORS[len(part)]
    return mix_one(total + len(data))


GOLDEN_RATIO: Final = 0x9E3779B97F4A7C15
_FIRST_FACTOR: Final = 0xBF58476D1CE4E5B9
_SECOND_FACTOR: Final = 0x94D049BB133111EB
_WORD: Final = (1 << 64) - 1


FOREIGN: Final = np.uint64(1) << np.uint64(63)
"""The bit of letters beyond ASCII."""


def _letter_bits() -> NDArray[np.uint64]:
    bits = np.uint64(1) << (np.arange(256, dtype=np.uint64) % np.uint64(26) + np.uint64(37))
    bits[128:] |= FOREIGN
    for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz0123456789"):
        bits[ord(letter)] = np.uint64(1) << np.uint64(place)
    bits[ord(" ")] = 0
    return bits


LETTER_BITS: Final = _letter_bits()
"""Byte -> one bit for the letter or digit; other characters share bits, and those beyond ASCII have another in common."""
LETTER_PLACES: Final = np.array([int(bit & ~FOREIGN).bit_length() - 1 for bit in LETTER_BITS], np.int64)
"""Byte -> the place of that bit, -1 of what has none."""
MULTIPLIERS: Final = mix(np.arange(_LONGEST_HASHED, dtype=np.uint64)) | np.uint64(1)
"""An odd number per place or byte."""
_FACTORS: Final[list[int]] = MULTIPLIERS.tolist()
_SUMS_OF_FACTORS: Final = list(accumulate(_FACTORS, initial=0))


def letters_again(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Give a bit per letter that each text has twice, three times and so on up to six times; several may share a bit."""
    size = len(offsets) - 1
    letter = LETTER_PLACES[data]
    there = letter >= 0
    cell = np.repeat(np.arange(size) * _LETTERS, np.diff(offsets))[there] + letter[there]
    counts = np.bincount(cell, minlength=size * _LETTERS)
    bits = np.zeros(size, np.uint64)
    (often,) = (counts > 1).nonzero()
    for times, bit in enumerate(_AGAIN, start=2):
        often = often[counts[often] >= times]
        text = often // _LETTERS
        np.bitwise_or.at(bits, text, bit[often - text * _LETTERS])
    return bits


_LETTERS: Final = 64
_AGAIN: Final = [np.uint64(1) << ((np.arange(_LETTERS, dtype=np.uint64) + np.uint64(far)) % np.uint64(64)) for far in (0, 28, 49, 13, 37)]
"""The bits of letters that a text has twice, three times ... six times, so that those of frequent letters are apart."""
