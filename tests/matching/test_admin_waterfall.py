"""The evidence on a pair is drawn so that each step starts where the one before it ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.admin.waterfall import waterfall
from matching.core.explain import Step

BITS = st.floats(-60, 60, allow_nan=False)


def a_step(bits: float, level: str = "same") -> Step:
    return Step(comparison="name", level=level, words="name is the same", bits=bits)


def test_bars_go_right_for_and_left_against_and_the_last_one_is_the_sum() -> None:
    drawn = waterfall([a_step(-10, "prior"), a_step(12), a_step(-0.01), a_step(1.99, "total")])
    assert [bar.tone for bar in drawn.bars] == ["against", "for", "none", "total"]
    assert drawn.total == pytest.approx(1.99)
    assert 0 <= drawn.zero <= 100


def test_what_was_not_compared_and_vetoes_stand_apart() -> None:
    drawn = waterfall([a_step(3), a_step(0, "missing"), a_step(0, "veto"), a_step(3, "total")])
    assert len(drawn.bars) == 2
    assert len(drawn.missing) == 1
    assert len(drawn.vetoes) == 1


def test_no_evidence_at_all_is_drawn_as_nothing() -> None:
    assert waterfall([]).bars == ()


@given(st.lists(BITS, min_size=1, max_size=20))
def test_every_bar_lies_on_the_plot_and_the_sums_run_on(bits: list[float]) -> None:
    drawn = waterfall([a_step(each) for each in bits])
    assert all(-1e-6 <= bar.start <= 100 + 1e-6 for bar in drawn.bars)
    assert [bar.after for bar in drawn.bars] == pytest.approx([sum(bits[: place + 1]) for place in range(len(bits))], abs=1e-6)
