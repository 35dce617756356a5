"""Planning a run that may join and part published golden records (`clusters: {published: join}`): what it starts from, and what moves.

Then the clusters depend on what the records say and on what people said, and on nothing else: not on the order in which records came,
nor on what was published before. That only decides which cluster keeps which canonical id.
"""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from golden_records.entities import EntityType
from golden_records.models import LinkSource, MergeReceipt
from golden_records.models.golden import new_canonical_id
from matching.core.links import Constraints
from matching.core.reconcile import reconcile
from matching.population import Population
from matching.tables import active_records


def in_one_order(entity: EntityType, people: Population) -> pa.Table:
    """Give the attributes with ids that do not depend on the order in which records came: of two ties, always the same is taken."""
    named = {pk: (source, external_id) for pk, source, external_id in _names(entity)}
    keys = [(*named.get(pk, ("", "")), pk) for pk in people.ids.tolist()]
    rank = np.empty(len(keys), np.int64)
    rank[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    table = people.attributes
    return table.set_column(table.column_names.index("id"), "id", pa.array(rank))


def freed(entity: EntityType, people: Population, settled: Constraints) -> Constraints:
    """Leave of what is settled what people settled: judgements, golden records that they had a hand in, and merges that they undid."""
    by_hand = set(active_records(entity).filter(link_source=LinkSource.MANUAL).values_list("golden_id", flat=True))
    kept = np.array([golden_id is not None and UUID(golden_id) in by_hand for golden_id in people.golden_ids], bool)
    assert settled.groups is not None  # noqa: S101 - a run has them
    groups = np.where(kept, settled.groups, -1)
    return replace(settled, cannot_link=(*settled.cannot_link, *_undone(entity, people)), groups=groups)


def golden_ids_of(labels: NDArray[np.int64], people: Population, constraints: Constraints) -> dict[int, str]:
    """Give each cluster its canonical id: that of the golden record which people had a hand in, else what most of its records have.

    Ties go to the oldest id; a cluster for which none is left gets a new one.
    """
    assert constraints.groups is not None  # noqa: S101 - as above
    held = {int(labels[row]) for row in np.flatnonzero(constraints.groups >= 0)}
    here = [
        None if int(label) in held and constraints.groups[row] < 0 else people.golden_ids[row] for row, label in enumerate(labels.tolist())
    ]
    age = {golden_id: rank for rank, golden_id in enumerate(sorted({each for each in here if each}))}
    return {label: golden_id or str(new_canonical_id()) for label, golden_id in reconcile(labels, here, age).items()}


def moving(labels: NDArray[np.int64], people: Population, golden_ids: dict[int, str]) -> NDArray[np.bool_]:
    """Say which records leave the golden record that they are in."""
    pairs = zip(labels.tolist(), people.golden_ids, strict=True)
    return np.array([home is not None and golden_ids[label] != home for label, home in pairs], bool)


def _names(entity: EntityType) -> list[tuple[int, str, str]]:
    return list(active_records(entity).values_list("id", "source__code", "external_id"))


def _undone(entity: EntityType, people: Population) -> list[tuple[int, int]]:
    """Give the pairs of rows that a merge had brought together which a person undid, as far as they are apart now."""
    row_of = {pk: row for row, pk in enumerate(people.ids.tolist())}
    members: dict[str, list[int]] = {}
    for row, golden_id in enumerate(people.golden_ids):
        members.setdefault(golden_id or "", []).append(row)
    pairs: set[tuple[int, int]] = set()
    for receipt in MergeReceipt.objects.filter(entity=entity.name, undone_at__isnull=False):
        moved = {row_of[pk] for pk in receipt.moved_record_ids if pk in row_of}
        there = set(members.get(str(receipt.survivor_id), ())) - moved
        pairs |= {(row, other) for row in moved for other in there if people.golden_ids[row] != people.golden_ids[other]}
    return sorted(pairs)
