"""What a review page shows: the golden records of a question, the engine's evidence, what people said, and what would come of an answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.db.models import Q

from golden_records import endorsing
from matching import selectors
from matching.admin.columns import Column, Row, columns_of, rows_of
from matching.admin.graph import Graph, graph_of
from matching.admin.similar import Similar, similar_to
from matching.admin.waterfall import Waterfall, waterfall
from matching.admin.what_changed import RecordChange, what_changed
from matching.models import Judgement, ReviewTask
from matching.questions import Question, question_of

_SAID: Final = 12
"""Judgements that are told, the newest first."""

PAIR: Final = 2
NO_MARKS: Final[Mapping[UUID, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """The whole of it. `graph` is there where there are more than two; `similar` where something like it was decided before."""

    question: Question
    columns: tuple[Column, ...]
    reference: int
    rows: tuple[Row, ...]
    evidence: Waterfall
    judgements: tuple[Judgement, ...]
    changes: tuple[RecordChange, ...] | None
    graph: Graph | None
    similar: Similar | None
    asked: frozenset[int]
    """The two source records that the evidence is about."""

    @property
    def different(self) -> int:
        """In how many attributes they contradict each other."""
        return sum(1 for row in self.rows if row.kind == "different")

    @property
    def next_reference(self) -> int:
        """The column that comes to be compared with after this one."""
        return self.reference % len(self.columns) + 1

    @property
    def is_pair(self) -> bool:
        """Whether it asks about two alone."""
        return len(self.columns) == PAIR

    @property
    def shown_pair(self) -> list[Column]:
        """The columns whose evidence is shown."""
        return [column for column in self.columns if any(record.pk in self.asked for record in column.records)]


def review_page(task: ReviewTask, *, reference: str = "", marks: Mapping[UUID, str] = NO_MARKS) -> ReviewPage:
    """Collect what the page of a task shows, in a number of queries that does not depend on how much there is.

    Values are compared with those of the column whose canonical id `reference` is; else with the first. `marks` are what a steward has
    marked so far, by canonical id.
    """
    question = question_of(task)
    endorsed = endorsing.standing(question.entity, question.golden_ids)
    columns = tuple(
        replace(column, mark=marks.get(column.golden.pk, ""), endorsed=endorsed.get(column.golden.pk, ()))
        for column in columns_of(question, task)
    )
    number = next((column.number for column in columns if str(column.golden.pk) == reference), 1)
    said = _judgements(task, columns)
    seen = selectors.explanation_of(task.decision)
    return ReviewPage(
        question=question,
        columns=columns,
        reference=number,
        rows=rows_of(question.entity, columns, number),
        evidence=waterfall(seen.explanation),
        judgements=tuple(said[:_SAID]),
        changes=what_changed(task),
        graph=graph_of(question, columns, said, task.pk) if len(columns) > PAIR else None,
        similar=similar_to(task),
        asked=frozenset((task.left_record_id, task.right_record_id)),
    )


def _judgements(task: ReviewTask, columns: Sequence[Column]) -> list[Judgement]:
    """What was said before and now, also what was taken back: of a pair on that pair, of more on any of their records."""
    rows = Judgement.objects.filter(entity=task.entity).select_related("steward", "withdrawn_by").order_by("-id")
    pair = Q(left_record_id=task.left_record_id, right_record_id=task.right_record_id)
    if len(columns) > PAIR:
        records: Collection[int] = {record.pk for column in columns for record in column.records}
        pair |= Q(left_record_id__any=records, right_record_id__any=records)
    return list(rows.filter(pair)[:200])
