"""What becomes of people: log-ins and refusals, roles and rights, kept in the audit log, which nobody rewrites."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser, Permission, User

from golden_records import auditing
from golden_records.auditing import Deed
from golden_records.change import Change
from golden_records.models import AuditAction

_FLAGS: Final = ("is_active", "is_staff", "is_superuser")
_LONGEST_NAME: Final = 150

Standing = Mapping[str, Any]


def standing_of(user: User) -> Standing:
    """Give what somebody is and may do: flags, roles (groups) and permissions of their own, by name."""
    permissions = user.user_permissions.select_related("content_type")
    return {
        **{name: getattr(user, name) for name in _FLAGS},
        "roles": sorted(user.groups.values_list("name", flat=True)),
        "permissions": sorted(_codes(permissions)),
    }


def tell_of_standing(user: User, *, before: Standing | None, change: Change) -> None:
    """Keep that somebody was made (`before` is None), or which of their flags, roles and permissions changed, if any."""
    after = standing_of(user)
    changed = {name: value for name, value in after.items() if before is None or before[name] != value}
    if not changed:
        return
    content = changed if before is None else {name: {"before": before[name], "after": value} for name, value in changed.items()}
    action = AuditAction.CREATED if before is None else AuditAction.CHANGED
    auditing.tell(Deed(action, "user", user.get_username(), content), change=change)


def tell_of_removal(user: User, *, change: Change) -> None:
    """Keep that somebody's log-in was removed."""
    auditing.tell(Deed(AuditAction.DELETED, "user", user.get_username(), {}), change=change)


def permissions_of(permissions: Any) -> frozenset[str]:
    """Give permissions by name, "app.codename"."""
    return frozenset(_codes(permissions.select_related("content_type")))


def tell_of_group(name: str, *, granted: Sequence[str], withdrawn: Sequence[str], change: Change) -> None:
    """Keep which permissions a group was given or lost."""
    if granted or withdrawn:
        content = {"granted": sorted(granted), "withdrawn": sorted(withdrawn)}
        auditing.tell(Deed(AuditAction.CHANGED, "group", name, content), change=change)


def tell_of_sign_in(user: User, way: str) -> None:
    """Keep that somebody signed in, and how: by password, or by the provider that is configured."""
    _tell(AuditAction.SIGNED_IN, user.get_username(), {"way": way}, by=user)


def tell_of_sign_out(user: User) -> None:
    """Keep that somebody signed out."""
    _tell(AuditAction.SIGNED_OUT, user.get_username(), {}, by=user)


def tell_of_refusal(username: str, why: str, address: str | None) -> None:
    """Keep that somebody who called themself `username` was not let in. Nothing of the password is kept."""
    name = username[:_LONGEST_NAME]
    _tell(AuditAction.REFUSED, name, {"why": why, "address": address}, by=AnonymousUser())


def tell_of_second_factor(user: User, what: str, *, change: Change) -> None:
    """Keep that a second factor was enrolled, removed or reset, and by whom."""
    auditing.tell(Deed(AuditAction.CHANGED, "second factor", user.get_username(), {"what": what}), change=change)


def _tell(action: AuditAction, subject: str, content: Mapping[str, Any], *, by: User | AnonymousUser) -> None:
    actor = f"steward:{by.get_username()}" if isinstance(by, User) else "somebody"
    auditing.tell(Deed(action, "user", subject, content), change=Change(actor=actor, reason="", user_id=by.pk))


def _codes(permissions: Any) -> list[str]:
    found: list[Permission] = list(permissions)
    return [f"{each.content_type.app_label}.{each.codename}" for each in found]
