"""How names sound in French and its neighbours: spellings that are read alike get one spelling.

Vowels count by their colour, open, front or back, so that Meyer, Maier and Mayr are one sound and Martin and Morten two.
The rules are of our own making, after what Soundex, Kölner Phonetik and French Phonex agree on.
"""

from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from matching.core.columns import Column
from matching.core.folding import one_replaced, replace_each
from matching.core.hashing import LETTER_BITS, Hashes, hash_one, hash_texts
from matching.core.texts import from_buffer, text_buffer

SHORTEST_SOUND: Final = 3
"""Sounds that a name must have for another to sound like it."""
_MOST_LETTERS_APART: Final = 6
_ALWAYS_HEARD: Final = np.bitwise_or.reduce(LETTER_BITS[[ord(letter) for letter in "mnr"]])
_RULES: Final = (
    ("[^a-z]+", ""), ("sch|tsch|tch|sh", "x"), ("chr", "kr"), ("ch|cz", "x"), ("ph", "f"), ("dt$|th", "t"), ("gn|ny|nh", "n"),
    ("ck|cqu|qu|q", "k"), ("c([eiy])", r"s\1"), ("c", "k"), ("[zç]", "s"), ("w|bv", "v"), ("gu([eiy])", r"g\1"),
    ("ge([aou])", r"j\1"), ("g([eiy])", r"j\1"), ("h", ""), ("(?:ault|auld|aux|aud|aut|eaux|eault)$", "o"),
    ("([bcdfgjklmnpqrstvx][aeiouy]*[lmnr])[dtsx]$", r"\1"), ("e?s$|e$", ""),
    ("[aeiy]*[ou][aeiouy]*", "o"), ("[ay]*[eiy][aeiy]*", "e"),
)  # fmt: skip


def spelt_by_sound(values: pa.StringArray) -> pa.StringArray:
    """Spell folded names as they sound; what stands for one sound is one letter, and a letter doubled is one."""
    values = replace_each(values, _RULES)
    data, offsets = text_buffer(values)
    kept = np.ones(len(data), np.bool_)
    kept[1:] = data[1:] != data[:-1]
    kept[offsets[:-1][offsets[:-1] < len(data)]] = True
    return from_buffer(data[kept], np.append(0, np.cumsum(kept))[offsets])


def sound_alike(column: Column, one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say of pairs of codes (none missing) whether the two texts sound alike; short ones never do."""
    found = np.zeros(len(one), np.bool_)
    # Spelling by sound is dear: only where about the same letters are used, and those that no rule changes are the same.
    apart = column.letters[one] ^ column.letters[other]
    (maybe,) = ((np.bitwise_count(apart) <= _MOST_LETTERS_APART) & (apart & _ALWAYS_HEARD == 0)).nonzero()
    if len(maybe):
        left, right = _sounds(column, one[maybe]), _sounds(column, other[maybe])
        found[maybe] = (left == right) & (left != 0)
    return found


def _sounds(column: Column, codes: NDArray[np.int32]) -> Hashes:
    """Give hashes of the sounds of some values, 0 for short ones; each value is spelt once."""
    found = column.met_at(codes)
    if found is not None:
        met, places = found
        heard: Hashes = met.known("sounds", lambda texts: np.array([_heard_one(text) for text in texts], np.uint64), places)
        return heard
    known: Hashes = column.feature("sounds", lambda own: np.zeros(own.size, np.uint64))
    asked = np.unique(codes)
    asked = asked[known[asked] == 0]
    if len(asked):
        heard = _heard(pa.array(column.picked(asked).tolist(), pa.string()))
        known[asked] = np.where(heard == 0, np.uint64(1), heard)
    result: Hashes = known[codes]
    return np.where(result == 1, np.uint64(0), result)


def _heard(texts: pa.StringArray) -> Hashes:
    data, offsets = text_buffer(spelt_by_sound(texts))
    return np.where(np.diff(offsets) >= SHORTEST_SOUND, hash_texts(data, offsets), np.uint64(0))


def _heard_one(text: str) -> int:
    """Hash the sound of one text as `_heard` does: what is spelt is ASCII, and a letter doubled is one."""
    for pattern, by in _RULES:
        text = one_replaced(text, pattern, by)
    sound = "".join(letter for letter, _ in groupby(text))
    return hash_one(sound) if len(sound) >= SHORTEST_SOUND else 0
