"""Stable ids: which cluster keeps which existing golden id after a run."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Id = TypeVar("Id", bound=Hashable)


def reconcile(labels: NDArray[np.int64], existing_ids: Sequence[Id | None], age: Mapping[Id, int]) -> dict[int, Id | None]:
    """Give each cluster (by its label) the golden id that most of its rows already have; None means a new id.

    `existing_ids` has one id per row, or None; `age` ranks the ids, the smallest the oldest. An id goes to one cluster
    only: where two want it, the one with more of its rows gets it. Ties go to the oldest id, then to the smallest
    label. So ids never change because of a re-run alone.
    """
    overlap: dict[tuple[int, Id], int] = {}
    for label, existing in zip(labels.tolist(), existing_ids, strict=True):
        if existing is not None:
            overlap[label, existing] = overlap.get((label, existing), 0) + 1
    kept: dict[int, Id | None] = dict.fromkeys(sorted(set(labels.tolist())))
    taken: set[Id] = set()
    for label, existing in sorted(overlap, key=lambda pair: (-overlap[pair], age[pair[1]], pair[0])):
        if kept[label] is None and existing not in taken:
            kept[label] = existing
            taken.add(existing)
    return kept
