"""What every page of the admin shares: bounded lists, read-only pages, history as a timeline."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import RelatedFieldListFilter, ShowFacets
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from golden_records import limits, viewing
from golden_records.admin.prefetching import is_prefetch, leave_messages
from golden_records.admin.timeline import timeline
from golden_records.saying import named

COUNTED_AT_MOST = 5_000
HISTORY_PER_PAGE = 50


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts no further than `COUNTED_AT_MOST`, so that a list costs the same over a thousand rows and over millions."""

    template_name = "golden_records/admin/pagination.html"

    @cached_property
    def count(self) -> int:
        """The number of rows, or the bound where there are more."""
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return int(rows.order_by()[:COUNTED_AT_MOST].count())
        return len(rows)

    @property
    def is_bounded(self) -> bool:
        """Whether there may be more rows than `count` says."""
        return self.count >= COUNTED_AT_MOST


class BoundedChangeList(ChangeList):  # type: ignore[misc]  # django-unfold has no types
    """A list that shows a count of what was found only where something was looked for."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Find the rows, with what the cells of the list need."""
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        listed: QuerySet[Any] = self.model_admin.listed(rows)
        return listed

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page; without a filter the count found is the count of all."""
        super().get_results(request)
        self.model_admin.name_others(self.result_list)
        if not self.has_active_filters and not self.query:
            self.full_result_count = self.result_count


class SeenChoices(RelatedFieldListFilter):
    """A filter by what rows refer to, of which it offers only what the person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Give the rows to choose from."""
        seen = limits.within(field.remote_field.model._default_manager.order_by()).values("pk")
        ordering = self.field_admin_ordering(field, request, model_admin)
        choices: list[tuple[str, Any]] = field.get_choices(include_blank=False, ordering=ordering, limit_choices_to={"pk__in": seen})
        return choices


class MdmAdmin(ModelAdmin):  # type: ignore[misc]  # django-unfold has no types
    """Base of every admin page of the project."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    empty_value_display = ""
    list_max_show_all = 50
    change_list_template = "golden_records/admin/list.html"
    history_template = "golden_records/admin/history.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Find the rows that the person may see: every list, page and action begins here."""
        return limits.within(super().get_queryset(request))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Let nobody from whom something is kept ask for it by an address of their own: the filters of the list are enough."""
        if viewing.viewer() is not None and lookup.partition("__")[0] not in _filtered(self.list_filter):
            return False
        allowed: bool = super().lookup_allowed(lookup, value, request)
        return allowed

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        """Offer a limited person only what they may see to filter by."""
        filters: Sequence[Any] = super().get_list_filter(request)
        seen_by = viewing.viewer()
        if seen_by is None or not seen_by.is_limited:
            return filters
        return [(each, SeenChoices) if isinstance(each, str) and self.opts.get_field(each).is_relation else each for each in filters]

    @admin.display(description=_("entity type"), ordering="entity")
    def entity_words(self, row: Any) -> str:
        """The entity type of a row, as people call it."""
        return named(row.entity)

    def listed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of a list with what its cells need, in a number of queries that does not grow with the rows."""
        return rows

    def name_others(self, rows: QuerySet[Any]) -> None:
        """Hang names on the rows of one page that know others by their numbers alone. They are read once, and kept in the query."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        """Use the bounded list."""
        del request, kwargs
        return BoundedChangeList

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Tell the object's history, newest first: who, when, what, why, before and after."""
        if not hasattr(self.model, "history"):
            raise Http404
        found = self.get_object(request, unquote(object_id))
        if found is None:
            return self.missing(request, object_id)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        page = max(1, int(number)) if (number := request.GET.get("page", "1")).isdecimal() else 1
        entries = timeline(self.model, found.pk, limit=HISTORY_PER_PAGE + 1, offset=(page - 1) * HISTORY_PER_PAGE)
        context = self.page(request, found, _("History: %s") % found) | {
            "entries": entries[:HISTORY_PER_PAGE],
            "page": page,
            "next_page": page + 1 if len(entries) > HISTORY_PER_PAGE else None,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.history_template, context)

    @staticmethod
    def refused(request: HttpRequest, permission: str) -> HttpResponse | None:
        """What to answer where a request may not change anything: only POST may, and only with the permission."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(permission):
            raise PermissionDenied
        return None

    def missing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say that there is no such object, and go to the front page."""
        response: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return response

    def page(self, request: HttpRequest, found: Model, title: object) -> dict[str, Any]:
        """What the frame of a page needs: navigation, title, permissions."""
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": None,
            "opts": self.opts,
            "object": found,
            "original": found,
            "model_name_plural": capfirst(self.opts.verbose_name_plural),
            "list_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "history_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_history", args=(found.pk,)),
            "may_change": self.has_change_permission(request, found),
            "media": self.media,
        }


def without_lineage(rows: QuerySet[Any], *others: str, lineage: str = "lineage") -> QuerySet[Any]:
    """Leave large columns out of a list; the lineage stays where it says what the person may see."""
    seen_by = viewing.viewer()
    is_needed = seen_by is not None and seen_by.sources is not None
    return rows.defer(*others) if is_needed else rows.defer(lineage, *others)


def _filtered(filters: Sequence[Any]) -> set[str]:
    """Name the columns that a list is filtered by."""
    named = (each[0] if isinstance(each, list | tuple) else each for each in filters)
    return {each.partition("__")[0] if isinstance(each, str) else str(getattr(each, "parameter_name", "")) for each in named}


class ReadOnlyAdmin(MdmAdmin):
    """Pages to look at: what is written here is written by a function of the domain, never by a form."""

    actions: ClassVar[Sequence[Any]] = ()

    def has_add_permission(self, request: HttpRequest, *args: object) -> bool:
        """Nobody adds here."""
        del request, args
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes here."""
        del request, obj
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits here."""
        del request, obj
        return False


class PageAdmin(ReadOnlyAdmin):
    """An object's page by a template of ours; subclasses say what is on it."""

    page_template: ClassVar[str]

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """What the page shows of `found`."""
        raise NotImplementedError

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page of one object."""
        del form_url
        viewing.look()
        found = self.get_object(request, unquote(object_id))
        if found is None:
            return self.missing(request, object_id)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        context = self.page(request, found, str(found)) | self.page_context(request, found) | (extra_context or {})
        response = TemplateResponse(request, self.page_template, context)
        if is_prefetch(request):
            leave_messages(request, response)
        return response
