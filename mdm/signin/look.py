"""What the pages of the sign-in need to look as the admin does."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest

from mdm.signin.configured import PROVIDER


def admin_look(request: HttpRequest) -> dict[str, Any]:
    """Give colours, styles and names of the admin to pages of the sign-in; nothing to others."""
    if not request.path_info.startswith("/accounts/") and not request.path_info.startswith("/admin/login/"):
        return {}
    provider = settings.OIDC_PROVIDER
    return {
        **admin.site.each_context(request),
        "local_login": settings.LOCAL_LOGIN,
        "provider_id": PROVIDER if provider is not None else "",
        "provider_name": provider.name if provider is not None else "",
    }
