from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_records.webhooks.posting import Answer
from golden_records.webhooks.retrying import Patience, Trouble, Verdict, after, verdict_on

PATIENCE = Patience()


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (202, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (301, Verdict.FAILED),
        (302, Verdict.FAILED),
        (400, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (408, Verdict.FAILED),
        (410, Verdict.GONE),
        (422, Verdict.REFUSED),
        (425, Verdict.FAILED),
        (429, Verdict.FAILED),
        (500, Verdict.FAILED),
        (503, Verdict.FAILED),
        (None, Verdict.FAILED),
    ],
)
def test_what_a_status_means(status: int | None, verdict: Verdict) -> None:
    assert verdict_on(Answer(status=status)) is verdict


@given(tries=st.integers(1, 10_000))
def test_pauses_grow_up_to_a_limit_and_chance_takes_at_most_half(tries: int) -> None:
    seconds = PATIENCE.pause(Trouble(tries=tries)).total_seconds()
    whole = min(3600.0, 2.0 * 3.0 ** min(tries - 1, 60))
    assert whole / 2 <= seconds <= whole


def test_endpoints_that_fell_over_together_do_not_all_come_back_at_once() -> None:
    assert len({PATIENCE.pause(Trouble(tries=5)) for _ in range(50)}) > 25


def test_a_pause_is_as_long_as_the_endpoint_asks_for_within_reason() -> None:
    assert PATIENCE.pause(Trouble(tries=1), retry_after=120.0) == timedelta(seconds=120)
    assert PATIENCE.pause(Trouble(tries=1), retry_after=1e12) == PATIENCE.longest


def test_the_circuit_opens_after_many_tries_of_one_event() -> None:
    trouble = Trouble()
    for _ in range(PATIENCE.tries - 1):
        trouble = after(trouble, Verdict.FAILED)
    assert not PATIENCE.is_open(trouble)
    assert PATIENCE.is_open(after(trouble, Verdict.FAILED))


def test_an_event_is_given_up_only_for_refusals_of_its_own() -> None:
    failed = Trouble(tries=100)
    assert not PATIENCE.gives_up(after(failed, Verdict.REFUSED))
    refused = Trouble()
    for _ in range(PATIENCE.refusals):
        refused = after(refused, Verdict.REFUSED)
    assert PATIENCE.gives_up(refused)


def test_an_endpoint_that_refuses_event_after_event_is_held_to_be_wrong_itself() -> None:
    trouble = Trouble(tries=50, refusals=50, set_aside=PATIENCE.set_aside)
    assert PATIENCE.is_open(trouble)
    assert not PATIENCE.gives_up(trouble)
