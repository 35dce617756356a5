"""Views of the queue that stewards keep: save, rename, share, open first, delete; and those that everybody has."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records.admin.acting import person
from matching.admin.queue import WHOLE, Scope
from matching.models import SavedView

GIVEN: Final[tuple[tuple[str | Promise, str], ...]] = (
    (_("To do"), ""),
    (_("Mine"), "assignee=me"),
    (_("Second opinions"), "state=second"),
    (_("Deferred"), "state=deferred"),
)
"""The views that everybody has."""


class ViewForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Name and marks of a view."""

    class Meta:
        model = SavedView
        fields = ("name", "is_shared", "is_default")


class SavedViews:
    """The addresses at which views are kept, and what the queue shows of them; part of `ReviewTaskAdmin`."""

    admin_site: Any
    refused: Callable[[HttpRequest, str], HttpResponse | None]

    def view_urls(self) -> list[URLPattern]:
        """The addresses; they take POST alone."""
        view = self.admin_site.admin_view
        return [
            path("views/", view(self.save_view), name="matching_reviewtask_save_view"),
            path("views/<int:view_id>/", view(self.change_saved_view), name="matching_reviewtask_change_view"),
        ]

    def views_context(self, request: HttpRequest, scope: Scope) -> dict[str, Any]:
        """The views that a steward may open, with the one that is open."""
        saved = list(SavedView.objects.filter(Q(owner_id=request.user.pk) | Q(is_shared=True)).select_related("owner"))
        here = scope.to_keep
        opened = next((view for view in saved if view.query == here and view.owner_id == request.user.pk), None)
        return {
            "given_views": [(words, query, query == here) for words, query in GIVEN],
            "saved_views": [(view, view.query == here, view.owner_id == request.user.pk) for view in saved],
            "opened_view": opened,
            "kept_query": here,
        }

    def save_view(self, request: HttpRequest) -> HttpResponse:
        """Keep the part of the queue that is open, under a name; the same name is the same view."""
        refused = self._refused(request)
        if refused is not None:
            return refused
        scope = Scope.of_query(request.POST.get("query", ""), request.user.pk)
        mine = SavedView.objects.filter(owner_id=request.user.pk, name=request.POST.get("name", "").strip()).first()
        return self._keep(request, mine or SavedView(owner=person(request)), scope.to_keep)

    def change_saved_view(self, request: HttpRequest, view_id: int) -> HttpResponse:
        """Rename, share or delete a view of one's own."""
        refused = self._refused(request)
        if refused is not None:
            return refused
        view = SavedView.objects.filter(pk=view_id, owner_id=request.user.pk).first()
        if view is None:
            messages.error(request, _t("That view is not yours, or it is gone."))
            return self._back("")
        if "delete" in request.POST:
            view.delete()
            messages.success(request, _t("The view %(name)s is gone.") % {"name": view.name})
            return self._back(view.query)
        return self._keep(request, view, view.query)

    def _keep(self, request: HttpRequest, view: SavedView, query: str) -> HttpResponse:
        form = ViewForm(request.POST, instance=view)
        taken = SavedView.objects.filter(owner_id=request.user.pk, name=request.POST.get("name", "").strip()).exclude(pk=view.pk).exists()
        if taken or not form.is_valid():
            messages.error(request, _t("Give the view a name that no other view of yours has, of at most 60 characters."))
            return self._back(query)
        with transaction.atomic():
            if form.cleaned_data["is_default"]:
                SavedView.objects.filter(owner_id=request.user.pk).exclude(pk=view.pk).update(is_default=False)
            kept = form.save(commit=False)
            kept.query = query
            kept.save()
        messages.success(request, _t("The view %(name)s is kept.") % {"name": kept.name})
        return self._back(query)

    def _refused(self, request: HttpRequest) -> HttpResponse | None:
        return self.refused(request, "matching.view_reviewtask")

    @staticmethod
    def _back(query: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:matching_reviewtask_changelist')}?{query or WHOLE}")
