"""What was done about a question, as its history tells it: who, when, what and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from golden_records.authors import who
from matching.models import JudgementValue, Proposal, ProposalState, ReviewTask, TaskState

SHOWN: Final = 40

_WORDS: Final[Mapping[str, str | Promise]] = {
    "asked": _("asked the question"),
    "asked_again": _("asked the question again"),
    "settled": _("closed the question: it had answered itself"),
    "answered": _("answered: %(answer)s"),
    "taken_back": _("took the answer back"),
    "proposed": _("answered first: %(answer)s. A second steward is to agree"),
    "proposed_undo": _("wants to take the answer back. A second steward is to agree"),
    "agreed": _("agreed with %(first)s: %(answer)s"),
    "agreed_undo": _("agreed with %(first)s to take the answer back"),
    "disagreed": _("disagreed with %(first)s"),
    "withdrawn": _("withdrew the answer"),
    "lapsed": _("changed the question, so that the answer lapsed"),
    "handed": _("handed it to %(to)s"),
    "handed_back": _("handed it back to all"),
    "deferred": _("deferred it until %(until)s"),
    "brought_back": _("brought it back into the queue"),
    "moved": _("moved it along with its records"),
    "taken_over": pgettext_lazy("of a question that another one had claimed", "took it over"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was done: `act` names it, `words` say it after the name of who did it, `note` is what that person wrote."""

    at: datetime
    who: str
    act: str
    words: str
    note: str


def journal(task: ReviewTask, *, limit: int = SHOWN) -> list[Told]:
    """Tell what was done about a task, newest first. Two statements, however long its history is."""
    history: Any = ReviewTask.history
    rows = history.filter(id=task.pk).select_related("history_user", "assignee").order_by("-history_id")[: limit + 1]
    entries = list(rows)
    proposals = list(Proposal.objects.filter(task_id=task.pk).select_related("proposed_by"))
    pairs = zip(entries[:limit], [*entries[1:], None][:limit], strict=False)
    return [_told(row, before, proposals) for row, before in pairs]


def _told(row: Any, before: Any | None, proposals: Sequence[Proposal]) -> Told:
    begun = next((each for each in proposals if each.proposed_at == row.history_date), None)
    closed = next((each for each in proposals if each.closed_at == row.history_date), None)
    act = _act(row, before, closed)
    proposal = begun if act.startswith("proposed") else closed
    answer = (proposal.answer if proposal else row.answer) or ""
    named = {
        "answer": JudgementValue(answer).label if answer else "",
        "first": proposal.proposed_by.get_username() if proposal else "",
        "to": row.assignee.get_username() if row.assignee else "",
        "until": formats.date_format(row.deferred_until) if row.deferred_until else "",
    }
    return Told(
        at=row.history_date,
        who=who(row.actor, row.history_user.get_username() if row.history_user else ""),
        act=act,
        words=str(_WORDS[act]) % named,
        note=_note(act, row, before, proposal),
    )


def _act(row: Any, before: Any | None, closed: Proposal | None) -> str:
    if before is None:
        return "asked" if row.history_type == "+" else "moved"
    if row.awaits_second and not before.awaits_second:
        return "proposed" if row.state == TaskState.OPEN else "proposed_undo"
    if closed is not None and before.awaits_second:
        agreed = "agreed" if closed.answer else "agreed_undo"
        return agreed if closed.state == ProposalState.AGREED else closed.state
    if row.state != before.state:
        return _of_state(row.state, before.state)
    changed = (
        (row.assignee_id != before.assignee_id, "handed" if row.assignee_id else "handed_back"),
        (row.deferred_until != before.deferred_until, "deferred" if row.deferred_until else "brought_back"),
        ((row.left_golden_id, row.right_golden_id) != (before.left_golden_id, before.right_golden_id), "moved"),
    )
    return next((act for is_so, act in changed if is_so), "taken_over")


def _of_state(state: str, before: str) -> str:
    if state == TaskState.DECIDED:
        return "answered"
    if before == TaskState.DECIDED:
        return "taken_back"
    return "settled" if state == TaskState.OBSOLETE else "asked_again"


def _note(act: str, row: Any, before: Any | None, proposal: Proposal | None) -> str:
    if act.startswith("proposed"):
        return proposal.comment if proposal else ""
    if proposal is not None:
        return proposal.said
    if act == "answered":
        return str(row.comment)
    if act == "taken_over" and before is not None and before.note == row.note:
        # What was noted before is still on it: whoever took it over wrote nothing.
        return ""
    return str(row.note) if act in {"handed", "handed_back", "deferred", "brought_back", "taken_over"} else ""
