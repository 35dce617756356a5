"""The people who answer questions."""

from dataclasses import replace
from typing import Final

from django.contrib.auth.models import User
from django.db.models import QuerySet

from golden_records.change import Change

MAY_DECIDE: Final = "matching.change_reviewtask"
_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


def by_steward(user: User, reason: str, *, correlation_id: str = "") -> Change:
    """The change that a person makes; with `correlation_id`, as a part of something greater."""
    change = Change(actor=f"steward:{user.get_username()}", reason=reason, user_id=user.pk)
    return replace(change, correlation_id=correlation_id) if correlation_id else change


def colleagues() -> QuerySet[User]:
    """Those who may answer questions, by name."""
    allowed: QuerySet[User] = User.objects.with_perm(MAY_DECIDE, backend=_BACKEND)
    return allowed.order_by("username")
