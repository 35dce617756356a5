"""What a review page shows: two golden records attribute by attribute, their records, the engine's evidence, and what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.utils.text import capfirst

from golden_records.admin.references import targets
from golden_records.attributes import AttributeSpec
from golden_records.entities import EntityType, entity_type
from golden_records.models import GoldenRecord, SourceRecord
from golden_records.templatetags.mdm import words
from matching import selectors
from matching.admin.differences import Segments, differences
from matching.admin.waterfall import Waterfall, waterfall
from matching.admin.what_changed import RecordChange, what_changed
from matching.models import Judgement, ReviewTask

Targets = dict[tuple[UUID, str], GoldenRecord]

LARGEST_SIDE: Final = 40
"""Records shown of one golden record; of a greater one the first are, and the page says how many there are."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two golden records, its records, and the one whose likeness raised the question.

    Where it is asked whether two records of one golden record belong together, that is on both sides, with `alone` the record.
    """

    golden: GoldenRecord
    records: tuple[SourceRecord, ...]
    asked_record_id: int
    alone: SourceRecord | None = None

    @property
    def left_out(self) -> int:
        """How many of its records are not shown."""
        return 0 if self.alone else max(0, self.golden.member_count - len(self.records))

    @property
    def shown(self) -> GoldenRecord | SourceRecord:
        """What the values are of."""
        return self.alone or self.golden


@dataclass(frozen=True, slots=True)
class Cell:
    """One value with its differences marked, where it came from and when; `target` is the golden record that it names."""

    segments: Segments
    text: str
    source: str
    at: datetime | None
    target: GoldenRecord | None


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of both; `kind` is same, different, one (only one of them has a value)."""

    label: str
    kind: str
    left: Cell
    right: Cell


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """The whole of it."""

    sides: tuple[Side, Side]
    rows: tuple[Row, ...]
    evidence: Waterfall
    judgements: tuple[Judgement, ...]
    changes: tuple[RecordChange, ...] | None

    @property
    def different(self) -> int:
        """In how many attributes the two contradict each other."""
        return sum(1 for row in self.rows if row.kind == "different")


def review_page(task: ReviewTask) -> ReviewPage:
    """Collect what the page of a task shows, in a number of queries that does not depend on how much there is."""
    entity = entity_type(task.entity)
    sides = _sides(entity, task)
    named = targets(entity, [side.golden for side in sides])
    rows = (_row(spec, sides, named) for spec in entity.attributes)
    return ReviewPage(
        sides=sides,
        rows=tuple(row for row in rows if row is not None),
        evidence=waterfall(selectors.explanation_of(task.decision).explanation),
        judgements=tuple(_judgements(task)),
        changes=what_changed(task),
    )


def _sides(entity: EntityType, task: ReviewTask) -> tuple[Side, Side]:
    """The two golden records, the one with the explanation's left record on the left."""
    ids = (task.left_golden_id, task.right_golden_id)
    goldens = {golden.pk: golden for golden in entity.golden._default_manager.filter(pk__in=ids)}
    rows = entity.record._default_manager.filter(Q(golden_id__in=ids) | Q(pk__in=(task.left_record_id, task.right_record_id)))
    records: list[Any] = list(rows.select_related("source").order_by("-source__trust", "external_id")[: LARGEST_SIDE * 2])
    home: dict[int, UUID] = {record.pk: record.golden_id for record in records}
    left, right = ids if home.get(task.left_record_id) != ids[1] else (ids[1], ids[0])

    def side(golden_id: UUID, asked: int) -> Side:
        if ids[0] == ids[1]:
            alone = next((record for record in records if record.pk == asked), None)
            return Side(golden=goldens[golden_id], records=(alone,) if alone else (), asked_record_id=asked, alone=alone)
        mine = tuple(record for record in records if record.golden_id == golden_id)
        return Side(golden=goldens[golden_id], records=mine[:LARGEST_SIDE], asked_record_id=asked)

    return side(left, task.left_record_id), side(right, task.right_record_id)


def _row(spec: AttributeSpec, sides: tuple[Side, Side], named: Targets) -> Row | None:
    left, right = (getattr(side.shown, spec.name) for side in sides)
    if left in (None, "") and right in (None, ""):
        return None
    texts = _text(spec, sides[0], left), _text(spec, sides[1], right)
    segments = differences(*texts)
    cells = [_cell(spec, side, text, marked, named) for side, text, marked in zip(sides, texts, segments, strict=True)]
    same_target = cells[0].target is not None and cells[0].target == cells[1].target
    kind = "same" if left == right or same_target else "different" if all(texts) else "one"
    return Row(label=capfirst(str(spec.label)), kind=kind, left=cells[0], right=cells[1])


def _text(spec: AttributeSpec, side: Side, value: object) -> str:
    if spec.choices:
        field: Any = side.golden._meta.get_field(spec.name)
        value = dict(field.flatchoices).get(value, value)
    return words(value)


def _winner(side: Side, name: str) -> SourceRecord | None:
    if side.alone is not None:
        return side.alone
    record_id = side.golden.lineage.get(name, {}).get("record")
    return next((record for record in side.records if record.pk == record_id), None)


def _cell(spec: AttributeSpec, side: Side, text: str, segments: Segments, named: Targets) -> Cell:
    winner = _winner(side, spec.name)
    source = side.alone.source.code if side.alone else str(side.golden.lineage.get(spec.name, {}).get("source", ""))
    at = (winner.source_updated_at or winner.received_at) if winner else None
    return Cell(segments=segments, text=text, source=source, at=at, target=None if side.alone else named.get((side.golden.pk, spec.name)))


def _judgements(task: ReviewTask) -> Sequence[Judgement]:
    """What was said on this pair before and now, also what was taken back."""
    pair = {"left_record_id": task.left_record_id, "right_record_id": task.right_record_id}
    said = Judgement.objects.filter(entity=task.entity, **pair).select_related("steward", "withdrawn_by")
    return list(said.order_by("-id")[:10])
