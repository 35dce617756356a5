"""Comparator of addresses: street, house number, postcode and town judged together, so that a move counts once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from golden_records.standardising.words import NAME_PARTICLES, STREET_TYPES
from matching.core.columns import Column
from matching.core.compare_plain import shared_weight
from matching.core.grades import CLOSE, DIFFERENT, MISSING, SAME, SIMILAR, Levels, Operands, equality

STREET, NUMBER, POSTCODE, CITY = range(4)


def address(pair: Operands) -> Levels:
    """Compare addresses. Fields: street name, house number, postcode, town.

    Levels: 1 another place, 2 same town, 3 same postcode, 4 same town where no more is known, 5 same street but another
    number, 6 same postcode where no street is known, 7 same street and number in what seems another place, 8 alike,
    9 the same in all that is known.
    """
    street = _street(pair)
    number = equality(*pair.codes(NUMBER))
    place = _place(pair)
    return _ADDRESS[street, number, place]


def _street(pair: Operands) -> Levels:
    """Grade streets: one that is written with more beside it ('near the station', a building) is similar."""
    column = pair.columns[STREET]
    left, right = pair.codes(STREET)
    grades = pair.grades(STREET)
    asked = np.flatnonzero(grades == DIFFERENT)
    if len(asked):
        weight = column.feature("street words", _street_words)
        total = column.feature("street words in all", lambda own: own.tokens.sums(weight))
        one, other = left[asked], right[asked]
        least = np.minimum(total[one], total[other])
        within = (least > 0) & (shared_weight(column, weight, one, other) >= least)
        grades[asked[within]] = SIMILAR
    return grades


def _street_words(column: Column) -> NDArray[np.float32]:
    """Weigh the words of streets: 1 for a name, 0 for 'street', particles and numbers."""
    words = column.tokens.words.strings
    named = [len(word) > 2 and word not in _UNNAMED and not word[0].isdigit() for word in words]  # noqa: PLR2004
    return np.array([*named, False], np.float32)


_UNNAMED: Final = frozenset({*STREET_TYPES, *STREET_TYPES.values(), *NAME_PARTICLES})


ANOTHER, TOWN_ONLY, TOWN, NEAR, POSTCODE_SAME = range(1, 6)
"""Grades of places beside `MISSING`: another, same town and no postcode known, same town, alike postcode, same postcode."""


def _place(pair: Operands) -> Levels:
    """Grade postcode and town together."""
    return _PLACE[pair.grades(POSTCODE), pair.grades(CITY)]


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
        return (0, 1, 4, 2, 3, 6)[place]
    if street == DIFFERENT:
        return (1, 1, 2, 2, 3, 3)[place]
    if number == DIFFERENT:
        return 1 if place == ANOTHER else 5
    if place == ANOTHER:
        return 7 if number == SAME and street >= CLOSE else 1
    return 9 if street == SAME and place not in {TOWN_ONLY, TOWN} else 8


def _address_table() -> NDArray[np.uint8]:
    table = np.zeros((5, 5, 6), np.uint8)
    for street in range(5):
        for number in range(5):
            for place in range(6):
                table[street, number, place] = _address_level(street, number, place)
    return table


_PLACE: Final = _place_table()
_ADDRESS: Final = _address_table()
