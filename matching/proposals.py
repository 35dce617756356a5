"""First stewards' answers that wait for a second one, and what became of them. Written here alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from golden_records import history
from golden_records.change import Change
from matching.models import JudgementValue, Proposal, ProposalState, ReviewTask

_CLOSED = ["state", "closed_by", "closed_at", "said"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a steward says of a question; without an answer, that the one which stands is to be taken back."""

    answer: JudgementValue | None
    comment: str = ""
    reason_code: str = ""


def propose(task: ReviewTask, said: Said, *, change: Change) -> Proposal:
    """Keep an answer until a second steward agrees. Whoever calls holds the task, and writes it."""
    assert change.user_id is not None  # noqa: S101 - only people propose
    proposal = Proposal(
        task=task,
        entity=task.entity,
        left_record_id=task.left_record_id,
        right_record_id=task.right_record_id,
        answer=said.answer or "",
        reason_code=said.reason_code,
        comment=said.comment,
        proposed_by_id=change.user_id,
        proposed_at=change.at,
    )
    Proposal.objects.bulk_create([proposal])
    history.write_history(Proposal, [proposal], change=change, kind="+")
    task.awaits_second = True
    return proposal


def waiting(task: ReviewTask) -> Proposal | None:
    """Give the proposal that waits on a task."""
    if not task.awaits_second:
        return None
    return Proposal.objects.filter(task=task, state=ProposalState.WAITING).select_related("proposed_by").first()


def close(proposal: Proposal, state: ProposalState, *, change: Change, said: str = "") -> None:
    """Say what became of a proposal. Whoever calls holds its task, and writes it."""
    proposal.state, proposal.said = state, said
    proposal.closed_by_id, proposal.closed_at = change.user_id, change.at
    Proposal.objects.bulk_update([proposal], _CLOSED)
    history.write_history(Proposal, [proposal], change=change, kind="~")


def lapse(tasks: Sequence[ReviewTask], *, change: Change) -> None:
    """Let what waits on these tasks lapse: their questions are others now. Whoever calls holds the tasks, and writes them."""
    if not tasks:
        return
    rows = list(Proposal.objects.filter(task__in=[task.pk for task in tasks], state=ProposalState.WAITING))
    for proposal in rows:
        proposal.state, proposal.closed_at = ProposalState.LAPSED, change.at
    Proposal.objects.bulk_update(rows, _CLOSED)
    history.write_history(Proposal, rows, change=change, kind="~")
    for task in tasks:
        task.awaits_second = False
