"""How alike two texts are, in five grades: the building block of the comparators.

A grade is symmetric and depends on the two texts alone. Only pairs that can be alike by their letters are given to
the string functions, each pair of distinct texts once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA, Indel
from rapidfuzz.process import cpdist

from matching.core.columns import Column
from matching.core.hashing import FOREIGN
from matching.core.terms import Terms

Rows = NDArray[np.int32]
Levels = NDArray[np.uint8]

MISSING: Final = 0
DIFFERENT: Final = 1
SIMILAR: Final = 2
CLOSE: Final = 3
SAME: Final = 4

SIMILARITY: Final = 0.75
"""Share of letters in common order (Indel) from which two texts are similar."""
_ONE_EDIT_FROM: Final = 4
_TWO_EDITS_FROM: Final = 8


@dataclass(slots=True)
class Operands:
    """What a comparator compares: its columns with their field names, both sides' codes in each (fields x pairs), and
    the model's term tables. `memo` is shared by all parts of the pairs that one comparison has; `graded` has the text
    grades of fields where they are known already, `equal` whether codes are the same.
    """

    columns: tuple[Column, ...]
    names: tuple[str, ...]
    one: Rows
    other: Rows
    terms: Terms
    memo: dict[str, Any] = field(default_factory=dict)
    graded: Mapping[str, Levels] = field(default_factory=dict)
    equal: Levels | None = None

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Give what is made from the columns and terms alone, made once for all pairs."""
        if name not in self.memo:
            self.memo[name] = make()
        return self.memo[name]

    def codes(self, place: int) -> tuple[Rows, Rows]:
        """Give both sides' codes in a column."""
        return self.one[place], self.other[place]

    def equality(self, place: int) -> Levels:
        """Grade both sides' codes in a column as missing, different or the same."""
        return equality(*self.codes(place)) if self.equal is None else self.equal[place].copy()

    def grades(self, place: int) -> Levels:
        """Grade both sides' texts in a column."""
        known = self.graded.get(self.names[place])
        return text_grades(self.columns[place], *self.codes(place)) if known is None else known.copy()

    def grades_at(self, place: int, chosen: NDArray[np.int64]) -> Levels:
        """Grade both sides' texts in a column, of some of the pairs."""
        known = self.graded.get(self.names[place])
        one, other = self.codes(place)
        return text_grades(self.columns[place], one[chosen], other[chosen]) if known is None else known[chosen]

    def at(self, chosen: NDArray[np.int64]) -> "Operands":
        """Keep some of the pairs."""
        graded = {name: self.graded[name][chosen] for name in self.names if name in self.graded}
        equal = None if self.equal is None else self.equal[:, chosen]
        return replace(self, one=self.one[:, chosen], other=self.other[:, chosen], graded=graded, equal=equal)


def equality(one: Rows, other: Rows) -> Levels:
    """Grade codes as missing, different or the same."""
    known = (one | other) >= 0
    grades: Levels = (one == other).view(np.uint8) * _SAME_NOT_DIFFERENT * known + known
    return grades


_SAME_NOT_DIFFERENT: Final = np.uint8(SAME - DIFFERENT)


def text_grades(column: Column, one: Rows, other: Rows, equal: Levels | None = None) -> Levels:
    """Grade pairs of codes of one column, of which is known already whether they are `equal`. Close: one edit, two in a long text,
    or the same letters in another order; similar: 3/4 of the letters in common order, or one edit in a short text.
    """
    grades = equality(one, other) if equal is None else equal
    (asked,) = (grades == DIFFERENT).nonzero()
    left, right = one[asked], other[asked]
    if len(asked) <= _VERY_FEW:
        if len(asked):
            grades[asked] = _grade_each(column, left, right)
        return grades
    maybe = _may_be_alike(column, left, right)
    asked = asked[maybe]
    if len(asked):
        pairs, place = distinct_pairs(column, left[maybe], right[maybe])
        grades[asked] = _grade_distinct(column, *pairs)[place]
    return grades


def distinct_pairs(column: Column, one: Rows, other: Rows) -> tuple[tuple[Rows, Rows], NDArray[np.int64] | slice]:
    """Give the distinct unordered pairs of codes, and which of them each pair is. Few pairs are taken as they come: of so
    many values hardly any pair comes twice.
    """
    size = column.size
    if len(one) <= max(_FEW_PAIRS, size):
        return (one, other), slice(None)
    low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other)
    pairs, place = np.unique(low * size + high, return_inverse=True)
    return ((pairs // size).astype(np.int32), (pairs % size).astype(np.int32)), place


def _may_be_alike(column: Column, one: Rows, other: Rows) -> NDArray[np.bool_]:
    # Twice the edits, and what is not in common order, are no fewer than the least: no string function is needed to tell.
    long, short = column.lengths[one], column.lengths[other]
    room = np.maximum((1 - SIMILARITY) * (long + short), _LEAST_ROOM.take(np.minimum(long, short), mode="clip"))
    result: NDArray[np.bool_] = column.least_edits(one, other) <= room
    return result


def edits_allowed(length: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give how many edits leave texts of this length close."""
    return _EDITS.take(length, mode="clip")


_EDITS: Final = np.array([0] * _ONE_EDIT_FROM + [1] * (_TWO_EDITS_FROM - _ONE_EDIT_FROM) + [2], np.int32)
_LEAST_ROOM: Final = 2 * np.maximum(_EDITS, 1)
_FEW_PAIRS: Final = 512
"""Pairs up to which finding those that occur twice costs more than comparing them."""


def _may_be_close(column: Column, one: Rows, other: Rows, shorter: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say which pairs may be so few edits apart as counts though fewer than 3/4 of their letters are in common order.

    None of four letters or more: an edit takes two letters at most, of the eight in both texts (sixteen, where two are allowed).
    Lengths are in bytes, so that this is told of ASCII only.
    """
    result: NDArray[np.bool_] = (shorter < _ONE_EDIT_FROM) | ((column.letters[one] | column.letters[other]) >= FOREIGN)
    return result


_MANY_EDITS: Final = 3


def _grade_distinct(column: Column, one: Rows, other: Rows) -> Levels:
    if len(one) <= _ONE_BY_ONE:
        return _grade_each(column, one, other)
    left, right = column.picked(one), column.picked(other)
    alike = cpdist(left, right, scorer=Indel.normalized_similarity, score_cutoff=SIMILARITY, dtype=np.float32)
    shorter = np.minimum(column.lengths[one], column.lengths[other])
    edits = np.full(len(left), _MANY_EDITS, np.int32)
    asked = np.flatnonzero((alike >= SIMILARITY) | _may_be_close(column, one, other, shorter))
    edits[asked] = cpdist(left[asked], right[asked], scorer=OSA.distance, score_cutoff=_MANY_EDITS - 1, dtype=np.int32)
    close = (edits <= edits_allowed(shorter)) | ((column.bags[one] == column.bags[other]) & (shorter >= _ONE_EDIT_FROM))
    grades: Levels = DIFFERENT + ((alike >= SIMILARITY) | ((edits <= 1) & (shorter > 1))).view(np.uint8)
    grades[close] = CLOSE
    return grades


_VERY_FEW: Final = 12
"""Pairs up to which asking the string functions costs less than finding out whether to ask."""
_ONE_BY_ONE: Final = 40
"""Pairs up to which asking the string functions of each costs less than setting up arrays for all."""


def _grade_each(column: Column, one: Rows, other: Rows) -> Levels:
    """Grade few pairs as `_grade_distinct` does many."""
    shorter = np.minimum(column.lengths[one], column.lengths[other]).tolist()
    same_letters = (column.bags[one] == column.bags[other]).tolist()
    texts = zip(column.picked(one).tolist(), column.picked(other).tolist(), shorter, same_letters, strict=True)
    return np.array([_grade(*pair) for pair in texts], np.uint8)


def grade_of_texts(one: str, other: str) -> int:
    """Grade two different texts as `text_grades` does."""
    left, right = one.encode(), other.encode()
    return _grade(one, other, min(len(left), len(right)), len(left) == len(right) and sorted(left) == sorted(right))


def _grade(left: str, right: str, shorter: int, same_letters: bool) -> int:  # noqa: FBT001 - a column of such
    alike = Indel.normalized_similarity(left, right, score_cutoff=SIMILARITY) >= SIMILARITY
    edits = _MANY_EDITS
    if alike or shorter < _ONE_EDIT_FROM or not (left.isascii() and right.isascii()):
        edits = OSA.distance(left, right, score_cutoff=_MANY_EDITS - 1)
    if edits <= _EDITS_OF[min(shorter, _TWO_EDITS_FROM)] or (same_letters and shorter >= _ONE_EDIT_FROM):
        return CLOSE
    return SIMILAR if alike or (edits <= 1 < shorter) else DIFFERENT


_EDITS_OF: Final = _EDITS.tolist()
