"""What a steward does about one task besides answering it: claim, hand on, put off, and be the second pair of eyes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _t

from golden_records.admin.acting import person
from golden_records.errors import MdmError
from matching import assigning, claims, four_eyes, proposals, reasons, review
from matching.asked import UnknownTask
from matching.bulk_preview import foresee
from matching.journal import journal
from matching.models import BulkAct, JudgementValue, ReviewTask, TaskState
from matching.stewards import MAY_DECIDE, colleagues

ACTS: Final = ("claim", "take_over", "hand", "defer", "agree", "disagree", "withdraw")


class ActForm(forms.Form):
    """What may come with an act."""

    version = forms.IntegerField(required=False)
    note = forms.CharField(required=False, max_length=assigning.LONGEST_NOTE)
    to = forms.ModelChoiceField(User.objects.none(), required=False)
    until = forms.DateField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues()  # type: ignore[attr-defined]  # a choice of people


class TaskActs:
    """The addresses of these acts, and what the page of a task needs for them; part of `ReviewTaskAdmin`."""

    admin_site: Any
    refused: Callable[[HttpRequest, str], HttpResponse | None]
    missing: Callable[[HttpRequest, str], HttpResponse]
    explain: Callable[[HttpRequest, int, MdmError], HttpResponse]
    onwards: Callable[[HttpRequest, ReviewTask], HttpResponse]

    def act_urls(self) -> list[URLPattern]:
        """The addresses; all take POST alone."""
        views = {name: getattr(self, f"{name}_view") for name in ACTS}
        return [
            path(f"<int:task_id>/{name.replace('_', '-')}/", self.admin_site.admin_view(view), name=f"matching_reviewtask_{name}")
            for name, view in views.items()
        ]

    def act_context(self, request: HttpRequest, task: ReviewTask) -> dict[str, Any]:
        """What the page shows: who has it, whose it is, the first steward's case, the reasons to choose from, and the journal."""
        may_act = request.user.has_perm(MAY_DECIDE)
        is_open = task.state == TaskState.OPEN
        proposal = proposals.waiting(task)
        held = claims.holder(task.pk) if is_open else None
        return {
            "may_act": may_act,
            "journal": journal(task),
            "claim": held if held and held.user_id != request.user.pk else None,
            "may_claim": may_act and is_open and not task.awaits_second,
            "proposal": proposal,
            "proposal_reason": reasons.words_of(proposal.reason_code) if proposal else "",
            "foreseen": self._foreseen(request, task, proposal.answer) if proposal and proposal.answer else None,
            "is_own": proposal is not None and proposal.proposed_by_id == request.user.pk,
            "reason_words": reasons.words_of(task.reason_code),
            "reasons": [(JudgementValue(key).label if key else "", codes) for key, codes in reasons.offered().items() if codes]
            if is_open and may_act
            else [],
            "reason_code": request.POST.get("reason_code", ""),
            "colleagues": list(colleagues().exclude(pk=request.user.pk or 0)) if is_open and may_act else [],
            "is_deferred": bool(is_open and task.deferred_until and task.deferred_until > timezone.localdate()),
            "tomorrow": (timezone.localdate() + timedelta(days=1)).isoformat(),
            "longest_note": assigning.LONGEST_NOTE,
        }

    @staticmethod
    def _foreseen(request: HttpRequest, task: ReviewTask, answer: str) -> Any:
        """What agreeing would do: as the task would be without the proposal, answered by one."""
        seen = ReviewTask.objects.get(pk=task.pk)
        seen.awaits_second = False
        return foresee([seen], BulkAct(answer), user_id=request.user.pk or 0, as_second=True)[0]

    # --- the acts ---

    def claim_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Claim the task, or renew the claim; answers in JSON, for the page's script."""
        refused = self.refused(request, MAY_DECIDE)
        if refused is not None:
            return refused
        try:
            held = claims.claim(task_id, user=person(request))
        except MdmError as error:
            holder = error.data.get("holder")
            words = self._claimed_words(error) if holder else ""
            return JsonResponse({"mine": False, "holder": holder, "words": words}, status=409)
        return JsonResponse({"mine": True, "until": held.until.isoformat()})

    @staticmethod
    def _claimed_words(error: MdmError) -> str:
        return _t("%(name)s is working on this task. Take another one, or take it over.") % {"name": error.data["holder"]}

    def take_over_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Have the task, whoever has it."""

        def act(user: User, given: dict[str, Any]) -> ReviewTask | None:
            claims.take_over(task_id, user=user, note=given["note"])
            messages.success(request, _t("You have taken this task over."))
            return None

        return self._act(request, task_id, act)

    def hand_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Hand the task to a colleague, or back to all."""

        def act(user: User, given: dict[str, Any]) -> ReviewTask | None:
            task = assigning.hand(task_id, to=given["to"], user=user, note=given["note"], version=given["version"])
            if given["to"] is None:
                messages.success(request, _t("Task %(number)s is anybody's again.") % {"number": task_id})
            else:
                told = {"number": task_id, "name": given["to"].get_username()}
                messages.success(request, _t("Task %(number)s was handed to %(name)s.") % told)
            return task if given["to"] not in {None, user} else None

        return self._act(request, task_id, act)

    def defer_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Put the task off until a day, or bring it back."""

        def act(user: User, given: dict[str, Any]) -> ReviewTask | None:
            task = assigning.defer(task_id, until=given["until"], user=user, note=given["note"], version=given["version"])
            if given["until"] is None:
                messages.success(request, _t("Task %(number)s is in the queue again.") % {"number": task_id})
                return None
            messages.success(
                request, _t("Task %(number)s comes back on %(day)s.") % {"number": task_id, "day": formats.date_format(given["until"])}
            )
            return task

        return self._act(request, task_id, act)

    def agree_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Be the second steward, and agree."""

        def act(user: User, given: dict[str, Any]) -> ReviewTask | None:
            task = review.agree(task_id, user=user, comment=given["note"], version=given["version"])
            messages.success(request, _t("You agreed, and it is done: task %(number)s.") % {"number": task_id})
            return task

        return self._act(request, task_id, act)

    def disagree_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Be the second steward, and disagree; the task may go to somebody who settles it."""

        def act(user: User, given: dict[str, Any]) -> ReviewTask | None:
            four_eyes.disagree(task_id, user=user, comment=given["note"], version=given["version"], hand_to=given["to"])
            messages.success(request, _t("You disagreed: task %(number)s is open again.") % {"number": task_id})
            return None

        return self._act(request, task_id, act)

    def withdraw_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Withdraw one's own answer before anybody agreed."""

        def act(user: User, given: dict[str, Any]) -> ReviewTask | None:
            four_eyes.withdraw(task_id, user=user, version=given["version"])
            messages.success(request, _t("Your answer to task %(number)s is withdrawn.") % {"number": task_id})
            return None

        return self._act(request, task_id, act)

    def _act(self, request: HttpRequest, task_id: int, act: Callable[[User, dict[str, Any]], ReviewTask | None]) -> HttpResponse:
        """Do it, and go on to the next task where an act gives the one that it is done with; else show the task again."""
        refused = self.refused(request, MAY_DECIDE)
        if refused is not None:
            return refused
        form = ActForm(request.POST)
        if not form.is_valid():
            messages.error(request, _t("That is no day or no colleague that can be chosen."))
            return self.again(request, task_id)
        try:
            done_with = act(person(request), form.cleaned_data)
        except UnknownTask:
            return self.missing(request, str(task_id))
        except MdmError as error:
            return self.explain(request, task_id, error)
        return self.again(request, task_id) if done_with is None else self.onwards(request, done_with)

    def again(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Show the task again."""
        raise NotImplementedError

    @staticmethod
    def address(name: str, *args: object) -> str:
        """The address of one of the pages of review tasks."""
        return reverse(f"admin:matching_reviewtask_{name}", args=args)
