"""What a matching came to, in figures that people ask for first."""

from dataclasses import dataclass

from golden_records.entities import EntityType
from golden_records.models import GoldenState, RecordState
from matching.models import ReviewTask, TaskState


@dataclass(frozen=True, slots=True)
class Summary:
    """The state of one entity type: source records in, golden records out, questions open."""

    entity: EntityType
    records: int
    golden_records: int
    for_review: int


def summary_of(entity: EntityType) -> Summary:
    """Count an entity type's records. Three statements."""
    return Summary(
        entity=entity,
        records=entity.records.filter(state=RecordState.ACTIVE).count(),
        golden_records=entity.goldens.filter(state=GoldenState.ACTIVE).count(),
        for_review=ReviewTask.objects.filter(entity=entity.name, state=TaskState.OPEN).count(),
    )
