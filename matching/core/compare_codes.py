"""Comparators of numbers that someone assigns: what is one slip of the keys apart, and what two registers gave to two."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from matching.core.columns import Column
from matching.core.grades import DIFFERENT, SAME, Levels, Operands, Rows, distinct_pairs

_ONE_BY_ONE: Final = 32
"""Pairs up to which asking the string function of each costs less than setting up arrays for all."""
_SHORTEST_CODE: Final = 4
"""Characters from which one that is off says something: shorter codes are all alike."""


def code(pair: Operands) -> Levels:
    """Different, one character off (also two exchanged), same."""
    column = pair.columns[0]
    grades = pair.equality(0)
    (asked,) = (grades == DIFFERENT).nonzero()
    grades[grades == SAME] = 3
    one, other = (codes[asked] for codes in pair.codes(0))
    (likely,) = (column.least_edits(one, other) <= 2).nonzero()  # noqa: PLR2004 - one letter for another
    likely = likely[np.minimum(column.lengths[one[likely]], column.lengths[other[likely]]) >= _SHORTEST_CODE]
    if len(likely):
        grades[asked[likely]] += _one_edit(column, one[likely], other[likely])
    return grades


def _one_edit(column: Column, one: Rows, other: Rows) -> Levels:
    if len(one) <= _ONE_BY_ONE:
        texts = zip(column.picked(one).tolist(), column.picked(other).tolist(), strict=True)
        return np.array([OSA.distance(*pair, score_cutoff=1) <= 1 for pair in texts], np.uint8)
    (low, high), place = distinct_pairs(column, one, other)
    edits = cpdist(column.picked(low), column.picked(high), scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
    return (edits <= 1).astype(np.uint8)[place]


def identifier(pair: Operands) -> Levels:
    """Two different numbers that both may be valid (a conflict), different where one can't be, one character off, same.

    One that is off by a character is a slip of the keys only where one of the two fails the check of its kind, or where
    the kind has none: two valid numbers next to each other are two numbers.
    """
    levels = code(pair)
    levels += levels > DIFFERENT
    (asked,) = ((levels == DIFFERENT) | (levels == _ONE_OFF)).nonzero()
    if len(asked):
        valid = pair.columns[0].of_each("check digits", _check_digits)
        mine, yours = (valid[codes[asked]] for codes in pair.codes(0))
        levels[asked] = _IDENTIFIER[levels[asked], mine, yours]
    return levels


_ONE_OFF: Final = 3
UNCHECKED, INVALID, VALID = range(3)
"""What the check digits of a number say: nothing is known of its kind, they are wrong, they are right."""


def _identifier_table() -> NDArray[np.uint8]:
    table = np.zeros((_ONE_OFF + 1, VALID + 1, VALID + 1), np.uint8)
    for mine in range(VALID + 1):
        for yours in range(VALID + 1):
            table[DIFFERENT, mine, yours] = 2 if (mine == INVALID) != (yours == INVALID) else DIFFERENT
            table[_ONE_OFF, mine, yours] = DIFFERENT if mine == yours == VALID else _ONE_OFF
    return table


_IDENTIFIER: Final = _identifier_table()


def _check_digits(column: Column) -> NDArray[np.uint8]:
    """Check the numbers whose kind their shape tells: SIREN, SIRET, French VAT numbers and LEI."""
    found = np.full(column.size, UNCHECKED, np.uint8)
    data, offsets = column.buffer
    for length, check in _CHECKS.items():
        chosen = np.flatnonzero(column.lengths == length)
        if len(chosen):
            characters = data[offsets[chosen][:, None] + np.arange(length)].astype(np.int64)
            found[chosen] = check(characters)
    return found


Characters = NDArray[np.int64]
_ZERO, _A = ord("0"), ord("a")


def _told(of_kind: NDArray[np.bool_], right: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(of_kind, np.where(right, np.uint8(VALID), np.uint8(INVALID)), np.uint8(UNCHECKED))


def _digits(characters: Characters) -> tuple[Characters, NDArray[np.bool_]]:
    numbers = characters - _ZERO
    digits: NDArray[np.bool_] = np.logical_and.reduce((numbers >= 0) & (numbers <= 9), axis=1)  # noqa: PLR2004 - a digit
    return numbers, digits


def _luhn(characters: Characters) -> NDArray[np.uint8]:
    """SIREN (9 digits) and SIRET (14): ISO/IEC 7812-1, the digits summed, every second from the right doubled."""
    numbers, digits = _digits(characters)
    doubled = numbers[:, -2::-2] * 2
    total = numbers[:, -1::-2].sum(axis=1) + (doubled // 10 + doubled % 10).sum(axis=1)
    return _told(digits, total % 10 == 0)


def _french_vat(characters: Characters) -> NDArray[np.uint8]:
    """FR, a key of two digits and a SIREN: the key is 12 + 3 * SIREN modulo 97."""
    numbers, digits = _digits(characters[:, 2:])
    french = (characters[:, 0] == ord("f")) & (characters[:, 1] == ord("r")) & digits
    siren = numbers[:, 2:] @ 10 ** np.arange(8, -1, -1)
    return _told(french, numbers[:, 0] * 10 + numbers[:, 1] == (12 + 3 * (siren % 97)) % 97)


def _lei(characters: Characters) -> NDArray[np.uint8]:
    """A legal entity identifier: ISO 17442, 20 characters whose number (a = 10) is 1 modulo 97 (ISO/IEC 7064)."""
    numbers = np.where(characters >= _A, characters - _A + 10, characters - _ZERO)
    rest = np.zeros(len(numbers), np.int64)
    for number in numbers.T:
        rest = (rest * np.where(number >= 10, 100, 10) + number) % 97  # noqa: PLR2004 - letters are two digits
    last = numbers[:, -2:]
    return _told((last[:, 0] < 10) & (last[:, 1] < 10), rest == 1)  # noqa: PLR2004 - check digits are digits


_CHECKS: Final[dict[int, Callable[[Characters], NDArray[np.uint8]]]] = {9: _luhn, 14: _luhn, 13: _french_vat, 20: _lei}
"""Length of a number -> its check."""
