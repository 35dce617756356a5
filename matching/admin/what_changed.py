"""What two source records said before, and what they say since: for a question that a change raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from django.utils.text import capfirst

from golden_records.attributes import AttributeSpec
from golden_records.entities import EntityType, entity_type
from golden_records.templatetags.mdm import words
from matching.admin.differences import Segments, differences
from matching.models import ReviewTask, TaskKind

_ENTRIES: Final = 40
"""Of the history of the two, so many entries are looked at, the newest."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One attribute before and after a change, with its differences marked."""

    label: str
    before: Segments
    after: Segments


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One change of a source record, attribute by attribute; `raised` says whether the question came of it."""

    record_id: int
    source: str
    external_id: str
    at: datetime
    raised: bool
    attributes: tuple[Changed, ...]


def what_changed(task: ReviewTask) -> tuple[RecordChange, ...] | None:
    """Tell what changed in the two records of a question on weakened evidence, the newest first; None for any other question.

    One statement. Nothing is told where what held the two together was a third record.
    """
    if task.kind != TaskKind.EVIDENCE_WEAKENED:
        return None
    entity = entity_type(task.entity)
    record: Any = entity.record
    entries = record.history.filter(id__in=(task.left_record_id, task.right_record_id)).select_related("source").order_by("-history_id")
    found = list(entries[:_ENTRIES])
    steps = [step for of in (task.left_record_id, task.right_record_id) for step in pairwise(each for each in found if each.id == of)]
    changes = (_change(entity, before, after, task) for after, before in sorted(steps, key=lambda step: -int(step[0].history_id)))
    return tuple(change for change in changes if change.attributes)


def _change(entity: EntityType, before: Any, after: Any, task: ReviewTask) -> RecordChange:
    named = [spec for spec in entity.attributes if getattr(before, spec.name) != getattr(after, spec.name)]
    attributes = tuple(Changed(capfirst(str(spec.label)), *differences(*_texts(spec, (before, after)))) for spec in named)
    raised = after.history_date == task.opened_at
    return RecordChange(after.id, after.source.code, after.external_id, after.history_date, raised, attributes)


def _texts(spec: AttributeSpec, entries: Sequence[Any]) -> tuple[str, str]:
    said = [getattr(entry, f"get_{spec.name}_display")() if spec.choices else getattr(entry, spec.name) for entry in entries]
    return words(said[0]), words(said[1])
