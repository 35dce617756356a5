"""Rows are brought together by key with one sort, whatever the keys are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matching.core.sorting import first_of_runs, grouping

_NUMBERS = st.integers(-(2**63), 2**63 - 1)
# Few keys, so that some are equal, and some that differ in the bits alone that the place of a row takes.
KEYS = st.lists(_NUMBERS | st.integers(-8, 8) | st.sampled_from([2**40 + small for small in range(4)]), max_size=60)


@given(KEYS)
def test_equal_keys_stand_together_and_their_rows_ascend(keys: list[int]) -> None:
    order, ordered = grouping(np.array(keys, np.int64))

    assert sorted(order.tolist()) == list(range(len(keys)))
    assert ordered.tolist() == [keys[place] for place in order]
    assert int(first_of_runs(ordered).sum()) == len(set(keys))
    for key in set(keys):
        rows = order[ordered == key].tolist()
        assert rows == sorted(rows)
