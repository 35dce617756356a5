"""The forms of the sign-in: by password, and by a code of the second factor. Wrong codes count as wrong passwords do."""

from typing import Any

from allauth.account.forms import LoginForm as PasswordForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied, ValidationError

from mdm.signin.locking import credentials_of
from mdm.signin.middleware import FACTOR


class LoginForm(PasswordForm):  # type: ignore[misc]  # django-allauth tells its types to no one
    """Username and password; refused where only the provider lets people in."""

    def clean(self) -> Any:
        """Check them."""
        if not settings.LOCAL_LOGIN:
            raise PermissionDenied
        return super().clean()


class _Counted:
    """A wrong code is counted by who it is for and where it comes from; with too many, no code is looked at any more."""

    user: Any

    def clean_code(self) -> str:
        """Check the code."""
        request, credentials = context.request, credentials_of(self.user)
        if not AxesProxyHandler.is_allowed(request, credentials):
            request.axes_locked_out, request.axes_credentials = True, credentials
            raise PermissionDenied
        try:
            code: str = super().clean_code()  # type: ignore[misc]  # of the form that it is mixed into
        except ValidationError:
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
            raise
        return code


class CodeForm(_Counted, AuthenticateForm):  # type: ignore[misc]  # django-allauth tells its types to no one
    """The code at the sign-in."""


class FirstCodeForm(ActivateTOTPForm):  # type: ignore[misc]  # django-allauth tells its types to no one
    """The code that shows that an authenticator app was set up right; it counts for the session that it was set up in."""

    def clean_code(self) -> str:
        """Check the code."""
        code: str = super().clean_code()
        context.request.session[FACTOR] = True
        return code


class CodeAgainForm(_Counted, ReauthenticateForm):  # type: ignore[misc]  # django-allauth tells its types to no one
    """The code before something that matters."""
