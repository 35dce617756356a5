"""What stands before the admin beside the password: the idle time-out, and the second factor of those who must have one.

Neither asks the database anything where the session already tells, and neither looks at requests to the API.
"""

import time
from collections.abc import Callable
from typing import Final

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from mdm.signin.adapters import SINGLE_SIGN_ON
from mdm.signin.roles import needs_second_factor

SEEN: Final = "mdm_seen"
FACTOR: Final = "mdm_second_factor"
_KEPT_EVERY: Final = 60
"""Seconds after which it is written anew that somebody is there: not at each request."""

_PATHS: Final = ("/admin/", "/accounts/")
_FREE: Final = ("/admin/login/", "/admin/logout/", "/admin/jsi18n/")

Next = Callable[[HttpRequest], HttpResponse]


class IdleMiddleware:
    """Ends a session in which nothing happened for `SESSION_IDLE_SECONDS`."""

    def __init__(self, get_response: Next) -> None:
        """Stand before `get_response`."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request through, or log its person out first."""
        if request.path_info.startswith(_PATHS) and settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get(SEEN, now)
            if now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
                messages.info(request, _("You were logged out, since nothing happened for a while."))
            elif SEEN not in request.session or now - seen > _KEPT_EVERY:
                request.session[SEEN] = now
        return self._get_response(request)


class SecondFactorMiddleware:
    """Leads whoever must have a second factor and has none to where it is set up, before they see anything of the admin."""

    def __init__(self, get_response: Next) -> None:
        """Stand before `get_response`."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request through where nothing is missing."""
        path = request.path_info
        if settings.SECOND_FACTOR_FOR and path.startswith("/admin/") and not path.startswith(_FREE):
            user = request.user
            if isinstance(user, User) and not _is_settled(request, user):
                return self._led(request, user)
        return self._get_response(request)

    @staticmethod
    def _led(request: HttpRequest, user: User) -> HttpResponse:
        if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
            # Logged in before it was set up, elsewhere: once more, with the code.
            logout(request)
            return HttpResponseRedirect(f"{reverse('account_login')}?next={request.path_info}")
        messages.info(request, _("Your role needs a second factor: set it up to go on."))
        return HttpResponseRedirect(reverse("mfa_activate_totp"))


def _is_settled(request: HttpRequest, user: User) -> bool:
    """Whether this session needs no second factor, or had it; it is kept in the session, so that it is asked once."""
    session = request.session
    if (
        session.get(SINGLE_SIGN_ON)
        or session.get(FACTOR)
        or any(each.get("method") == "mfa" for each in get_authentication_records(request, user))
    ):
        return True
    return not needs_second_factor(user, settings.SECOND_FACTOR_FOR)
