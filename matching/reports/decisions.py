"""The report of stewards' decisions: each question that was answered, what the engine thought, and what came of it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from matching.models import Judgement, JudgementValue, TaskKind
from matching.reports.asking import Asking, Column, Kind, Label, Parameter, Report, Row
from matching.reports.periods import ENTITY, PERIOD, counted, in_period, streamed, words


def _values() -> Mapping[str, Label]:
    return dict(JudgementValue.choices)


def _judgements(asking: Asking) -> QuerySet[Any]:
    said = in_period(Judgement.objects.all(), asking, "judged_at")
    if asking.get("entity") is not None:
        said = said.filter(entity=asking.get("entity"))
    if asking.get("answer") is not None:
        said = said.filter(value=asking.get("answer"))
    if asking.get("actor") is not None:
        said = said.filter(steward__username=asking.get("actor"))
    return said.order_by("id")


def _rows(asking: Asking) -> Iterator[Row]:
    kinds, answers = words(TaskKind.choices), words(JudgementValue.choices)
    for said in streamed(_judgements(asking).select_related("steward", "withdrawn_by", "task")):
        task = said.task
        yield (
            said.judged_at,
            said.entity,
            task.pk if task else None,
            kinds[task.kind] if task else None,
            task.left_golden_id if task else None,
            task.right_golden_id if task else None,
            said.left_record_id,
            said.right_record_id,
            task.probability if task else None,
            answers[said.value],
            said.author,
            said.comment,
            task.merge_id if task else None,
            said.withdrawn_at,
            said.taken_back if said.withdrawn_at else None,
        )


DECISIONS: Final = Report(
    name="decisions",
    title=_("Stewards' decisions"),
    about=_("Every answer of a steward in a period, with the probability that the engine gave, and whether it was taken back."),
    parameters=(
        *PERIOD,
        ENTITY,
        Parameter("actor", _("Steward (log-in)")),
        Parameter("answer", _("Answer"), Kind.CHOICE, choices=_values),
    ),
    columns=(
        Column("at", _("Answered"), Kind.MOMENT),
        Column("entity", _("Entity type")),
        Column("task", _("Question"), Kind.INTEGER),
        Column("kind", _("Kind")),
        Column("left", _("One golden record"), Kind.CANONICAL_ID),
        Column("right", _("The other"), Kind.CANONICAL_ID),
        Column("left_record", _("One source record"), Kind.INTEGER, printed=False),
        Column("right_record", _("The other record"), Kind.INTEGER, printed=False),
        Column("probability", _("Match probability"), Kind.SHARE),
        Column("answer", _("Answer")),
        Column("steward", _("Steward")),
        Column("comment", _("Comment"), personal=True),
        Column("merge", _("Merge"), Kind.INTEGER, printed=False),
        Column("taken_back_at", _("Taken back"), Kind.MOMENT),
        Column("taken_back_by", _("Taken back by")),
    ),
    permissions=("matching.view_judgement",),
    rows=_rows,
    count=lambda asking, most: counted(_judgements(asking), most),
)
