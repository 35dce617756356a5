"""Which records a report shows: the largest clusters, merges with differences, cuts, and a fair sample of all weights."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from matching.core.score import score_pairs
from matching.files.running import MatchedFiles

Rows = NDArray[np.int64]
_AT_ONCE: Final = 200_000
_MOST_BESIDE: Final = 4


def largest_clusters(matched: MatchedFiles, most: int) -> list[Rows]:
    """Give the rows of the largest clusters of three records or more."""
    labels = matched.result.clusters.labels
    sizes = np.bincount(labels)
    large = np.argsort(-sizes, kind="stable")[:most]
    return [np.flatnonzero(labels == label) for label in large if sizes[label] > 2]  # noqa: PLR2004 - pairs are shown elsewhere


def telling_merges(matched: MatchedFiles, most: int) -> list[Rows]:
    """Give clusters of two to four records whose values differ: the least sure first, the rest spread over all others."""
    clusters = matched.result.clusters
    sizes = np.bincount(clusters.labels, minlength=len(clusters.labels))
    heads = np.flatnonzero((sizes >= 2) & (sizes <= _MOST_BESIDE))  # noqa: PLR2004 - a merge has two
    heads = heads[np.argsort(clusters.confidence[heads], kind="stable")]
    heads = heads[_differing(matched, heads)]
    if len(heads) <= most:
        return [np.flatnonzero(clusters.labels == head) for head in heads]
    least = heads[: most // 2]
    spread = heads[np.linspace(most // 2, len(heads) - 1, most - len(least)).astype(np.int64)]
    return [np.flatnonzero(clusters.labels == head) for head in (*least, *spread)]


def _differing(matched: MatchedFiles, heads: Rows) -> NDArray[np.bool_]:
    """Say which clusters have two different values in any column: equal copies are no news."""
    labels = matched.result.clusters.labels
    differs = np.zeros(len(labels), np.bool_)
    for name in matched.sources:
        encoded = matched.attributes[name].combine_chunks().cast(pa.string()).dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        known = codes >= 0
        least, greatest = np.full(len(labels), np.iinfo(np.int64).max), np.full(len(labels), -1)
        np.minimum.at(least, labels[known], codes[known])
        np.maximum.at(greatest, labels[known], codes[known])
        differs |= (greatest >= 0) & (least != greatest)
    return differs[heads]


@dataclass(frozen=True, slots=True)
class ScoredCandidates:
    """Candidate pairs by their `places`, ascending: weights in bits, probabilities, and whether no veto holds (`free`)."""

    places: Rows
    weight: NDArray[np.float64]
    probability: NDArray[np.float64]
    free: NDArray[np.bool_]


def scored_candidates(matched: MatchedFiles, most: int | None = None) -> ScoredCandidates:
    """Score candidate pairs once more; with `most`, a sample at equal distances. A part at a time: memory stays bounded."""
    result = matched.result
    total = len(result.candidates.left)
    places = np.arange(total) if most is None or total <= most else np.linspace(0, total - 1, most).astype(np.int64)
    weight, probability, free = np.empty(len(places)), np.empty(len(places)), np.empty(len(places), np.bool_)
    for start in range(0, len(places), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        left, right = result.candidates.left[places[part]], result.candidates.right[places[part]]
        scored = score_pairs(result.prepared, result.prepared, left, right, result.model)
        weight[part], probability[part], free[part] = scored.weight, scored.probability, scored.vetoes == 0
    return ScoredCandidates(places, weight, probability, free)
