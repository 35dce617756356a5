"""What a steward does about a whole question on its page: answer it or a part of it, foresee what would come of it, take it back as one."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from golden_records.admin.acting import change_by, person
from golden_records.errors import StaleWrite
from golden_records.limits import sees_all_of
from golden_records.saying import said
from matching import questions
from matching.admin.columns import Column, columns_of
from matching.admin.preview import preview_of
from matching.admin.queue import Scope
from matching.admin.review_page import PAIR, ReviewPage
from matching.models import JudgementValue, ReviewTask, TaskState
from matching.question_answers import Answer, Done, Step, give, take_back
from matching.questions import Question, question_of
from matching.stewards import MAY_DECIDE

LAST_DECISION: Final = "mdm_last_decision"
LAST_ANSWERS: Final = "mdm_last_answers"
_KEPT: Final = 10
"""Answers of a session that can be taken back as a whole; of older ones each task can."""

MAY_OVERRIDE: Final = "golden_records.add_override"
MARKED: Final = "marked"
_MARK: Final = "mark-"
_VALUE: Final = "value-"


class QuestionActs:
    """What the pages of review tasks need beside deciding one task: mixed into their admin."""

    admin_site: Any

    def urls_of_answers(self) -> list[URLPattern]:
        """The address of what would come of an answer; it takes GET alone and changes nothing."""
        view = self.admin_site.admin_view(self.preview_view)
        return [path("<int:task_id>/preview/", view, name="matching_reviewtask_preview")]

    def preview_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Show what would come of the marks that are set so far: a part of the page."""
        admin: Any = self
        found: ReviewTask | None = admin.get_object(request, str(task_id))
        if found is None or not admin.has_view_permission(request, found):
            raise Http404
        if found.state != TaskState.OPEN or found.is_within_one:
            raise Http404
        question = question_of(found)
        if not sees_all_of(question.entity, question.golden_ids):
            raise Http404
        context = _foreseen(request, question, columns_of(question, found), marks_of(request.GET))
        return TemplateResponse(request, "matching/admin/preview.html", {**context, "task": found})

    def answer_of_question(self, request: HttpRequest, task_id: int) -> HttpResponse | None:
        """Take an answer to a question of more than one task, or one with values chosen; None where it is an answer to one task alone."""
        admin: Any = self
        task = ReviewTask.objects.filter(pk=task_id).first()
        if task is None or "question" not in request.POST:
            return None
        question, marks = question_of(task), marks_of(request.POST)
        chosen = _chosen(request)
        if len(question.golden_ids) <= PAIR and not (chosen and request.POST.get("answer") == JudgementValue.SAME):
            return None
        if question.mark != request.POST["question"]:
            message = _t("The question has changed since you opened it: somebody answered a part of it, or records came or went.")
            return admin.explain(request, task_id, StaleWrite(message, remedy=_t("Look at it again before you decide.")))  # type: ignore[no-any-return]
        answer = _answer(request, question, marks, chosen)
        if answer is None:
            messages.error(request, _t("Choose same, different or unsure, or mark at least two as the same or one as different."))
            return HttpResponseRedirect(reverse("admin:matching_reviewtask_change", args=(task_id,)))
        done = give(question, answer, by=person(request), first=task_id)
        return self._after(request, task, question, (answer, done))

    def undo_of_answer(self, request: HttpRequest, task_id: int) -> HttpResponse | None:
        """Take the whole of an answer back where the task is a part of it; None where it is not, or the task alone is to be undone."""
        answers = request.session.get(LAST_ANSWERS, [])
        last = next((each for each in reversed(answers) if task_id in each["tasks"]), None)
        if last is None or "whole" not in request.POST:
            return None
        request.session[LAST_ANSWERS] = [each for each in answers if each is not last]
        request.session.pop(LAST_DECISION, None)
        refused = take_back([Step(kind, name, tuple(more)) for kind, name, more in last["steps"]], by=person(request))
        for words in refused:
            messages.error(request, said(words))
        if not refused:
            messages.success(request, _t("Taken back: the whole question is open again."))
        return HttpResponseRedirect(_page(last["task"], Scope.of(request.POST, request.user.pk)))

    def _after(self, request: HttpRequest, task: ReviewTask, question: Question, given: tuple[Answer, Done]) -> HttpResponse:
        answer, done = given
        for words in done.refused:
            messages.warning(request, _t("Not done: %s") % said(words))
        scope = Scope.of(request.POST, request.user.pk)
        if not done.steps:
            return HttpResponseRedirect(_page(task.pk, scope))
        told = {
            "task": task.pk,
            # The page's own task stands for an answer that was given without any: by it the answer is taken back.
            "tasks": [*done.task_ids, task.pk],
            "steps": [[step.kind, step.id, list(step.more)] for step in done.steps],
            "same": len(answer.same),
            "different": len(answer.different),
            "of_all": answer.of_all,
            "values": sum(step.kind == "override" for step in done.steps),
            "proposed": done.proposed,
        }
        request.session[LAST_ANSWERS] = [*request.session.get(LAST_ANSWERS, []), told][-_KEPT:]
        request.session[LAST_DECISION] = task.pk
        target = _page(_onwards(task, question, scope), scope)
        return HttpResponseRedirect(f"{target}{'&' if '?' in target else '?'}answered={task.pk}")


def preview_context(request: HttpRequest, task: ReviewTask, *, shown: ReviewPage) -> dict[str, Any]:
    """What a page shows of what would come of calling all the same; nothing where that is no question."""
    if task.state != TaskState.OPEN or task.is_within_one or not sees_all_of(shown.question.entity, shown.question.golden_ids):
        return {"preview": None}
    return _foreseen(request, shown.question, shown.columns, {column.golden.pk: column.mark for column in shown.columns if column.mark})


def _foreseen(request: HttpRequest, question: Question, columns: tuple[Column, ...], marks: Mapping[UUID, str]) -> dict[str, Any]:
    foreseen = preview_of(question, columns, marks, change=change_by(request, "foreseen"))
    return {"preview": foreseen, "may_choose": request.user.has_perm(MAY_OVERRIDE) and request.user.has_perm(MAY_DECIDE)}


def more_in_question(size: questions.Size) -> str:
    """How many golden records a line of the queue asks about, where there are more than the two that it names."""
    if size.goldens <= PAIR:
        return ""
    count = f"{questions.MOST_GOLDENS}+" if size.is_cut else size.goldens
    return format_html('<span class="mdm-pill">{}</span>', _t("%(count)s golden records, one question") % {"count": count})


def answered(request: HttpRequest) -> dict[str, Any] | None:
    """What the last answer to a question did, for who comes from it; None where there was none."""
    named = request.GET.get("answered")
    last = next((each for each in reversed(request.session.get(LAST_ANSWERS, [])) if str(each["task"]) == named), None)
    if last is None:
        return None
    return {"task": last["task"], "words": list(_told(last))}


def _told(last: Mapping[str, Any]) -> list[str]:
    told = []
    if last["of_all"]:
        told.append(_t("All of the question: %(answer)s.") % {"answer": JudgementValue(last["of_all"]).label})
    if last["same"]:
        told.append(
            ngettext("%(n)d golden record called the same.", "%(n)d golden records called the same.", last["same"]) % {"n": last["same"]}
        )
    if last["different"]:
        text = ngettext("%(n)d golden record kept apart.", "%(n)d golden records kept apart.", last["different"])
        told.append(text % {"n": last["different"]})
    if last["values"]:
        told.append(ngettext("%(n)d value chosen.", "%(n)d values chosen.", last["values"]) % {"n": last["values"]})
    if last["proposed"]:
        text = ngettext("%(n)d answer waits for a second steward.", "%(n)d answers wait for a second steward.", last["proposed"])
        told.append(text % {"n": last["proposed"]})
    return told


def marks_of(sent: Mapping[str, str]) -> dict[UUID, str]:
    """Which columns are marked as the same and as different, by canonical id; what is no id is left out."""
    found = {}
    for name in sent:
        if name.startswith(_MARK) and sent[name] in (JudgementValue.SAME, JudgementValue.DIFFERENT):
            try:
                found[UUID(name.removeprefix(_MARK))] = sent[name]
            except ValueError:
                continue
    return found


def _chosen(request: HttpRequest) -> dict[str, int]:
    """Which source record's values are to stand, by attribute or group; what the rules would choose is not named."""
    if not request.user.has_perm(MAY_OVERRIDE):
        return {}
    sent = request.POST
    return {name.removeprefix(_VALUE): int(sent[name]) for name in sent if name.startswith(_VALUE) and sent[name].isdecimal()}


def _answer(request: HttpRequest, question: Question, marks: Mapping[UUID, str], chosen: Mapping[str, int]) -> Answer | None:
    value = request.POST.get("answer", "")
    said: dict[str, Any] = {"comment": request.POST.get("comment", "").strip(), "reason_code": request.POST.get("reason_code", "")}
    if value == MARKED:
        known = {golden_id: mark for golden_id, mark in marks.items() if golden_id in question.golden_ids}
        same = frozenset(golden_id for golden_id, mark in known.items() if mark == JudgementValue.SAME)
        different = frozenset(known) - same
        if (len(same) == 1 and not different) or not known:
            return None
        return Answer(same=same, different=different, chosen=chosen if len(same) > 1 else {}, **said)
    if marks or value not in JudgementValue.values:
        return None
    if value == JudgementValue.SAME:
        return Answer(same=frozenset(question.golden_ids), chosen=chosen, **said)
    return Answer(of_all=JudgementValue(value), **said)


def _onwards(task: ReviewTask, question: Question, scope: Scope) -> int | None:
    """The task to show next: what is left of the question, else the first of another one."""
    rest = ReviewTask.objects.filter(pk__in=question.task_ids, state=TaskState.OPEN).order_by("-probability", "id").first()
    if rest is not None:
        return rest.pk
    following = scope.after(task, question)
    return following.pk if following is not None else None


def _page(task_id: int | None, scope: Scope) -> str:
    name, args = ("change", (task_id,)) if task_id is not None else ("changelist", ())
    address = reverse(f"admin:matching_reviewtask_{name}", args=args)
    return f"{address}?{scope.query}" if scope.query else address
