"""Clusters: what people settled is never broken, doubtful bridges are cut, and no order matters."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.core.cluster import DENSE_FROM, cluster
from matching.core.config import MatchConfig
from matching.core.links import Constraints, Edges

ROWS = 12
pairs = st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)).filter(lambda pair: pair[0] != pair[1])
weighted = st.dictionaries(pairs.map(lambda pair: (min(pair), max(pair))), st.floats(-20, 20), max_size=40)


def edges(found: dict[tuple[int, int], float]) -> Edges:
    left, right = np.array(list(found), np.int32).reshape(-1, 2).T
    return Edges(left.astype(np.int32), right.astype(np.int32), np.array(list(found.values()), np.float64))


@settings(max_examples=150, deadline=None)
@given(weighted, st.lists(pairs, max_size=4), st.lists(st.integers(-1, 3), min_size=ROWS, max_size=ROWS))
def test_cannot_links_and_golden_records_are_never_joined(
    customer: MatchConfig, found: dict[tuple[int, int], float], apart: list[tuple[int, int]], groups: list[int]
) -> None:
    constraints = Constraints(cannot_link=tuple(apart), groups=np.array(groups))
    labels = cluster(ROWS, edges(found), constraints, customer).labels
    assert all(labels[one] != labels[other] for one, other in apart)
    for label in set(labels.tolist()):
        golden = {groups[row] for row in np.flatnonzero(labels == label)} - {-1}
        assert len(golden) <= 1
        assert label == np.flatnonzero(labels == label).min()


@settings(max_examples=100, deadline=None)
@given(weighted, st.lists(pairs, max_size=4), st.randoms(use_true_random=False))
def test_neither_the_order_of_edges_nor_their_direction_matters(
    customer: MatchConfig, found: dict[tuple[int, int], float], together: list[tuple[int, int]], chance: object
) -> None:
    constraints = Constraints(must_link=tuple(together))
    before = cluster(ROWS, edges(found), constraints, customer)
    shuffled = dict(sorted(found.items(), key=lambda _: chance.random()))  # type: ignore[attr-defined]
    turned = edges(shuffled)
    after = cluster(ROWS, Edges(turned.right, turned.left, turned.weight), constraints, customer)
    assert (before.labels == after.labels).all()
    assert (before.confidence == after.confidence).all()
    assert all(before.labels[one] == before.labels[other] for one, other in together)


def one_by_one(found: dict[tuple[int, int], float], bridge: float) -> list[int]:
    """Join along the strongest pairs first, where the mean of all pairs between the two parts is above the bridge."""
    part = list(range(ROWS))
    for (one, other), weight in sorted(found.items(), key=lambda pair: (-pair[1], pair[0])):
        mine, yours = part[one], part[other]
        between = [bits for pair, bits in found.items() if {part[row] for row in pair} == {mine, yours}]
        if weight > 0 and mine != yours and sum(between) / len(between) > bridge:
            part = [min(mine, yours) if label in {mine, yours} else label for label in part]
    return part


whole_bits = st.dictionaries(pairs.map(lambda pair: (min(pair), max(pair))), st.integers(-20, 20).map(float), max_size=40)


@settings(max_examples=200, deadline=None)
@given(whole_bits)
def test_many_components_are_joined_at_once_as_each_would_be_alone(customer: MatchConfig, found: dict[tuple[int, int], float]) -> None:
    result = cluster(ROWS, edges(found), Constraints(), customer)
    assert result.labels.tolist() == one_by_one(found, customer.clusters.weak_bridge)
    cut = {(min(one, other), max(one, other)) for one, other in ((cut.left, cut.right) for cut in result.cuts)}
    apart = {pair for pair, weight in found.items() if weight > 0 and result.labels[pair[0]] != result.labels[pair[1]]}
    assert cut == apart


def test_records_that_people_joined_stay_together_against_the_evidence(customer: MatchConfig) -> None:
    result = cluster(3, edges({(0, 1): -20.0, (1, 2): -20.0}), Constraints(must_link=((0, 2),)), customer)
    assert result.labels.tolist() == [0, 1, 0]


def test_two_firms_that_one_doubtful_pair_connects_are_cut_there(customer: MatchConfig) -> None:
    strong = {(0, 1): 12.0, (0, 2): 12.0, (1, 2): 12.0, (3, 4): 12.0, (3, 5): 12.0, (4, 5): 12.0}
    between = {(one, other): -8.0 for one in range(3) for other in range(3, 6)} | {(2, 3): 2.0}
    result = cluster(6, edges(strong | between), Constraints(), customer)
    assert result.labels.tolist() == [0, 0, 0, 3, 3, 3]
    assert [(cut.left, cut.right, cut.reason) for cut in result.cuts] == [(2, 3, "weak_bridge")]


def test_a_large_component_is_cut_at_the_same_place_and_obeys_constraints(customer: MatchConfig) -> None:
    half = DENSE_FROM
    found = {
        (one, other): 9.0 if (one < half) == (other < half) else -6.0
        for one in range(2 * half) for other in range(one + 1, 2 * half)
    } | {(half - 1, half): 3.0}  # fmt: skip
    free = cluster(2 * half, edges(found), Constraints(), customer)
    assert free.labels.tolist() == [0] * half + [half] * half
    assert free.cuts[0].reason == "weak_bridge"
    settled = cluster(2 * half, edges(found), Constraints(cannot_link=((0, 1),), must_link=((0, half),)), customer)
    assert settled.labels[0] == settled.labels[half]
    assert settled.labels[0] != settled.labels[1]


def test_a_record_between_two_golden_records_joins_the_better_one(customer: MatchConfig) -> None:
    found = edges({(0, 2): 4.0, (1, 2): 9.0})
    result = cluster(3, found, Constraints(groups=np.array([0, 1, -1])), customer)
    assert result.labels.tolist() == [0, 1, 1]
    assert [(cut.left, cut.right, cut.reason) for cut in result.cuts] == [(0, 2, "two_golden_records")]


def test_a_cluster_is_as_sure_as_its_worst_linked_record(customer: MatchConfig) -> None:
    result = cluster(4, edges({(0, 1): 10.0, (1, 2): 1.0}), Constraints(), customer)
    assert result.confidence[:3] == pytest.approx(2 / 3)
    assert result.confidence[3] == pytest.approx(1)


def test_an_overgrown_cluster_raises_the_alarm(customer: MatchConfig) -> None:
    wary = replace(customer, clusters=replace(customer.clusters, size_alarm=2))
    assert cluster(3, edges({(0, 1): 9.0, (1, 2): 9.0}), Constraints(), wary).alarms == (0,)
