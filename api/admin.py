"""API keys: who may call, and taking that back. A key is made by `manage.py create_api_key`, which alone ever shows it."""

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from api.keys import revoke_key
from api.models import ApiKey
from golden_records.admin import cells
from golden_records.admin.acting import change_by
from golden_records.admin.base import PageAdmin
from golden_records.admin.timeline import timeline

MAY_REVOKE: Final = "api.change_apikey"


@admin.register(ApiKey)
class ApiKeyAdmin(PageAdmin):
    """The keys, never their secret."""

    page_template: ClassVar[str] = "api/admin/key.html"
    list_display = ("name", "prefix", "source", "scope_words", "created_at", "status")
    list_filter = ("source", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("source",)
    search_fields = ("name", "prefix")
    sortable_by = ("name", "created_at")

    def get_urls(self) -> list[URLPattern]:
        """Add the address that revokes; it takes POST alone."""
        revoke = path("<int:key_id>/revoke/", self.admin_site.admin_view(self.revoke_view), name="api_apikey_revoke")
        return [revoke, *super().get_urls()]

    @admin.display(description=_("scopes"))
    def scope_words(self, key: ApiKey) -> str:
        """What the key may do."""
        return ", ".join(key.scopes)

    @admin.display(description=_("state"))
    def status(self, key: ApiKey) -> str:
        """Whether it still opens."""
        name, words = ("retired", _("revoked")) if key.revoked_at else ("active", _("active"))
        return cells.pill(name, words)

    def page_context(self, request: HttpRequest, found: ApiKey) -> dict[str, Any]:
        """The key without its secret, and its history."""
        return {
            "key": found,
            "entries": timeline(ApiKey, found.pk, limit=20),
            "may_revoke": request.user.has_perm(MAY_REVOKE) and found.revoked_at is None,
        }

    def revoke_view(self, request: HttpRequest, key_id: int) -> HttpResponse:
        """Revoke the key, for good."""
        refused = self.refused(request, MAY_REVOKE)
        if refused is not None:
            return refused
        key = self.get_object(request, str(key_id))
        if key is None:
            return self.missing(request, str(key_id))
        revoke_key(name=key.name, change=change_by(request, "revoked in the admin"))
        messages.success(request, _t("The key '%s' is revoked: it opens nothing any more.") % key.name)
        return HttpResponseRedirect(reverse("admin:api_apikey_change", args=(key_id,)))
