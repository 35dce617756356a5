"""The review queue and the page on which a steward decides."""

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records.admin import cells
from golden_records.admin.acting import person, words_of
from golden_records.admin.base import PageAdmin
from golden_records.admin.presentation import presentation
from golden_records.admin.searching import FOUND
from golden_records.entities import ENTITIES, entity_type
from golden_records.errors import MdmError
from matching import review
from matching.admin.queue import BandFilter, EntityFilter, KindFilter, Scope, TaskStateFilter
from matching.admin.review_page import review_page
from matching.models import JudgementValue, ReviewTask, TaskState

LAST_DECISION: Final = "mdm_last_decision"
MAY_DECIDE: Final = "matching.change_reviewtask"


@admin.register(ReviewTask)
class ReviewTaskAdmin(PageAdmin):
    """The queue; its pages ask one question each."""

    page_template: ClassVar[str] = "matching/admin/review.html"
    change_list_template = "matching/admin/queue.html"
    list_display = ("question", "entity_name", "kind", "likelihood", "status", "opened")
    list_filter = (TaskStateFilter, EntityFilter, KindFilter, BandFilter)
    list_select_related = ("decided_by",)
    search_fields = ("id",)
    search_help_text = _("Name or id of a golden record, or the number of a task")
    list_per_page = 30
    ordering = ("-probability", "id")
    sortable_by = ("likelihood", "opened")

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that decide and undo; both take POST alone."""
        return [
            path("<int:task_id>/decide/", self.admin_site.admin_view(self.decide_view), name="matching_reviewtask_decide"),
            path("<int:task_id>/undo/", self.admin_site.admin_view(self.undo_view), name="matching_reviewtask_undo"),
            path("next/", self.admin_site.admin_view(self.next_view), name="matching_reviewtask_next"),
            *super().get_urls(),
        ]

    def may_decide(self, request: HttpRequest) -> bool:
        """Whether the person may answer: Django's permission to change review tasks."""
        return request.user.has_perm(MAY_DECIDE)

    # --- the list ---

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find tasks by their number, or by golden records that the lists of golden records would find."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.isdecimal() and len(term) < 10:  # noqa: PLR2004 - longer numbers are identifiers of customers
            return queryset.filter(pk=int(term)), False
        named: set[int] = set()
        for entity in ENTITIES.values():
            golden_admin: Any = self.admin_site.get_model_admin(entity.golden)
            found, _duplicates = golden_admin.get_search_results(request, entity.golden._default_manager.all(), term)
            ids = list(found.order_by().values_list("pk", flat=True)[:FOUND])
            for side in (Q(left_golden_id__in=ids), Q(right_golden_id__in=ids)):
                # Side by side, each by its own index; one condition on both would read the whole queue.
                named.update(queryset.order_by().filter(side, entity=entity.name).values_list("pk", flat=True)[:FOUND])
        return queryset.filter(pk__in=named), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the queue, with the names of both golden records of each of the page's tasks in a query per entity type."""
        scope = Scope.of(request.GET)
        context = {
            "scope": scope,
            "may_decide": self.may_decide(request),
            "next_url": self._with_scope(reverse("admin:matching_reviewtask_next"), scope),
            "toast": self._toast(request),
            **(extra_context or {}),
        }
        # Django takes an address with a parameter that is no filter for a mistake.
        request.GET = _without(request.GET, "decided")  # type: ignore[assignment]  # a copy may be given in its place
        response: HttpResponse = super().changelist_view(request, context)
        changelist = getattr(response, "context_data", {}).get("cl") if isinstance(response, TemplateResponse) else None
        if changelist is not None:
            _name_goldens(changelist.result_list)
        return response

    @admin.display(description=_("are these one?"))
    def question(self, task: ReviewTask) -> str:
        """Both names."""
        names: Any = task
        return format_html(
            '<span class="mdm-question"><bdi>{}</bdi> <span class="mdm-quiet" aria-hidden="true">≟</span> <bdi>{}</bdi></span>',
            cells.cut(names.left_name),
            cells.cut(names.right_name),
        )

    @admin.display(description=_("entity type"))
    def entity_name(self, task: ReviewTask) -> str:
        """The entity type in words."""
        return str(presentation(entity_type(task.entity)).label)

    @admin.display(description=_("probability"), ordering="probability")
    def likelihood(self, task: ReviewTask) -> str:
        """The probability as a bar."""
        return cells.bar(task.probability)

    @admin.display(description=_("state"))
    def status(self, task: ReviewTask) -> str:
        """The state, with the answer and who gave it."""
        if task.state != TaskState.DECIDED or task.decided_by is None:
            return cells.pill(task.state, task.get_state_display())
        answer = cells.pill(str(task.answer), task.get_answer_display())
        return format_html('{} <span class="mdm-quiet">{}</span>', answer, cells.cut(task.decided_by.get_username()))

    @admin.display(description=_("opened"), ordering="id")
    def opened(self, task: ReviewTask) -> str:
        """How long it has waited."""
        return cells.moment(task.opened_at)

    # --- the page ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Fetch what a page needs of the task's neighbours in the same query."""
        queryset: QuerySet[Any] = super().get_queryset(request)
        return queryset.select_related("decision__config", "decided_by", "merge")

    def page_context(self, request: HttpRequest, found: ReviewTask) -> dict[str, Any]:
        """The comparison, the evidence, and the way onwards."""
        scope = _scope(request)
        following = scope.after(found)
        entity = entity_type(found.entity)
        last = request.session.get(LAST_DECISION)
        return {
            "title": _t("Review task %s") % found.pk,
            "task": found,
            "page": review_page(found),
            "entity": entity,
            "scope": scope,
            "may_decide": self.may_decide(request),
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
        scope = Scope.of(request.GET)
        first = scope.open_tasks().first()
        return HttpResponseRedirect(self._task_url(first, scope) if first else reverse("admin:matching_reviewtask_changelist"))

    def decide_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Take an answer and go on to the next task; where the task has changed since, show it again with what was written."""
        refused = self.refused(request, MAY_DECIDE)
        if refused is not None:
            return refused
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
            )
        except review.UnknownTask:
            return self.missing(request, str(task_id))
        except MdmError as error:
            return self._explain(request, task_id, error)
        request.session[LAST_DECISION] = task.pk
        scope = _scope(request)
        following = scope.after(task)
        target = self._task_url(following, scope) if following else self._with_scope(reverse("admin:matching_reviewtask_changelist"), scope)
        return HttpResponseRedirect(f"{target}{'&' if '?' in target else '?'}decided={task.pk}")

    def undo_view(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """Take an answer back and show the question again."""
        refused = self.refused(request, MAY_DECIDE)
        if refused is not None:
            return refused
        try:
            review.undo(task_id, user=person(request))
        except review.UnknownTask:
            return self.missing(request, str(task_id))
        except MdmError as error:
            return self._explain(request, task_id, error)
        if request.session.get(LAST_DECISION) == task_id:
            del request.session[LAST_DECISION]
        messages.success(request, _t("Taken back: task %s is open again.") % task_id)
        return HttpResponseRedirect(self._with_scope(reverse("admin:matching_reviewtask_change", args=(task_id,)), _scope(request)))

    def _explain(self, request: HttpRequest, task_id: int, error: MdmError) -> HttpResponse:
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
        return ReviewTask.objects.filter(pk=int(decided), state=TaskState.DECIDED).first()

    def _task_url(self, task: ReviewTask, scope: Scope) -> str:
        return self._with_scope(reverse("admin:matching_reviewtask_change", args=(task.pk,)), scope)

    @staticmethod
    def _with_scope(address: str, scope: Scope) -> str:
        return f"{address}?{scope.query}" if scope.query else address


def _scope(request: HttpRequest) -> Scope:
    """The part of the queue: from the form, the address, or the list that the steward came from."""
    if request.method == "POST":
        return Scope.of(request.POST)
    from_list = request.GET.get("_changelist_filters")
    return Scope.of(QueryDict(from_list) if from_list else request.GET)


def _without(parameters: QueryDict, name: str) -> QueryDict:
    kept = parameters.copy()
    kept.pop(name, None)
    return kept


def _name_goldens(tasks: list[ReviewTask]) -> None:
    """Hang the names of both golden records on the tasks of a page of the list."""
    names: dict[Any, str] = {}
    for entity in ENTITIES.values():
        ids = {key for task in tasks if task.entity == entity.name for key in (task.left_golden_id, task.right_golden_id)}
        if ids:
            names |= {golden.pk: str(golden) for golden in entity.golden._default_manager.filter(pk__in=ids)}
    for task in tasks:
        task.left_name = names.get(task.left_golden_id, "")  # type: ignore[attr-defined]  # for the list alone
        task.right_name = names.get(task.right_golden_id, "")  # type: ignore[attr-defined]  # for the list alone
