"""Any two source records explained, whether or not they were ever compared."""

from dataclasses import dataclass

from golden_records.entities import EntityType
from golden_records.errors import UnknownSourceRecord
from golden_records.models import SourceRecord
from golden_records.tombstones import refuse_erased
from matching.active_config import active_config
from matching.blocking_reports import in_force
from matching.core.meeting import PairExplanation, explain_pair, shared_keys
from matching.core.prepare import prepare
from matching.keys import sharing
from matching.tables import active_records, attribute_table


@dataclass(frozen=True, slots=True)
class ExplainedRecords:
    """Two source records, what can be said of them as a pair, and under which config version."""

    left: SourceRecord
    right: SourceRecord
    explanation: PairExplanation
    config_version: str


def explain_records(entity: EntityType, left: tuple[str, str], right: tuple[str, str]) -> ExplainedRecords:
    """Explain two records, each given by its source's code and its id there, as the engine sees them now.

    Raises `UnknownSourceRecord` for one that its source never sent, or has withdrawn, and `Erased`.
    """
    one, other = _record(entity, left), _record(entity, right)
    active = active_config(entity)
    table = attribute_table(entity, active_records(entity).filter(pk__in=[one.pk, other.pk]))
    ids = table["id"].to_pylist()
    pair = table.take([ids.index(one.pk), ids.index(other.pk)])
    shared = shared_keys(prepare(pair, active.config), active.config)
    least = active.config.exhaustive_below
    whole = least > 0 and active_records(entity).count() <= least
    found = explain_pair(pair, active.model, sharing(entity, shared), in_force(entity, active), whole=whole)
    return ExplainedRecords(one, other, found, active.version)


def _record(entity: EntityType, named: tuple[str, str]) -> SourceRecord:
    source, external_id = named
    found: SourceRecord | None = (
        active_records(entity).filter(source__code=source, external_id=external_id).select_related("source", "golden").first()
    )
    if found is None:
        refuse_erased(entity, source, external_id)
        message = f"The source '{source}' has no {entity.name} '{external_id}'."
        raise UnknownSourceRecord(
            message, remedy="Check the source's code and the id that it uses.", source=source, external_id=external_id
        )
    return found
