"""Who acts through the admin."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from golden_records.change import Change
from golden_records.errors import MdmError
from golden_records.saying import said


def person(request: HttpRequest) -> User:
    """The person who is logged in. Raises `PermissionDenied` where nobody is."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def change_by(request: HttpRequest, reason: str) -> Change:
    """The change that a person makes through the admin, with its reason."""
    user = person(request)
    return Change(actor=f"steward:{user.get_username()}", reason=reason, user_id=user.pk)


def words_of(error: MdmError) -> str:
    """What went wrong and what to do about it, in the language of the page."""
    return f"{said(error.message)} {said(error.remedy)}".strip()
