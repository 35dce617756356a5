"""Two stewards, or a steward and the feed, would close a loop together: one of them is refused, whoever waits for whom."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connections

from golden_records import sealing
from golden_records.errors import Busy, MdmError
from golden_records.hierarchy.settling import HierarchyLoop
from matching import hierarchy
from tests.matching.hierarchy.families import CUSTOMER, a_customer, heard, offences, parent_of, said
from tests.matching.interleaving import Stop, at_once, deadlocks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("postgresql")]


@pytest.fixture(autouse=True)
def _no_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden_records.doorbell.seal_events.delay", lambda: None)


@pytest.mark.parametrize("point", ["goldens", "before commit", "after commit"])
def test_two_stewards_do_not_close_a_loop_together(point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = a_customer("a"), a_customer("b")
    stop = Stop(monkeypatch, point)
    with at_once(stop, partial(said, a, b), partial(said, b, a)):
        pass
    assert sorted(parent is None for parent in (parent_of(a), parent_of(b))) == [False, True]
    heard()
    assert offences() == []


def test_a_steward_and_the_feed_do_not_close_a_loop_together(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = a_customer("a"), a_customer("b", "a")
    sealing.seal()
    stop = Stop(monkeypatch, "before commit")
    with at_once(stop, partial(said, a, b), partial(hierarchy.follow, CUSTOMER, seconds=60)):
        pass
    assert [parent_of(a), parent_of(b)] == [b, None]
    heard()
    assert offences() == []


def test_many_at_once_leave_no_loop_and_no_deadlock() -> None:
    customers, before = [a_customer(f"c{number}") for number in range(6)], deadlocks()
    refused, begin = [], threading.Barrier(6)

    def name_all(number: int) -> None:
        begin.wait()
        try:
            for step in range(1, 6):
                try:
                    said(customers[number], customers[(number + step) % 6])
                except MdmError as error:
                    refused.append(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(name_all, range(6)))
    heard()
    # Whoever waited too long was told to try again.
    assert {type(error) for error in refused} - {Busy} == {HierarchyLoop}
    assert offences() == []
    assert deadlocks() == before
