"""What would come of an answer, before it is given: who would be one, who is kept apart, what stays open, and the golden record."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.text import capfirst

from golden_records import viewing
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.saying import named
from golden_records.templatetags.mdm import words
from matching.admin.columns import Column
from matching.models import JudgementValue
from matching.question_preview import Together, Unit, foresee_together
from matching.questions import Question


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that could stand: its texts, its sources; `value` is what the form sends, empty for what the rules choose."""

    value: str
    texts: tuple[str, ...]
    sources: tuple[str, ...]
    wins: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An attribute or a group of the golden record that would be, and what could stand for it."""

    name: str
    label: str
    texts: tuple[str, ...]
    choices: tuple[Choice, ...]
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would be one (`survivor` goes on), who would be kept apart, who stays open, and what would be held."""

    same: tuple[Column, ...]
    different: tuple[Column, ...]
    open: tuple[Column, ...]
    survivor: Column | None
    lines: tuple[Line, ...]
    together: Together | None
    is_marked: bool

    @property
    def others(self) -> int:
        """How many would answer with the one that goes on."""
        return len(self.same) - 1

    @property
    def disputed(self) -> int:
        """In how many attributes there is a choice."""
        return sum(1 for line in self.lines if line.choices)


def preview_of(question: Question, columns: tuple[Column, ...], marks: Mapping[UUID, str], *, change: Change) -> Preview:
    """Say what would come of the marks; without any, of calling all of them the same."""
    told = {column.golden.pk: marks.get(column.golden.pk, "") if marks else JudgementValue.SAME for column in columns}
    parts = {
        mark: tuple(column for column in columns if told[column.golden.pk] == mark)
        for mark in (JudgementValue.SAME, JudgementValue.DIFFERENT, "")
    }
    same = parts[JudgementValue.SAME]
    together = foresee_together(question.entity, [column.golden.pk for column in same], change=change)
    return Preview(
        same=same,
        different=parts[JudgementValue.DIFFERENT],
        open=parts[""],
        survivor=next((column for column in same if together and column.golden.pk == together.survivor_id), None),
        lines=tuple(_line(unit, question.entity) for unit in together.units) if together else (),
        together=together,
        is_marked=bool(marks),
    )


def _line(unit: Unit, entity: EntityType) -> Line:
    choices = tuple(
        Choice(
            value="" if candidate.wins else str(candidate.record_id),
            texts=_texts(unit, candidate.values, entity),
            sources=candidate.sources,
            wins=candidate.wins,
        )
        for candidate in (unit.candidates if unit.is_disputed else ())
    )
    if choices and not choices[0].wins:
        # What stands is made of several records' values: nobody has it whole.
        choices = (Choice("", _texts(unit, unit.values, entity), (), wins=True), *choices)
    label = capfirst(str(unit.specs[0].label) if len(unit.specs) == 1 else named(unit.name))
    return Line(unit.name, label, _texts(unit, unit.values, entity), choices, unit.is_pinned)


def _texts(unit: Unit, values: tuple[object, ...], entity: EntityType) -> tuple[str, ...]:
    found = []
    for spec, value in zip(unit.specs, values, strict=True):
        if spec.choices:
            field = entity.golden._meta.get_field(spec.name)
            value = dict(field.flatchoices).get(value, value)  # type: ignore[union-attr]  # noqa: PLW2901 - a column of a closed list
        if value not in (None, ""):
            # It was worked out from the values themselves.
            found.append(words(viewing.shown(value, spec, entity.name, viewing.viewer())))
    return tuple(found)
