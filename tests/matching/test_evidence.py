"""What becomes of a golden record when what one of its records says has changed."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.core.decide import Outcome
from matching.evidence import Former, Grid, Reconsidered, reconsider

MATCH, MAYBE, NO = Outcome.MATCH, Outcome.POSSIBLE_MATCH, Outcome.NO_MATCH


def grid(
    said: dict[tuple[int, int], Outcome],
    *,
    vetoed: tuple[tuple[int, int], ...] = (),
    by_hand: tuple[int, ...] = (),
    ties: tuple[tuple[int, int], ...] = (),
    ids: tuple[int, ...] = (1, 2, 3, 4),
) -> Grid:
    """The records 1, 2, 3, ... in the rows 0, 1, 2, ...; pairs that are not named say nothing."""
    size = len(ids)
    outcome, veto = np.zeros((size, size), np.int8), np.zeros((size, size), bool)
    for (one, other), told in said.items():
        outcome[one, other] = outcome[other, one] = told
    for one, other in vetoed:
        veto[one, other] = veto[other, one] = True
    return Grid(ids, outcome, outcome.astype(float), veto, frozenset(by_hand), ties)


def former(*matched: int) -> Former:
    return Former(frozenset(matched), frozenset(matched))


def leaving(found: Reconsidered) -> list[set[int]]:
    return [set(part) for part in found.leaving]


def test_a_record_that_matches_any_other_stays() -> None:
    found = reconsider(grid({(0, 1): MATCH}, ids=(1, 2, 3)[:2]), 0, former(1))
    assert found == Reconsidered()


def test_one_that_only_might_match_stays_and_a_person_is_asked() -> None:
    found = reconsider(grid({(0, 1): MAYBE, (1, 2): MATCH}, ids=(1, 2, 3)), 0, former(1))
    assert (found.leaving, found.doubts) == ((), ((0, 1),))


def test_one_that_nothing_holds_any_more_leaves() -> None:
    found = reconsider(grid({(1, 2): MATCH}, ids=(1, 2, 3)), 0, former(1))
    assert (leaving(found), found.doubts) == ([{0}], ())


def test_a_new_veto_takes_it_out_whatever_else_it_matches() -> None:
    found = reconsider(grid({(0, 1): MATCH, (1, 2): MATCH}, vetoed=((0, 2),), ids=(1, 2, 3)), 0, former(1, 2))
    assert leaving(found) == [{0}]


def test_a_veto_that_was_there_before_changes_nothing() -> None:
    found = reconsider(grid({(0, 1): MATCH, (1, 2): MATCH}, vetoed=((0, 2),), ids=(1, 2, 3)), 0, former(1))
    assert found == Reconsidered()


def test_what_people_put_together_stays_and_a_new_veto_is_asked_about() -> None:
    by_people = grid({}, vetoed=((0, 1),), by_hand=(0, 1), ties=((0, 1),), ids=(1, 2))
    assert reconsider(by_people, 0, former(1)) == Reconsidered()
    through_a_third = grid({(1, 2): MATCH}, vetoed=((0, 2),), by_hand=(0, 1), ties=((0, 1),), ids=(1, 2, 3))
    assert reconsider(through_a_third, 0, former(1, 2)).doubts == ((0, 2),)


def test_where_it_held_others_together_the_largest_part_keeps_the_id() -> None:
    """Row 0 held {1, 2} and {3} together, and now matches 3 alone."""
    found = reconsider(grid({(1, 2): MATCH, (0, 3): MATCH}), 0, former(1, 3))
    assert leaving(found) == [{0, 3}] or leaving(found) == [{1, 2}]
    three = reconsider(grid({(1, 2): MATCH, (2, 4): MATCH, (0, 3): MATCH}, ids=(1, 2, 3, 4, 5)), 0, former(1, 3))
    assert leaving(three) == [{0, 3}]


def test_of_parts_of_one_size_the_one_with_the_oldest_record_keeps_the_id() -> None:
    found = reconsider(grid({(0, 1): MATCH, (2, 3): MATCH}, ids=(9, 8, 2, 7)), 0, former(1, 2))
    assert leaving(found) == [{0, 1}]


def test_a_part_that_was_never_tied_to_the_changed_record_is_left_as_it_is() -> None:
    found = reconsider(grid({(0, 1): MATCH}), 0, former(1))
    assert found == Reconsidered()


def test_the_part_that_people_put_there_keeps_the_id_however_small() -> None:
    found = reconsider(grid({(0, 1): MATCH}, by_hand=(2,), ids=(1, 2, 3)), 0, former(2))
    assert leaving(found) == [{0, 1}]


@settings(deadline=None)
@given(st.data())
def test_the_order_of_the_records_is_no_part_of_the_answer(data: st.DataObject) -> None:
    pairs = list(itertools.combinations(range(4), 2))
    said = {pair: data.draw(st.sampled_from(Outcome)) for pair in pairs}
    vetoed = tuple(pair for pair in pairs if said[pair] != MATCH and data.draw(st.booleans()))
    known = frozenset(data.draw(st.sets(st.integers(1, 3))))
    order = data.draw(st.permutations(range(4)))
    place = {row: number for number, row in enumerate(order)}
    plain = grid(said, vetoed=vetoed)
    mixed = grid(
        {(place[one], place[other]): told for (one, other), told in said.items()},
        vetoed=tuple((place[one], place[other]) for one, other in vetoed),
        ids=tuple(plain.ids[row] for row in order),
    )
    one = reconsider(plain, 0, Former(known, known))
    other = reconsider(mixed, place[0], Former(*([frozenset(place[row] for row in known)] * 2)))
    assert {frozenset(plain.ids[row] for row in part) for part in one.leaving} == {
        frozenset(mixed.ids[row] for row in part) for part in other.leaving
    }
    assert len(one.doubts) == len(other.doubts)


@pytest.mark.parametrize("changed", range(4))
def test_the_record_that_stays_behind_is_never_nobody(changed: int) -> None:
    found = reconsider(grid({}), changed, former(*({0, 1, 2, 3} - {changed})))
    assert sum(map(len, found.leaving)) == 3
