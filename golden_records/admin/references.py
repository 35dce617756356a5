"""The golden records that the references of others lead to: a project's customer, a customer's parent."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from golden_records import selectors
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import GoldenRecord


def targets(entity: EntityType, goldens: Sequence[GoldenRecord]) -> dict[tuple[UUID, str], GoldenRecord]:
    """Find them by canonical id of the referring record and attribute; two queries per entity type referred to."""
    ids = selectors.references_of(entity, goldens)
    found: dict[tuple[UUID, str], GoldenRecord] = {}
    for name in {spec.refers_to for spec in entity.attributes if spec.refers_to}:
        attributes = [spec.name for spec in entity.attributes if spec.refers_to == name]
        wanted = {target for references in ids.values() for key in attributes if (target := references[key]) is not None}
        rows: dict[Any, GoldenRecord] = dict(ENTITIES[name].golden._default_manager.in_bulk(wanted)) if wanted else {}
        for referring, references in ids.items():
            found |= {(referring, key): rows[target] for key in attributes if (target := references[key]) in rows}
    return found
