"""Components: rows that hang together along pairs, called by the smallest row."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matching.core.components import components

SIZE = 40
PAIRS = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=60)


def _found(size: int, pairs: list[tuple[int, int]]) -> NDArray[np.int32]:
    ends = np.array(pairs, np.int32).reshape(-1, 2)
    return components(size, ends[:, 0], ends[:, 1])


@given(PAIRS)
def test_rows_have_one_name_exactly_where_a_chain_of_pairs_leads_from_one_to_the_other(pairs: list[tuple[int, int]]) -> None:
    ends = np.array(pairs, np.int32).reshape(-1, 2)
    _, expected = connected_components(coo_array((np.ones(len(ends)), ends.T), (SIZE, SIZE)), directed=False)

    found = _found(SIZE, pairs)

    for row in range(SIZE):
        assert found[row] == np.flatnonzero(expected == expected[row])[0]


def test_a_long_chain_in_any_order_is_one_component() -> None:
    rows = np.random.default_rng(1).permutation(10_000).tolist()

    assert not _found(len(rows), list(pairwise(rows))).any()


def test_a_table_without_rows_has_no_component() -> None:
    assert _found(0, []).tolist() == []
