"""The review queue and the page on which a steward decides."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import endorsing
from golden_records.admin import cells
from golden_records.admin.acting import person, words_of
from golden_records.admin.base import PageAdmin
from golden_records.admin.naming import golden_names
from golden_records.admin.presentation import presentation
from golden_records.entities import ENTITIES, entity_type
from golden_records.errors import MdmError
from golden_records.models import Endorsement
from matching import questions, review
from matching.admin import task_cells
from matching.admin.bulk import ACTION, BulkActs
from matching.admin.question_acts import LAST_DECISION, QuestionActs, answered, marks_of, more_in_question, preview_context
from matching.admin.queue import ORDERS, WHOLE, Scope, default_query, found
from matching.admin.queue_filters import FILTERS
from matching.admin.review_page import review_page
from matching.admin.saved_views import SavedViews
from matching.admin.task_acts import TaskActs
from matching.asked import Case
from matching.models import JudgementValue, ReviewTask, TaskState
from matching.stewards import MAY_DECIDE


@admin.register(ReviewTask)
class ReviewTaskAdmin(QuestionActs, TaskActs, SavedViews, BulkActs, PageAdmin):
    """The queue; its pages ask one question each."""

    page_template: ClassVar[str] = "matching/admin/review.html"
    change_list_template = "matching/admin/queue.html"
    history_template = "matching/admin/task_history.html"
    list_before_template = "matching/admin/queue_views.html"
    list_display = ("question", "entity_name", "kind", "likelihood", "stake", "status", "opened")
    list_filter = FILTERS
    list_filter_sheet = True
    actions: ClassVar[Sequence[Any]] = (ACTION,)
    search_fields = ("id",)
    search_help_text = _("Name or id of a golden record, or the number of a task")
    list_per_page = 30
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that decide and undo; both take POST alone."""
        return [
            path("<int:task_id>/decide/", self.admin_site.admin_view(self.decide_view), name="matching_reviewtask_decide"),
            path("<int:task_id>/undo/", self.admin_site.admin_view(self.undo_view), name="matching_reviewtask_undo"),
            *self.urls_of_answers(),
            *self.act_urls(),
            *self.view_urls(),
            *self.bulk_urls(),
            path("next/", self.admin_site.admin_view(self.next_view), name="matching_reviewtask_next"),
            *super().get_urls(),
        ]

    def may_decide(self, request: HttpRequest) -> bool:
        """Whether the person may answer: Django's permission to change review tasks."""
        return request.user.has_perm(MAY_DECIDE)

    # --- the list ---

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find tasks by their number, or by golden records that the lists of golden records would find."""
        del request
        return queryset.filter(found(search_term)), False

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """The order that was chosen; by what an answer is worth, unless another one was."""
        return ORDERS[Scope.of(request.GET).order]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer them to who may decide."""
        offered: dict[str, Any] = super().get_actions(request) if self.may_decide(request) else {}
        return offered

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the queue, with the names and marks of both golden records of each of the page's tasks in two queries per entity type."""
        if request.method == "GET" and not request.GET and (query := default_query(request.user.pk or 0)):
            return HttpResponseRedirect(f"?{query}")
        scope = Scope.of(request.GET, request.user.pk)
        context = {
            **self.views_context(request, scope),
            "scope": scope,
            "may_decide": self.may_decide(request),
            "next_url": self._with_scope(reverse("admin:matching_reviewtask_next"), scope),
            "toast": self._toast(request),
            "answered": answered(request),
            **(extra_context or {}),
        }
        # Django takes an address with a parameter that is no filter for a mistake.
        request.GET = _without(request.GET, "decided", "answered", WHOLE)  # type: ignore[assignment]  # a copy may be given in its place
        response: HttpResponse = super().changelist_view(request, context)
        changelist = getattr(response, "context_data", {}).get("cl") if isinstance(response, TemplateResponse) else None
        if changelist is not None:
            filtered = bool(changelist.has_active_filters or changelist.query)
            changelist.result_list = questions.one_line_each(list(changelist.result_list), filtered=filtered)
            _name_goldens(changelist.result_list)
        return response

    @admin.display(description=_("are these one?"))
    def question(self, task: ReviewTask) -> str:
        """Both names."""
        names: Any = task
        return format_html(
            '<span class="mdm-question"><bdi>{}</bdi>{} <span class="mdm-quiet" aria-hidden="true">≟</span> <bdi>{}</bdi>{}{}</span>',
            cells.shown(names.left_name),
            cells.confirmed(names.left_marks),
            cells.shown(names.right_name),
            cells.confirmed(names.right_marks),
            more_in_question(names.size),
        )

    @admin.display(description=_("entity type"))
    def entity_name(self, task: ReviewTask) -> str:
        """The entity type in words."""
        return str(presentation(entity_type(task.entity)).label)

    @admin.display(description=_("probability"))
    def likelihood(self, task: ReviewTask) -> str:
        """The probability as a bar."""
        return cells.bar(task.probability)

    @admin.display(description=_("value at stake"))
    def stake(self, task: ReviewTask) -> str:
        """The revenue of the projects behind it."""
        return task_cells.stake(task)

    @admin.display(description=_("state"))
    def status(self, task: ReviewTask) -> str:
        """The state, with the answer and who gave it; of an open one who has it, and what it waits for."""
        return task_cells.status(task)

    @admin.display(description=_("opened"))
    def opened(self, task: ReviewTask) -> str:
        """How long it has waited."""
        return cells.moment(task.opened_at)

    # --- the page ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Fetch what a page needs of the task's neighbours in the same query."""
        queryset: QuerySet[Any] = super().get_queryset(request)
        return queryset.select_related("decision__config", "decided_by", "merge", "assignee", "claim__user")

    def listed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what no cell shows: the config that decided is a long document."""
        return rows.select_related(None).select_related("decided_by", "assignee", "claim__user")

    def page_context(self, request: HttpRequest, found: ReviewTask) -> dict[str, Any]:
        """The comparison, the evidence, and the way onwards."""
        scope = _scope(request)
        page = review_page(found, reference=request.GET.get("reference", ""), marks=marks_of(request.POST or request.GET))
        following = scope.after(found, page.question)
        entity = entity_type(found.entity)
        last = request.session.get(LAST_DECISION)
        return {
            "title": _t("Review task %s") % found.pk,
            "task": found,
            "page": page,
            **preview_context(request, found, shown=page),
            "answered": answered(request),
            "entity": entity,
            "scope": scope,
            "may_decide": self.may_decide(request) and not found.awaits_second,
            **self.act_context(request, found),
            "is_open": found.state == TaskState.OPEN,
            "waiting": scope.open_tasks().order_by()[:1_000].count(),
            "next_url": self._task_url(following, scope) if following else None,
            "queue_url": self._with_scope(reverse("admin:matching_reviewtask_changelist"), scope),
            "last_decision": last if last != found.pk else None,
            "toast": self._toast(request),
            "golden_url": f"admin:golden_records_{entity.golden._meta.model_name}_change",
            "record_url": f"admin:golden_records_{entity.record._meta.model_name}_change",
            "comment": request.POST.get("comment", ""),
        }

    def next_view(self, request: HttpRequest) -> HttpResponse:
        """Go to the first open task of the part of the queue that is asked for."""
        parameters = request.GET or QueryDict(default_query(request.user.pk or 0))
        scope = Scope.of(parameters, request.user.pk)
        first = scope.open_tasks().first()
        return HttpResponseRedirect(self._task_url(first, scope) if first else reverse("admin:matching_reviewtask_changelist"))

    def decide_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Take an answer and go on to the next task; where the task has changed since, show it again with what was written."""
        refused = self.refused(request, MAY_DECIDE)
        if refused is not None:
            return refused
        given = self.answer_of_question(request, task_id)
        if given is not None:
            return given
        answer, version = request.POST.get("answer", ""), request.POST.get("version", "")
        if answer not in JudgementValue.values or not version.isdecimal():
            messages.error(request, _t("Choose same, different or unsure."))
            return HttpResponseRedirect(reverse("admin:matching_reviewtask_change", args=(task_id,)))
        try:
            task = review.decide(
                task_id,
                answer=JudgementValue(answer),
                user=person(request),
                comment=request.POST.get("comment", "").strip(),
                version=int(version),
                case=Case(reason_code=request.POST.get("reason_code", "")),
            )
        except review.UnknownTask:
            return self.missing(request, str(task_id))
        except MdmError as error:
            return self.explain(request, task_id, error)
        request.session[LAST_DECISION] = task.pk
        target = self.onwards(request, task)["Location"]
        return HttpResponseRedirect(f"{target}{'&' if '?' in target else '?'}decided={task.pk}")

    def onwards(self, request: HttpRequest, task: ReviewTask) -> HttpResponse:
        """Go to the task that follows in the steward's part of the queue, or to the queue where there is none."""
        scope = _scope(request)
        following = scope.after(task)
        queue = reverse("admin:matching_reviewtask_changelist")
        return HttpResponseRedirect(self._task_url(following, scope) if following else self._with_scope(queue, scope))

    def again(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Show the task again, within the steward's part of the queue."""
        return HttpResponseRedirect(self._with_scope(self.address("change", task_id), _scope(request)))

    def undo_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Take an answer back and show the question again."""
        refused = self.refused(request, MAY_DECIDE)
        if refused is not None:
            return refused
        undone = self.undo_of_answer(request, task_id)
        if undone is not None:
            return undone
        try:
            task = review.undo(task_id, user=person(request))
        except review.UnknownTask:
            return self.missing(request, str(task_id))
        except MdmError as error:
            return self.explain(request, task_id, error)
        if request.session.get(LAST_DECISION) == task_id:
            del request.session[LAST_DECISION]
        if task.awaits_second:
            messages.success(request, _t("It takes two stewards to take this back: a second one is asked now."))
        else:
            messages.success(request, _t("Taken back: task %s is open again.") % task_id)
        return self.again(request, task_id)

    def explain(self, request: HttpRequest, task_id: int, error: MdmError) -> HttpResponse:
        """Show the task again with why it was refused, and with what was written."""
        messages.error(request, words_of(error))
        response = self.change_view(request, str(task_id))
        response.status_code = 503 if error.retryable else 409
        if error.retryable:
            response.headers["Retry-After"] = "1"
        return response

    def _toast(self, request: HttpRequest) -> ReviewTask | None:
        decided = request.GET.get("decided", "")
        if not decided.isdecimal():
            return None
        return ReviewTask.objects.filter(Q(state=TaskState.DECIDED) | Q(awaits_second=True), pk=int(decided)).first()

    def _task_url(self, task: ReviewTask, scope: Scope) -> str:
        return self._with_scope(reverse("admin:matching_reviewtask_change", args=(task.pk,)), scope)

    @staticmethod
    def _with_scope(address: str, scope: Scope) -> str:
        return f"{address}?{scope.query}" if scope.query else address


def _scope(request: HttpRequest) -> Scope:
    """The part of the queue: from the form, the address, or the list that the steward came from."""
    if request.method == "POST":
        return Scope.of(request.POST, request.user.pk)
    from_list = request.GET.get("_changelist_filters")
    return Scope.of(QueryDict(from_list) if from_list else request.GET, request.user.pk)


def _without(parameters: QueryDict, *names: str) -> QueryDict:
    kept = parameters.copy()
    for name in names:
        kept.pop(name, None)
    return kept


def _name_goldens(tasks: list[ReviewTask]) -> None:
    """Hang the names of both golden records, and their marks, on the tasks of a page of the list."""
    names = golden_names(tasks, lambda task: (task.left_golden_id, task.right_golden_id))
    marks: dict[Any, list[Endorsement]] = {}
    for entity in ENTITIES.values():
        ids = {key for task in tasks if task.entity == entity.name for key in (task.left_golden_id, task.right_golden_id)}
        if ids:
            marks |= endorsing.standing(entity, ids)
    for task in tasks:
        for side, golden_id in (("left", task.left_golden_id), ("right", task.right_golden_id)):
            setattr(task, f"{side}_name", names.get(golden_id, ""))
            setattr(task, f"{side}_marks", marks.get(golden_id, ()))
