"""Scoring against a known truth: what a user gets out of the clusters, and what blocking lets through."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares between 0 and 1. Pairs: all pairs inside the clusters against all pairs inside the true ones."""

    pairs_precision: float
    pairs_recall: float
    pairs_f1: float
    bcubed_f1: float
    candidates: int
    candidate_recall: float


def evaluate(truth: Labels, predicted: Labels, left: NDArray[np.int32], right: NDArray[np.int32]) -> Figures:
    """Compare predicted with true clusters (a number per row each) and candidate pairs with true pairs.

    B-cubed (Bagga and Baldwin 1998): precision and recall of each record's cluster, averaged over records. With
    nothing predicted, or nothing true, the share concerned is 1.
    """
    true, found = _numbered(truth), _numbered(predicted)
    _, place, both = np.unique(true * (found.max(initial=0) + 1) + found, return_inverse=True, return_counts=True)
    true_sizes, found_sizes = np.bincount(true), np.bincount(found)
    right_pairs, found_pairs, true_pairs = (_pairs(sizes) for sizes in (both, found_sizes, true_sizes))
    precision, recall = _share(right_pairs, found_pairs), _share(right_pairs, true_pairs)
    shared = both[place]
    hits = int((true[left] == true[right]).sum())
    return Figures(
        pairs_precision=precision,
        pairs_recall=recall,
        pairs_f1=_harmonic(precision, recall),
        bcubed_f1=_harmonic(_mean(shared / found_sizes[found]), _mean(shared / true_sizes[true])),
        candidates=len(left),
        candidate_recall=_share(hits, true_pairs),
    )


def _numbered(labels: Labels) -> Labels:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _pairs(sizes: NDArray[np.int64]) -> int:
    return int((sizes.astype(np.int64) * (sizes - 1) // 2).sum())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 1.0


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
