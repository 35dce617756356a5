"""Comparator of addresses: street, house number, postcode and town judged together, so that a move counts once."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from golden_records.standardising.words import NAME_PARTICLES, STREET_TYPES
from matching.core.columns import Column
from matching.core.compare_plain import shared_weight
from matching.core.folding import FEW, matches
from matching.core.grades import CLOSE, DIFFERENT, MISSING, SAME, SIMILAR, Levels, Operands
from matching.core.hashing import Hashes, hash_texts
from matching.core.texts import DIGITS, text_buffer

STREET, NUMBER, POSTCODE, CITY = range(4)


def address(pair: Operands) -> Levels:
    """Compare addresses. Fields: street name, house number, postcode, town.

    Levels: 1 another place, 2 near each other (one postal area), 3 same town, 4 same postcode, 5 same town where no more is
    known, 6 same street but another number, 7 same postcode where no street is known, 8 same street and number in what
    seems another place, 9 alike, 10 the same in all that is known.
    """
    street = _street(pair)
    number = pair.equality(NUMBER)
    place = _place(pair)
    return _ADDRESS[street, number, place]


def _street(pair: Operands) -> Levels:
    """Grade streets: one that is written with more beside it ('near the station', a building) is similar."""
    column = pair.columns[STREET]
    left, right = pair.codes(STREET)
    grades = pair.grades(STREET)
    (asked,) = (grades == DIFFERENT).nonzero()
    if len(asked):
        weight, total = pair.once("street words", lambda: column.tokens.weighed("street words", _named))
        one, other = left[asked], right[asked]
        least = np.minimum(total[one], total[other])
        within = (least > 0) & (shared_weight(column, weight, one, other) >= least)
        grades[asked[within]] = SIMILAR
    return grades


def _named(words: Column) -> NDArray[np.float32]:
    """Weigh the words of streets: 1 for a name, 0 for 'street', particles and numbers."""
    if words.size <= FEW:
        return np.array([_is_named(text) for text in words.strings], np.float32)
    data, offsets = words.buffer
    number = DIGITS[np.append(data, np.uint8(0))[offsets[:-1]]]
    long = pc.greater(pc.utf8_length(words.values), 2).to_numpy(zero_copy_only=False)
    unnamed = pc.is_in(words.values, value_set=_UNNAMED).to_numpy(zero_copy_only=False)
    named: NDArray[np.float32] = (long & ~unnamed & ~number).astype(np.float32)
    return named


def _is_named(word: str) -> bool:
    return len(word) > 2 and word not in _UNNAMED_WORDS and word[0] not in "0123456789"  # noqa: PLR2004 - as above


_UNNAMED_WORDS: Final = frozenset({*STREET_TYPES, *STREET_TYPES.values(), *NAME_PARTICLES})
_UNNAMED: Final = pa.array(sorted(_UNNAMED_WORDS))


ANOTHER, AREA, TOWN_ONLY, TOWN, NEAR, POSTCODE_SAME = range(1, 7)
"""Grades of places beside `MISSING`: another, another in the same postal area, same town and no postcode known, same town,
alike postcode, same postcode."""


def _place(pair: Operands) -> Levels:
    """Grade postcode and town together."""
    grades = _PLACE[pair.grades(POSTCODE), pair.grades(CITY)]
    left, right = pair.codes(POSTCODE)
    (asked,) = ((grades == ANOTHER) & (left >= 0) & (right >= 0)).nonzero()
    if len(asked):
        area = pair.columns[POSTCODE].of_each("area", _areas)
        mine, yours = area[left[asked]], area[right[asked]]
        grades[asked[(mine == yours) & (mine != 0)]] = AREA
    return grades


def _areas(column: Column) -> Hashes:
    """Hash the part of each postcode that names a region some tens of kilometres wide; 0 where its shape tells none.

    France, Germany, Spain, Italy and others number regions by the first two digits; so do countries with four digits.
    In Great Britain and Canada the area stands before the last three characters.
    """
    areas = np.zeros(column.size, np.uint64)
    for shape, stop in _AREAS:
        mask = matches(column.values, shape)
        cut = pc.utf8_slice_codeunits(column.values.filter(mask), 0, stop)
        areas[mask.to_numpy(zero_copy_only=False)] = hash_texts(*text_buffer(cut))
    return areas


_AREAS: Final = (("^[0-9]{4,5}(?:[a-z]{2})?$", 2), ("^[a-z]{1,2}[0-9][0-9a-z]?[0-9][a-z][a-z0-9]$", -3))
"""The shapes of postcodes that tell an area, and where it ends in them."""


def _place_grade(postcode: int, city: int) -> int:
    if max(postcode, city) == MISSING:
        return MISSING
    if postcode == SAME:
        return POSTCODE_SAME
    if city >= SIMILAR:
        return TOWN_ONLY if postcode == MISSING else NEAR if postcode >= SIMILAR else TOWN
    return NEAR if postcode >= CLOSE else ANOTHER


def _place_table() -> NDArray[np.uint8]:
    table = np.zeros((5, 5), np.uint8)
    for postcode in range(5):
        for city in range(5):
            table[postcode, city] = _place_grade(postcode, city)
    return table


def _address_level(street: int, number: int, place: int) -> int:
    if street == MISSING:
        return (0, 1, 2, 5, 3, 4, 7)[place]
    if street == DIFFERENT:
        return (1, 1, 2, 3, 3, 4, 4)[place]
    if number == DIFFERENT:
        return place if place in {ANOTHER, AREA} else 6
    if place in {ANOTHER, AREA}:
        return 8 if number == SAME and street >= CLOSE else place
    return 10 if street == SAME and place not in {TOWN_ONLY, TOWN} else 9


def _address_table() -> NDArray[np.uint8]:
    table = np.zeros((5, 5, 7), np.uint8)
    for street in range(5):
        for number in range(5):
            for place in range(7):
                table[street, number, place] = _address_level(street, number, place)
    return table


_PLACE: Final = _place_table()
_ADDRESS: Final = _address_table()
