"""The door of the admin: it has no log-in of its own. Every process loads this, so it loads nothing of the provider's library."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode


def admin_door(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Lead to the one log-in there is. Whoever is logged in and may not open the admin is told so."""
    del extra_context
    if request.user.is_authenticated:
        if request.user.is_active and getattr(request.user, "is_staff", False):
            return HttpResponseRedirect(_next(request))
        return render(request, "account/no_rights.html", status=403)
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': _next(request)})}")


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get("next") or (request.get_full_path() if request.path_info != reverse("admin:login") else "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and is_ours else reverse("admin:index")
