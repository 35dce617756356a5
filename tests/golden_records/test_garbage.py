"""When Python searches for garbage in cycles."""

import gc

import pytest

from golden_records.garbage import no_search_for_cycles


def test_python_does_not_search_for_cycles_meanwhile_and_does_again_afterwards() -> None:
    assert gc.isenabled()
    with no_search_for_cycles():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_python_searches_again_after_an_error() -> None:
    with pytest.raises(ValueError, match="broken"), no_search_for_cycles():
        raise ValueError("broken")
    assert gc.isenabled()


def test_one_inside_another_leaves_it_to_the_outer_one() -> None:
    with no_search_for_cycles():
        with no_search_for_cycles():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
