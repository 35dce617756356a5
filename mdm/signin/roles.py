"""Roles by what the provider says of somebody's groups: given and taken at each sign-in, and only those that the mapping names."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction

from golden_records import people
from golden_records.change import Change
from matching.access import ADMINISTRATORS, ensure_groups


def groups_claimed(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Give the names of groups in a claim, whichever way the provider writes it: a list, or one text. A dot leads into an object."""
    found: Any = claims
    for part in claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    return frozenset(str(each) for each in found) if isinstance(found, list | tuple) else frozenset()


@transaction.atomic
def follow_groups(user: User, claimed: Iterable[str], mapping: Mapping[str, str]) -> None:
    """Let somebody have the roles that their groups give, and no other role that a group could give; roles given by hand stay.

    Whoever has a role may open the admin; whoever has none may not. An administrator is no superuser: what the role may, they may.
    """
    ensure_groups()
    before = people.standing_of(user)
    given = {mapping[name] for name in claimed if name in mapping}
    known = {group.name: group for group in Group.objects.filter(name__in=set(mapping.values()))}
    user.groups.remove(*(group for name, group in known.items() if name not in given))
    user.groups.add(*(group for name, group in known.items() if name in given))
    is_staff = user.is_superuser or user.groups.exists()
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])
    change = Change(actor="command:sign-in", reason="the groups that the provider names", user_id=user.pk)
    people.tell_of_standing(user, before=before, change=change)


def needs_second_factor(user: User, roles: Iterable[str]) -> bool:
    """Whether one of the roles that must have a second factor is somebody's; a superuser is an administrator."""
    wanted = set(roles)
    if not wanted:
        return False
    return (user.is_superuser and ADMINISTRATORS in wanted) or user.groups.filter(name__in=wanted).exists()
