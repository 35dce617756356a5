"""Two values are marked where they differ, and only there."""

from hypothesis import given
from hypothesis import strategies as st

from matching.admin.differences import COMPARED_AT_MOST, Likeness, Segments, differences


def marked(segments: Segments, likeness: Likeness) -> list[str]:
    return [segment.text for segment in segments if segment.likeness == likeness]


def test_a_wrong_digit_is_marked_on_both_sides() -> None:
    left, right = differences("+33142685300", "+33142685309")
    assert marked(left, Likeness.DIFFERENT) == ["0"]
    assert marked(right, Likeness.DIFFERENT) == ["9"]


def test_what_only_one_has_is_marked_there_alone() -> None:
    left, right = differences("732829320", "73282932000074")
    assert marked(left, Likeness.DIFFERENT) == []
    assert marked(right, Likeness.DIFFERENT) == ["00074"]


def test_accents_and_case_are_a_lesser_difference() -> None:
    left, right = differences("Énergie", "ENERGIE")
    assert not marked(left, Likeness.DIFFERENT)
    assert not marked(right, Likeness.DIFFERENT)
    assert "É" in "".join(marked(left, Likeness.NEAR))


def test_a_single_common_letter_between_two_differences_is_no_likeness() -> None:
    left, _ = differences("Acme", "Banque")
    assert marked(left, Likeness.SAME) == []


def test_very_long_values_are_marked_as_a_whole() -> None:
    left, right = differences("x" * (COMPARED_AT_MOST + 1), "y")
    assert [segment.likeness for segment in (*left, *right)] == [Likeness.DIFFERENT] * 2


@given(st.text(), st.text())
def test_the_stretches_of_each_side_give_its_value_back(left: str, right: str) -> None:
    segments = differences(left, right)
    assert ["".join(segment.text for segment in side) for side in segments] == [left, right]


@given(st.text())
def test_equal_values_have_no_difference(value: str) -> None:
    for side in differences(value, value):
        assert all(segment.likeness == Likeness.SAME for segment in side)


@given(st.text(), st.text())
def test_what_is_marked_as_the_same_is_the_same_on_both_sides(left: str, right: str) -> None:
    one, other = differences(left, right)
    assert "".join(marked(one, Likeness.SAME)) == "".join(marked(other, Likeness.SAME))
