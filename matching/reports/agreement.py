"""The report of agreement: how often stewards agree with the engine, and with each other on the same question.

What is compared: a question is a pair of source records. An answer is SAME or DIFFERENT; UNSURE is no answer here, and one that was taken
back is still what that steward thought.

With the engine: the engine thinks SAME where the probability of the question is a half or more. Share: answers that say what the engine
thinks, of all answers to questions of the queue.

With others: of each steward the last answer on a pair counts. Share: pairs of answers of two different stewards on one question that say
the same, of all such pairs of answers. A question that only one steward answered is no measure of agreement.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from matching.models import Judgement, JudgementValue
from matching.reports.asking import Asking, Column, Kind, Report, Row
from matching.reports.periods import ENTITY, PERIOD, in_period, streamed

_EVEN: Final = 0.5


@dataclass(slots=True)
class _WithOthers:
    compared: int = 0
    agreed: int = 0


def _answers(asking: Asking) -> Any:
    # What follows from a merge, a split or a move by hand answers no question, and a program is no steward.
    said = in_period(Judgement.objects.filter(steward__isnull=False, task__isnull=False), asking, "judged_at")
    return said.filter(entity=asking.get("entity")) if asking.get("entity") is not None else said


def _rows(asking: Asking) -> Iterator[Row]:
    others = _with_others(asking)
    for row in _by_steward(asking):
        of_steward = others.get((row["entity"], row["steward_id"]), _WithOthers())
        yield (
            row["steward__username"],
            row["entity"],
            row["answers"],
            row["same"],
            row["different"],
            row["unsure"],
            row["taken_back"],
            row["compared"],
            row["agreed"],
            row["agreed"] / row["compared"] if row["compared"] else None,
            of_steward.compared,
            of_steward.agreed,
            of_steward.agreed / of_steward.compared if of_steward.compared else None,
        )


def _by_steward(asking: Asking) -> Any:
    same, different = (Q(value=value) for value in (JudgementValue.SAME, JudgementValue.DIFFERENT))
    with_engine = same | different
    agreed = (same & Q(task__probability__gte=_EVEN)) | (different & Q(task__probability__lt=_EVEN))
    rows = _answers(asking).order_by("steward__username", "entity").values("entity", "steward_id", "steward__username")
    return rows.annotate(
        answers=Count("id"),
        same=Count("id", filter=same),
        different=Count("id", filter=different),
        unsure=Count("id", filter=Q(value=JudgementValue.UNSURE)),
        taken_back=Count("id", filter=Q(withdrawn_at__isnull=False)),
        compared=Count("id", filter=with_engine),
        agreed=Count("id", filter=agreed),
    )


def _with_others(asking: Asking) -> dict[tuple[str, int], _WithOthers]:
    """Compare, one question after the other, those that more than one steward answered."""
    found: dict[tuple[str, int], _WithOthers] = defaultdict(_WithOthers)
    for entity, last in answered_twice(_answers(asking)):
        _compare(entity, last, found)
    return found


def answered_twice(answers: Any) -> Iterator[tuple[str, dict[int, str]]]:
    """Give of each question that more than one steward answered the entity type, and the last answer of each; UNSURE is none."""
    said = answers.exclude(value=JudgementValue.UNSURE)
    pair = {name: OuterRef(name) for name in ("entity", "left_record_id", "right_record_id")}
    by_another = said.filter(**pair).exclude(steward_id=OuterRef("steward_id"))
    ordered = said.filter(Exists(by_another)).order_by("entity", "left_record_id", "right_record_id", "id")
    question: tuple[Any, ...] | None = None
    last: dict[int, str] = {}
    for entity, left, right, steward, value in streamed(
        ordered.values_list("entity", "left_record_id", "right_record_id", F("steward_id"), "value")
    ):
        if question != (entity, left, right):
            if question is not None:
                yield question[0], last
            question, last = (entity, left, right), {}
        last[steward] = value
    if question is not None:
        yield question[0], last


def _compare(entity: str, last: dict[int, str], found: dict[tuple[str, int], _WithOthers]) -> None:
    for one, other in combinations(last, 2):
        for steward in (one, other):
            of_steward = found[entity, steward]
            of_steward.compared += 1
            of_steward.agreed += last[one] == last[other]


AGREEMENT: Final = Report(
    name="agreement",
    title=_("Agreement of decisions"),
    about=_("How often each steward agrees with the engine (which thinks 'same' from a half on) and with others on the same pair."),
    parameters=(*PERIOD, ENTITY),
    columns=(
        Column("steward", _("Steward")),
        Column("entity", _("Entity type")),
        Column("answers", _("Answers"), Kind.INTEGER, total=True),
        Column("same", _("Same"), Kind.INTEGER, total=True),
        Column("different", _("Different"), Kind.INTEGER, total=True),
        Column("unsure", _("Unsure"), Kind.INTEGER, total=True),
        Column("taken_back", _("Taken back"), Kind.INTEGER, total=True),
        Column("with_engine", _("Compared with the engine"), Kind.INTEGER, total=True),
        Column("agreed_with_engine", _("Agreed with it"), Kind.INTEGER, total=True),
        Column("share_with_engine", _("Share"), Kind.SHARE),
        Column("with_others", _("Compared with others"), Kind.INTEGER),
        Column("agreed_with_others", _("Agreed with them"), Kind.INTEGER),
        Column("share_with_others", _("Share with others"), Kind.SHARE),
    ),
    permissions=("matching.view_judgement",),
    rows=_rows,
    count=lambda asking, most: min(most, User.objects.filter(pk__in=_answers(asking).values("steward_id")).count()),
)
