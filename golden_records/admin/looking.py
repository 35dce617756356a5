"""Each request to the admin is somebody's: what they may not see is kept from all that it loads, and from its addresses."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from golden_records import limits, viewing
from golden_records.entities import ENTITIES

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_OF_A_ROW: Final = frozenset({"entity", "name", "unit", "content_type_id", "url"})


class LookingMiddleware:
    """Asks nothing of the database by itself, and leaves everything but the admin alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand before `get_response`."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request be its person's. One that may write does not look, until it goes on to show a page."""
        if not request.path_info.startswith("/admin/"):
            return self._get_response(request)
        with viewing.asked_by(lambda: limits.viewer_of(request.user), looks=request.method in _SAFE):
            return self._get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: Mapping[str, Any]) -> None:
        """Know no row that a limited person may not see, whatever the page or the action is that is asked for."""
        del view, args
        seen_by = viewing.viewer() if request.path_info.startswith("/admin/") and kwargs else None
        if seen_by is None or not seen_by.is_limited:
            return
        row = _row_of(request.resolver_match.url_name if request.resolver_match else "", kwargs)
        if row is not None and not limits.sees(*row):
            raise Http404

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> HttpResponse:
        """Render nothing that was collected while it could write: it may hold what the person may not see. Its messages stay."""
        if request.method in _SAFE or not request.path_info.startswith("/admin/"):
            return response
        is_form = bool({"adminform", "adminForm"} & (response.context_data or {}).keys())
        if viewing.viewer() is None or viewing.looking() is not None or is_form:
            viewing.look()
            return response
        messages.info(request, _("Nothing was saved."))
        return _ShownAgain(request.get_full_path())


class _ShownAgain(HttpResponseRedirect):
    """Leads to the page of a form instead of showing what the form collected."""

    def render(self) -> HttpResponse:
        """Be rendered already, as Django asks of what stands for a template."""
        return self


def _row_of(url_name: str | None, kwargs: Mapping[str, Any]) -> tuple[type[Model], object] | None:
    """Find the row that an address is about: its name begins with that of a table, as all of the admin's do."""
    keys = [value for name, value in kwargs.items() if name not in _NOT_OF_A_ROW]
    if not keys or not url_name:
        return None
    if "golden_id" in kwargs and kwargs.get("entity") in ENTITIES:
        return ENTITIES[kwargs["entity"]].golden, kwargs["golden_id"]
    for model in apps.get_models():
        is_its = url_name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_")
        if is_its and admin.site.is_registered(model):
            return model, unquote(str(keys[0]))
    return None
