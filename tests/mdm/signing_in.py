"""Signing in as a browser does, and the parts that stand around it."""

import time
from typing import Final, cast

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from tests.factories import PASSWORD

LOGIN: Final = "/accounts/login/"
CODE: Final = "/accounts/second-factor/code/"


def sign_in(client: Client, username: str, password: str = PASSWORD, **more: str) -> HttpResponse:
    """Send the form of the log-in."""
    sent = {"login": username, "password": password}
    return cast("HttpResponse", client.post(LOGIN, sent, **more))  # type: ignore[arg-type]  # headers


def is_in(client: Client) -> bool:
    """Whether the browser may see the front page of the admin."""
    return client.get("/admin/").status_code == 200


def with_second_factor(user: User) -> str:
    """Give somebody an authenticator app; its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def code_of(secret: str, *, later: int = 0) -> str:
    """The code that the app shows now, or so many half minutes later."""
    code: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))
    return code
