"""Too many attempts: who is locked out, the page that says so, and letting somebody try again."""

from typing import Any

from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from golden_records import auditing
from golden_records.auditing import Deed
from golden_records.change import Change
from golden_records.models import AuditAction


def credentials_of(user: User) -> dict[str, str]:
    """Name somebody as attempts are counted."""
    return {"username": user.get_username()}


def locked_out(request: HttpRequest, original: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    """Give the page for who tried too often. It is the same whether or not there is such a person."""
    del original, credentials
    minutes = max(1, round(settings.AXES_COOLOFF_TIME.total_seconds() / 60))
    response = render(request, "account/locked.html", {"minutes": minutes}, status=429)
    response.headers["Retry-After"] = str(minutes * 60)
    return response


def is_locked(attempt: AccessAttempt) -> bool:
    """Whether an attempt has failed as often as it may."""
    return bool(attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT)


def unlock(username: str, *, change: Change) -> int:
    """Forget the failed attempts on a username, from everywhere; the audit log keeps who did it. Gives how many there were."""
    count: int = reset(username=username)
    auditing.tell(Deed(AuditAction.CHANGED, "user", username, {"what": "unlocked"}), change=change)
    return count
