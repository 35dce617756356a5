"""How django-allauth works here: nobody signs up, the provider's people are made at their first sign-in, secrets are kept encrypted."""

import time
from typing import Any, ClassVar, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from golden_records import people
from golden_records.boxes import Box
from mdm.signin.addresses import client_address
from mdm.signin.roles import follow_groups, groups_claimed, needs_second_factor

SINGLE_SIGN_ON = "mdm_single_sign_on"
"""In a session: its person signed in by the provider, whose business a second factor was then."""

_RECENT_SECONDS: Final = 300

_box = Box(b"mdm: second factors")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # django-allauth tells its types to no one
    """Log-ins with a password."""

    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("The username or the password is not right."),
        "too_many_login_attempts": _("Too many attempts. Wait for some minutes and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes a log-in for themself."""
        del request
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Count attempts by the address that the log-in protection counts them by."""
        return client_address(request) or "unknown"

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Ask for the password again before a second factor is changed, unless it was given a moment ago."""
        records = get_authentication_records(self.request, self.request.user)
        recent = max((record.get("at", 0.0) for record in records), default=0.0)
        is_required: bool = time.time() - recent > _RECENT_SECONDS and super().is_reauthentication_required(app=app)
        return is_required

    def login(self, request: HttpRequest, user: User) -> None:
        """Log somebody in, after every step, and keep that."""
        super().login(request, user)
        by_provider = any(record.get("method") == "socialaccount" for record in get_authentication_records(request, user))
        if by_provider:
            request.session[SINGLE_SIGN_ON] = True
        people.tell_of_sign_in(user, "single sign-on" if by_provider else "password")


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # django-allauth tells its types to no one
    """Sign-ins by the provider."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whoever the provider knows has a log-in from their first sign-in on; it may nothing until somebody says so."""
        del request, sociallogin
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Give somebody who was here before the roles of today, before they are let in."""
        del request
        if sociallogin.is_existing:
            self._follow(sociallogin.user, sociallogin)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Keep of somebody their name; an address nobody needs, and that a colleague has the same one says nothing."""
        sociallogin.email_addresses = []
        user: User = super().populate_user(request, sociallogin, data | {"email": None})
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Make the log-in of somebody who is here for the first time; it has no password."""
        user: User = super().save_user(request, sociallogin, form)
        user.set_unusable_password()
        user.save(update_fields=["password"])
        self._follow(user, sociallogin)
        return user

    def on_authentication_error(self, request: HttpRequest, provider: Any, **told: Any) -> None:
        """Keep that the provider's answer was no good, and show a page that says so."""
        del provider
        why = told.get("error") or type(told.get("exception")).__name__
        people.tell_of_refusal("", f"single sign-on: {why}", client_address(request))
        raise ImmediateHttpResponse(refused_page(request))

    @staticmethod
    def _follow(user: User, sociallogin: SocialLogin) -> None:
        provider = settings.OIDC_PROVIDER
        if provider is None:
            return
        data: dict[str, Any] = sociallogin.account.extra_data or {}
        claims = {**(data.get("id_token") or {}), **(data.get("userinfo") or {})} or data
        follow_groups(user, groups_claimed(claims, provider.groups_claim), provider.roles)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # django-allauth tells its types to no one
    """Second factors: the secrets that codes are made from are kept as those of webhooks are."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret."""
        return _box.shut(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Give a secret back."""
        return _box.opened(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether somebody may go without: not where their role must have a second factor."""
        return not needs_second_factor(authenticator.user, settings.SECOND_FACTOR_FOR)

    def get_totp_label(self, user: User) -> str:
        """Call the entry in the person's app by their username: an address would be personal data for nothing."""
        return user.get_username()


def refused_page(request: HttpRequest) -> HttpResponse:
    """The page for whom the provider did not let in."""
    return render(request, "socialaccount/authentication_error.html", status=403)
