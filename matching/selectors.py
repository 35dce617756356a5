"""Reads for people and programs: why a pair scored as it did, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from golden_records.entities import EntityType, entity_type
from golden_records.models import SourceRecord
from matching.active_config import ActiveConfig, UnreadableConfig, config_version
from matching.core.explain import Step, explain
from matching.core.model import stored_document
from matching.core.score import Evidence
from matching.core.stored import StoredEvidence, explain_stored
from matching.models import MatchConfigVersion, MatchDecision


@dataclass(frozen=True, slots=True)
class MatchView:
    """The evidence on a pair as people and programs read it: the steps sum up to `weight` (bits)."""

    probability: float
    weight: float
    config_version: str
    explanation: tuple[Step, ...]


def explanation_of(decision: MatchDecision) -> MatchView:
    """Explain what the engine found for a pair, with the values that the two records have now."""
    records = entity_type(decision.entity).records.in_bulk([decision.left_record_id, decision.right_record_id])
    evidence = {name: getattr(decision, name) for name in ("levels", "weights", "stratum", "vetoes", "weight", "probability")}
    left, right = records[decision.left_record_id], records[decision.right_record_id]
    return _stored_view(entity_type(decision.entity), decision.config_id, evidence, (left, right))


def link_explanation(entity: EntityType, record: SourceRecord) -> MatchView | None:
    """Explain why the engine put a record into its golden record; None where it stands alone or a steward put it there."""
    if "levels" not in record.link:
        return None
    other = entity.records.get(pk=record.link["record"])
    version = MatchConfigVersion.objects.values_list("id", flat=True).get(entity=entity.name, version=record.link["config"])
    return _stored_view(entity, version, record.link, (record, other))


def _stored_view(entity: EntityType, version_id: int, evidence: Mapping[str, Any], records: tuple[SourceRecord, SourceRecord]) -> MatchView:
    """Put evidence into words by the config it was found under; where that can't be read any more, by what was stored of it."""
    try:
        return view(entity, config_version(version_id), evidence, records)
    except UnreadableConfig:
        row = MatchConfigVersion.objects.get(pk=version_id)
    left, right = (_values(entity, record) for record in records)
    kept = StoredEvidence(evidence["levels"], evidence["weights"], evidence.get("vetoes", ()), evidence["weight"])
    # Not `row.document`: a database may give its keys in another order, and levels are kept by place.
    steps = explain_stored(kept, stored_document(bytes(row.model)), left, right)
    return MatchView(evidence["probability"], evidence["weight"], row.version, tuple(steps))


def view(entity: EntityType, config: ActiveConfig, evidence: Mapping[str, Any], records: tuple[SourceRecord, SourceRecord]) -> MatchView:
    """Put stored evidence (levels, weights, stratum, vetoes) into words, with the values of the two records."""
    left, right = (_values(entity, record) for record in records)
    held = set(evidence.get("vetoes", ()))
    mask = sum(1 << number for number, veto in enumerate(config.config.vetoes) if veto.name in held)
    levels, weights = np.array(evidence["levels"], np.uint8), np.array(evidence["weights"], np.float32)
    steps = explain(Evidence(levels, weights, mask, evidence["stratum"]), config.model, left, right)
    return MatchView(evidence["probability"], evidence["weight"], config.version, tuple(steps))


def _values(entity: EntityType, record: SourceRecord) -> dict[str, str | None]:
    values = {name: getattr(record, name) for name in entity.attribute_names}
    return {name: None if value is None else str(value) for name, value in values.items()}
