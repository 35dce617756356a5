"""Letters that only one of two texts has: a bound that spares string functions, and no part of any result."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, Indel

from matching.core.columns import Column
from matching.core.grades import DIFFERENT, SAME, grade_of_texts, text_grades
from matching.core.met import Met
from matching.core.met_columns import MetColumn

# Few letters, so that texts are alike and letters come again; some that are no ASCII.
TEXTS = st.lists(st.text("aabbee01 éß", min_size=1, max_size=14), min_size=2, max_size=60, unique=True)


def _met(texts: list[str]) -> MetColumn:
    known = Met()
    return MetColumn(known, known.places(texts))


@given(TEXTS)
def test_no_two_texts_are_said_to_be_further_apart_than_they_are(texts: list[str]) -> None:
    one, other = (np.array(side, np.int32) for side in zip(*((i, j) for i in range(len(texts)) for j in range(i)), strict=True))
    for column in (_met(texts), Column(np.arange(len(texts), dtype=np.int32), texts)):
        for mine, yours, least in zip(one, other, column.least_edits(one, other), strict=True):
            pair = texts[mine], texts[yours]
            assert least <= Indel.distance(*pair)
            assert least <= 2 * OSA.distance(*pair)


@given(TEXTS)
def test_letters_that_come_again_are_counted(texts: list[str]) -> None:
    doubled = [text + "a" * 3 for text in texts]
    column = _met([*texts, *doubled])
    place = np.arange(len(texts), dtype=np.int32)
    assert (column.least_edits(place, place + np.int32(len(texts)))[[text.isascii() for text in texts]] == 3).all()


@given(TEXTS)
def test_texts_are_graded_alike_whether_they_are_few_or_many(texts: list[str]) -> None:
    one, other = (np.array(side, np.int32) for side in zip(*((i, j) for i in range(len(texts)) for j in range(len(texts))), strict=True))
    column = Column(np.arange(len(texts), dtype=np.int32), texts)
    together = text_grades(column, one, other)
    each = [SAME if i == j else grade_of_texts(texts[i], texts[j]) for i, j in zip(one, other, strict=True)]
    assert max(each) <= SAME
    assert min(each) >= DIFFERENT
    assert (together == each).all()
    for few in (1, 7, 30, 100):
        for column in (_met(texts), Column(np.arange(len(texts), dtype=np.int32), texts)):
            assert (text_grades(column, one[:few], other[:few]) == together[:few]).all()
