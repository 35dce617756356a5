"""The golden records of a question in columns: who they are, and what they say attribute by attribute, with differences marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, F, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.text import capfirst

from golden_records.admin import cells
from golden_records.admin.references import targets
from golden_records.attributes import AttributeSpec
from golden_records.deceiving import pieces, strange_letters
from golden_records.entities import EntityType
from golden_records.models import Endorsement, GoldenRecord, SourceRecord
from golden_records.templatetags.mdm import deceived, words
from matching.admin.differences import Likeness, Segment, Segments, differences, with_scripts
from matching.admin.side_value import Cell
from matching.models import ReviewTask
from matching.questions import Question

Targets = Mapping[tuple[UUID, str], GoldenRecord]

MOST_RECORDS: Final = 40
"""Records shown of one golden record; of a greater one the first are, and the page says how many there are."""

_KEYS: Final = "1234567890"


@dataclass(frozen=True, slots=True)
class Column:
    """A golden record of the question, its records, and those whose likeness raised it; `number` counts from 1, `key` toggles it.

    Where it is asked whether two records of one golden record belong together, that is in both columns, with `alone` the record.
    """

    number: int
    golden: GoldenRecord
    records: tuple[SourceRecord, ...]
    asked: frozenset[int]
    alone: SourceRecord | None = None
    endorsed: Sequence[Endorsement] = ()
    mark: str = ""
    """What a steward has marked it as: same, different, or nothing yet."""

    @property
    def confirmed(self) -> str:
        """The sign of one that is confirmed."""
        return cells.confirmed(self.endorsed)

    @property
    def left_out(self) -> int:
        """How many of its records are not shown."""
        return 0 if self.alone else max(0, self.golden.member_count - len(self.records))

    @property
    def shown(self) -> GoldenRecord | SourceRecord:
        """What the values are of."""
        return self.alone or self.golden

    @property
    def key(self) -> str:
        """The key that marks it; none beyond the tenth."""
        return _KEYS[self.number - 1 : self.number]


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of all; `kind` is same, different (two contradict each other), one (some have no value)."""

    name: str
    label: str
    kind: str
    cells: tuple[Cell, ...]


def columns_of(question: Question, task: ReviewTask) -> tuple[Column, ...]:
    """The columns of a question: of a pair as its evidence names them, of more the oldest first, whichever task was opened."""
    entity = question.entity
    goldens = entity.goldens.in_bulk(question.golden_ids)
    asked = frozenset(record_id for each in question.tasks for record_id in (each.left_record_id, each.right_record_id))
    ends = (task.left_record_id, task.right_record_id)
    records = _records(entity, question.golden_ids, asked, ends)
    if len(question.golden_ids) == 1:
        alone = [next((record for record in records if record.pk == end), None) for end in ends]
        golden = goldens[question.golden_ids[0]]
        return tuple(Column(number, golden, (found,) if found else (), asked, found) for number, found in enumerate(alone, 1))
    home = {record.pk: record.golden_id for record in records}
    order = sorted(question.golden_ids)
    if len(order) == 2 and home.get(task.left_record_id) == order[1]:  # noqa: PLR2004 - a pair
        order.reverse()
    of_each = {golden_id: tuple(record for record in records if record.golden_id == golden_id) for golden_id in order}
    return tuple(Column(number, goldens[golden_id], of_each[golden_id], asked) for number, golden_id in enumerate(order, 1))


def rows_of(entity: EntityType, columns: Sequence[Column], reference: int) -> tuple[Row, ...]:
    """Every attribute that one of them has, each value beside that of the column with the number `reference`."""
    named = targets(entity, list({column.golden.pk: column.golden for column in columns}.values()))
    rows = (_row(spec, columns, named, reference) for spec in entity.attributes)
    return tuple(row for row in rows if row is not None)


def _records(entity: EntityType, golden_ids: Sequence[UUID], asked: frozenset[int], ends: Sequence[int]) -> list[Any]:
    """So many of each golden record: those that raised the question, then by the trust in their source. The `ends` wherever they are."""
    first = Case(When(pk__in=asked, then=Value(0)), default=Value(1))
    order = (first, F("source__trust").desc(), F("external_id").asc())
    ranked = entity.records.filter(Q(golden_id__in=golden_ids) | Q(pk__in=ends)).annotate(
        place=Window(RowNumber(), partition_by=F("golden_id"), order_by=order)
    )
    rows = ranked.filter(place__lte=MOST_RECORDS).select_related("source").order_by("-source__trust", "external_id")
    return list(rows)


def _row(spec: AttributeSpec, columns: Sequence[Column], named: Targets, reference: int) -> Row | None:
    values = [getattr(column.shown, spec.name) for column in columns]
    if all(value in (None, "") for value in values):
        return None
    texts = [_text(spec, column, value) for column, value in zip(columns, values, strict=True)]
    beside = _beside(columns, reference)
    cells = []
    for place, column in enumerate(columns):
        target = None if column.alone else named.get((column.golden.pk, spec.name))
        kind = _kind(place, beside[place], values, texts)
        if kind == "different" and target is not None and target == named.get((columns[beside[place]].golden.pk, spec.name)):
            kind = "same"
        segments = differences(texts[beside[place]], texts[place])[1] if kind == "different" else _plain(texts[place])
        cells.append(_cell(spec, column, (kind, segments, texts[place]), target))
    kinds = {cell.kind for cell in cells}
    kind = "different" if "different" in kinds or _contradict(cells) else "same" if all(texts) else "one"
    return Row(name=spec.name, label=capfirst(str(spec.label)), kind=kind, cells=tuple(cells))


def _beside(columns: Sequence[Column], reference: int) -> list[int]:
    """Which column each is compared with: of two, each with the other."""
    if len(columns) == 2:  # noqa: PLR2004 - a pair
        return [1, 0]
    return [min(reference, len(columns)) - 1] * len(columns)


def _kind(place: int, beside: int, values: Sequence[object], texts: Sequence[str]) -> str:
    if not texts[place]:
        return "none"
    if place == beside:
        return "reference"
    if not texts[beside]:
        return "only"
    return "same" if values[place] == values[beside] else "different"


def _contradict(cells: Sequence[Cell]) -> bool:
    """Whether two that are not in the column of reference contradict each other, where that one has no value."""
    told = {cell.target.pk if cell.target else cell.text for cell in cells if cell.kind == "only"}
    return len(told) > 1


def _plain(text: str) -> Segments:
    return (Segment(text, Likeness.SAME),) if text else ()


def _text(spec: AttributeSpec, column: Column, value: object) -> str:
    if spec.choices:
        field: Any = column.golden._meta.get_field(spec.name)
        value = dict(field.flatchoices).get(value, value)
    return words(value)


def _winner(column: Column, name: str) -> SourceRecord | None:
    if column.alone is not None:
        return column.alone
    record_id = column.golden.lineage.get(name, {}).get("record")
    return next((record for record in column.records if record.pk == record_id), None)


def _cell(spec: AttributeSpec, column: Column, told: tuple[str, Segments, str], target: GoldenRecord | None) -> Cell:
    kind, segments, text = told
    winner = _winner(column, spec.name)
    source = column.alone.source.code if column.alone else str(column.golden.lineage.get(spec.name, {}).get("source") or "")
    return Cell(
        number=column.number,
        kind=kind,
        segments=with_scripts(segments, strange_letters(text)),
        text=text,
        source=source,
        at=(winner.source_updated_at or winner.received_at) if winner else None,
        target=target,
        warning=deceived(pieces(text)),
    )
