"""Whatever is said, taken back, merged and parted, in whatever order: no golden customer is its own ancestor, and parents are active."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden_records.errors import MdmError
from golden_records.hierarchy.checks import CHECKS
from golden_records.hierarchy.links import ways_up
from golden_records.models import GoldenCustomer, GoldenState, Parentage
from tests.lock_order import an_example
from tests.matching.hierarchy.families import CUSTOMER, a_customer, heard, merge, said, took_back, unmerge

pytestmark = pytest.mark.django_db

NUMBERS = st.integers(0, 4)
STEPS = st.one_of(
    st.tuples(st.just("say"), NUMBERS, NUMBERS),
    st.tuples(st.just("none"), NUMBERS, NUMBERS),
    st.tuples(st.just("take back"), NUMBERS, NUMBERS),
    st.tuples(st.just("merge"), NUMBERS, NUMBERS),
    st.tuples(st.just("unmerge"), NUMBERS, NUMBERS),
    st.tuples(st.just("hear"), NUMBERS, NUMBERS),
)
NAMED = st.lists(st.one_of(st.none(), NUMBERS), min_size=5, max_size=5)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(named=NAMED, steps=st.lists(STEPS, max_size=10))
def test_no_sequence_of_words_and_merges_closes_a_loop(named: list[int | None], steps: list[Any]) -> None:
    with an_example():
        customers = [a_customer(str(number), str(parent) if parent is not None else None) for number, parent in enumerate(named)]
        receipts: list[Any] = []
        ways: list[Any] = []
        for kind, one, other in steps:
            try:
                do(kind, customers, receipts, (one, other))
            except MdmError as refused:
                # What a steward may not do is refused; that is for other tests.
                ways.append(refused.data.get("loop"))
            stand_without_a_loop()
        heard()
        assert [offence for check in CHECKS for offence in check.find()] == []
        active = set(GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).values_list("pk", flat=True))
        assert all(way[0] == way[-1] and len(way) > 1 for way in ways if way)
        edges = Parentage.objects.filter(parent_id__isnull=False).values_list("golden_id", "parent_id")
        assert {each for edge in edges for each in edge} <= active
        transaction.set_rollback(True)


def do(kind: str, customers: list[Any], receipts: list[Any], between: tuple[int, int]) -> None:
    one, other = (customers[each] for each in between)
    if kind == "say":
        said(one, other)
    elif kind == "none":
        said(one, None)
    elif kind == "take back":
        took_back(one)
    elif kind == "merge":
        receipts.append(merge(one, other))
    elif kind == "unmerge" and receipts:
        unmerge(receipts[between[0] % len(receipts)])
    elif kind == "hear":
        heard()


def stand_without_a_loop() -> None:
    """Follow the parents that stand, as they are kept: every way ends."""
    edges: dict[Any, Any] = dict(Parentage.objects.filter(parent_id__isnull=False).values_list("golden_id", "parent_id"))
    for start in edges:
        at, steps = start, 0
        while at in edges:
            at, steps = edges[at], steps + 1
            assert steps <= len(edges)
    ways_up(CUSTOMER, edges)
