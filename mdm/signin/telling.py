"""What happens at the sign-in is told to the audit log."""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from golden_records import people
from golden_records.change import Change
from mdm.signin.addresses import client_address
from mdm.signin.middleware import SEEN


def connect() -> None:
    """Listen; to be called once, when the applications are loaded."""
    user_logged_in.connect(_begun, dispatch_uid="mdm-signed-in")
    user_logged_out.connect(_ended, dispatch_uid="mdm-signed-out")
    user_login_failed.connect(_failed, dispatch_uid="mdm-refused")
    for signal, what in ((authenticator_added, "enrolled"), (authenticator_removed, "removed"), (authenticator_reset, "made anew")):
        signal.connect(_factor(what), weak=False, dispatch_uid=f"mdm-second-factor-{what}")


def _begun(request: HttpRequest | None = None, **_told: Any) -> None:
    """Begin the time in which a session may be idle; that somebody signed in is told by the adapter, after every step of it."""
    session = getattr(request, "session", None)
    if session is not None:
        session[SEEN] = int(time.time())


def _ended(user: User | None = None, **_told: Any) -> None:
    if isinstance(user, User):
        people.tell_of_sign_out(user)


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_told: Any) -> None:
    why = "too many attempts" if getattr(request, "axes_locked_out", False) else "wrong username, password or code"
    people.tell_of_refusal(str(credentials.get("username") or ""), why, client_address(request) if request is not None else None)


def _factor(what: str) -> Any:
    def tell(request: HttpRequest, user: User, authenticator: Authenticator, **_told: Any) -> None:
        del request
        words = f"{'recovery codes' if authenticator.type == Authenticator.Type.RECOVERY_CODES else 'authenticator app'} {what}"
        by = Change(actor=f"steward:{user.get_username()}", reason="", user_id=user.pk)
        people.tell_of_second_factor(user, words, change=by)

    return tell
