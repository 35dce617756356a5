"""Sources that have each entity once: no evidence joins two of their records, people may."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.core.cluster import cluster
from matching.core.config import ConfigErrors, parse_config
from matching.core.declarations import MatchConfig
from matching.core.links import Constraints, Edges
from matching.core.model import shipped_model
from matching.engines.local import match
from tests.matching.core.conftest import table

ROWS = 30
CRM, ERP, WEB = range(3)


def edges(found: dict[tuple[int, int], float]) -> Edges:
    left, right = np.array([*found], np.int32).reshape(-1, 2).T
    return Edges(left, right, np.array([*found.values()]))


@pytest.fixture(scope="module")
def once(customer: MatchConfig) -> MatchConfig:
    return replace(customer, clusters=replace(customer.clusters, one_per_source=("crm", "erp")))


def test_the_best_partner_of_a_source_is_taken_and_the_other_stays_alone(customer: MatchConfig) -> None:
    seats = np.array([CRM, CRM, ERP])
    result = cluster(3, edges({(0, 1): 20.0, (0, 2): 8.0, (1, 2): 9.0}), Constraints(seats=seats), customer)
    assert result.labels.tolist() == [0, 1, 1]
    assert [(cut.left, cut.right, cut.reason) for cut in result.cuts] == [(0, 2, "one_per_source")]


def test_records_of_a_source_do_not_come_together_through_records_of_others(customer: MatchConfig) -> None:
    chain = {(0, 1): 9.0, (1, 2): 8.0, (2, 3): 7.0}
    result = cluster(4, edges(chain), Constraints(seats=np.array([CRM, ERP, -1, CRM])), customer)
    assert result.labels.tolist() == [0, 0, 0, 3]


def test_a_large_component_has_one_record_of_each_source_in_a_cluster(customer: MatchConfig) -> None:
    pairs = {(one, other): 12.0 for one in range(24) for other in range(one + 1, 24)}
    seats = np.array([row % 12 for row in range(24)])
    labels = cluster(24, edges(pairs), Constraints(seats=seats), customer).labels
    assert sorted(np.bincount(labels)[np.unique(labels)].tolist()) == [12, 12]


def test_people_may_join_two_records_of_such_a_source(customer: MatchConfig) -> None:
    result = cluster(3, edges({(1, 2): 9.0}), Constraints(must_link=((0, 1),), seats=np.array([CRM, CRM, ERP])), customer)
    assert result.labels.tolist() == [0, 0, 0]


def test_a_golden_record_that_has_two_of_them_keeps_them_and_takes_no_third(customer: MatchConfig) -> None:
    groups = np.array([7, 7, -1, -1])
    found = edges({(0, 2): 9.0, (1, 2): 9.0, (0, 3): 9.0, (1, 3): 9.0})
    result = cluster(4, found, Constraints(groups=groups, seats=np.array([CRM, CRM, CRM, ERP])), customer)
    assert result.labels.tolist() == [0, 0, 2, 0]


rows = st.integers(0, ROWS - 1)
evidence = st.dictionaries(
    st.tuples(rows, rows).filter(lambda pair: pair[0] < pair[1]), st.floats(-20, 20, allow_subnormal=False), min_size=1, max_size=120
)


@settings(max_examples=200, deadline=None)
@given(evidence, st.lists(st.integers(-1, WEB), min_size=ROWS, max_size=ROWS))
def test_no_cluster_has_two_records_of_such_a_source(customer: MatchConfig, found: dict[tuple[int, int], float], seats: list[int]) -> None:
    labels = cluster(ROWS, edges(found), Constraints(seats=np.array(seats)), customer).labels
    taken = [(label, seat) for label, seat in zip(labels.tolist(), seats, strict=True) if seat >= 0]
    assert len(taken) == len(set(taken))


def test_twins_within_such_a_source_are_two_by_that_and_nobody_is_asked(once: MatchConfig) -> None:
    firm = {"kind": "organisation", "legal_name": "Novatech SAS", "registration_id": "732829320", "postcode": "69001"}
    records = [firm | {"source": source} for source in ("crm", "crm", "erp", "web", "web")]
    result = match(table(records), once, model=shipped_model(once, records=5_000))
    assert sorted(np.bincount(result.clusters.labels).tolist(), reverse=True)[:2] == [4, 1]
    pairs = {
        (int(one), int(other)): int(told)
        for one, other, told in zip(result.pairs.left, result.pairs.right, result.pairs.outcome, strict=True)
    }
    assert pairs[0, 1] == 0
    assert pairs[3, 4] == 2


def test_sources_are_named_in_the_config(customer: MatchConfig, once: MatchConfig) -> None:
    assert parse_config(once.to_document()) == once
    document = customer.to_document()
    document["clusters"]["one_per_source"] = "crm"
    with pytest.raises(ConfigErrors, match=r"clusters\.one_per_source"):
        parse_config(document)
