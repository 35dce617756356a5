"""Stable ids from run to run, and figures against a known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.core.evaluate import evaluate
from matching.core.reconcile import reconcile

NONE = np.empty(0, np.int32)


def test_a_cluster_keeps_the_id_that_most_of_its_records_have() -> None:
    labels = np.array([0, 0, 0, 3, 3])
    assert reconcile(labels, ["b", "a", "b", None, None], {"a": 0, "b": 1}) == {0: "b", 3: None}


def test_a_tie_goes_to_the_oldest_id() -> None:
    assert reconcile(np.array([0, 0]), ["young", "old"], {"old": 1, "young": 2}) == {0: "old"}


def test_an_id_goes_to_one_cluster_only_when_a_golden_record_falls_apart() -> None:
    labels = np.array([0, 1, 1])
    assert reconcile(labels, ["a", "a", "a"], {"a": 0}) == {0: None, 1: "a"}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_ids_do_not_change_when_nothing_else_does(entities: list[int]) -> None:
    labels = np.array([entities.index(entity) for entity in entities])
    ids = [f"golden {entity}" for entity in entities]
    kept = reconcile(labels, ids, {name: place for place, name in enumerate(dict.fromkeys(ids))})
    assert [kept[label] for label in labels.tolist()] == ids


def test_figures_count_pairs_inside_clusters() -> None:
    truth, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 2, 2, 4])
    figures = evaluate(truth, predicted, np.array([0, 0], np.int32), np.array([1, 3], np.int32))
    assert (figures.pairs_precision, figures.pairs_recall) == (0.5, 0.25)
    assert figures.pairs_f1 == pytest.approx(1 / 3)
    assert (figures.candidates, figures.candidate_recall) == (2, 0.25)
    precision, recall = (1 + 1 + 0.5 + 0.5 + 1) / 5, (2 / 3 + 2 / 3 + 1 / 3 + 0.5 + 0.5) / 5
    assert figures.bcubed_f1 == pytest.approx(2 * precision * recall / (precision + recall))


def test_a_perfect_result_scores_one() -> None:
    figures = evaluate(np.array([5, 5, 7]), np.array([0, 0, 2]), NONE, NONE)
    assert (figures.pairs_f1, figures.bcubed_f1, figures.candidate_recall) == (1, 1, 0)
