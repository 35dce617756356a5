"""Which roles of people there are, and what each may do: Django's groups and permissions, as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from golden_records.limits import SOURCE_OWNERS

STEWARDS: Final = "data steward"
LEAD_STEWARDS: Final = "lead steward"
AUDITORS: Final = "auditor"
ADMINISTRATORS: Final = "administrator"

Rights = Mapping[str, tuple[str, ...]]
"""Actions, each with the models that it may be done to."""

_SEEN: Final = (
    "golden_records.goldencustomer",
    "golden_records.goldenproject",
    "golden_records.customerrecord",
    "golden_records.projectrecord",
    "golden_records.mergereceipt",
    "golden_records.movereceipt",
    "golden_records.override",
    "golden_records.survivorshipversion",
    "golden_records.changeevent",
    "golden_records.quarantinedrow",
    "golden_records.importjob",
    "golden_records.sourcesystem",
    "golden_records.sourcemapping",
    "matching.reviewtask",
    "matching.judgement",
    "matching.matchrun",
    "matching.matchconfigversion",
    "matching.qualityreport",
    "matching.reportjob",
)
_CHANGED: Final = (
    "golden_records.mergereceipt",
    "golden_records.movereceipt",
    "golden_records.override",
    "golden_records.endorsement",
    "golden_records.quarantinedrow",
    "matching.reviewtask",
)
_MADE: Final = (
    "golden_records.mergereceipt",
    "golden_records.movereceipt",
    "golden_records.override",
    "golden_records.endorsement",
    "golden_records.customerrecord",
    "golden_records.projectrecord",
    "matching.checksample",
    "matching.qualityreport",
)

_SET_UP: Final = ("matching.foureyesrule", "matching.reasoncode")
"""How stewards work together."""

_AUDITED: Final = (
    *_SEEN,
    *_SET_UP,
    "golden_records.auditentry",
    "golden_records.webhooksubscription",
    "golden_records.accesslimit",
    "api.apikey",
    "auth.user",
    "auth.group",
    "axes.accessattempt",
    "axes.accessfailurelog",
)
_OF_SOURCES: Final = (
    "golden_records.goldencustomer",
    "golden_records.goldenproject",
    "golden_records.customerrecord",
    "golden_records.projectrecord",
    "golden_records.changeevent",
    "golden_records.quarantinedrow",
    "golden_records.importjob",
    "golden_records.sourcesystem",
    "golden_records.sourcemapping",
)
_PERSONS: Final = ("golden_records.customer", "golden_records.project")
"""The entity types whose personal attributes may be seen."""

EVERYTHING: Final = ("golden_records", "matching", "api", "auth", "axes")
"""The applications of which an administrator may do all."""

_STEWARDING: Final[Rights] = {"view": _SEEN, "view_personal_data": _PERSONS, "add": _MADE, "change": _CHANGED}

ROLES: Final[Mapping[str, Rights]] = {
    STEWARDS: _STEWARDING,
    LEAD_STEWARDS: {
        **_STEWARDING,
        "view": (*_SEEN, *_SET_UP),
        "add": (*_MADE, *_SET_UP),
        "change": (*_CHANGED, *_SET_UP),
        "publish": ("golden_records.survivorshipversion", "matching.matchconfigversion"),
        "overrule": ("matching.foureyesrule",),
    },
    AUDITORS: {"view": _AUDITED, "view_personal_data": _PERSONS},
    SOURCE_OWNERS: {
        "view": _OF_SOURCES,
        "view_personal_data": _PERSONS,
        "add": ("golden_records.sourcemapping",),
        "change": ("golden_records.quarantinedrow", "golden_records.sourcemapping"),
    },
    ADMINISTRATORS: {"*": EVERYTHING},
}
"""Of each role, what it may view, make and change: to change a review task is to decide it, a merge or a move to undo it, an override to
end it; to make a mark of a golden record is to confirm it, to change it to take that back. "*" is every permission of an application."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What a role lacks of the table, as "app.codename" in their order; `is_there`: its group is."""

    role: str
    is_there: bool
    missing: tuple[str, ...]


def ensure_groups() -> list[Group]:
    """Make the groups that are missing, with their permissions; a group that exists is left as people made it.

    To be called after migrations, which make the permissions.
    """
    return [_group(name) for name in ROLES]


def lacking() -> list[Lack]:
    """Say what each role lacks: after an upgrade, of a group that was made before; those that lack nothing are left out."""
    groups = {group.name: group for group in Group.objects.filter(name__in=ROLES).prefetch_related("permissions")}
    found = []
    for name, rights in ROLES.items():
        held = {permission.pk for permission in groups[name].permissions.all()} if name in groups else set[int]()
        missing = [permission for permission in _wanted(rights) if permission.pk not in held]
        if missing or name not in groups:
            found.append(Lack(name, name in groups, tuple(sorted(_named(missing)))))
    return found


def grant(roles: Sequence[str]) -> None:
    """Give roles what they lack of the table; what people added to their groups stays."""
    for name in roles:
        group, _is_new = Group.objects.get_or_create(name=name)
        group.permissions.add(*_wanted(ROLES[name]))


def _named(permissions: Sequence[Permission]) -> list[str]:
    return [f"{permission.content_type.app_label}.{permission.codename}" for permission in permissions]


def _group(name: str) -> Group:
    group, is_new = Group.objects.get_or_create(name=name)
    if is_new:
        group.permissions.set(_wanted(ROLES[name]))
    return group


def _wanted(rights: Rights) -> QuerySet[Permission]:
    wanted = Q(pk__in=())
    for action, models in rights.items():
        for model in models:
            app, _dot, name = model.partition(".")
            wanted |= Q(content_type__app_label=app) & (Q() if action == "*" else Q(codename=f"{action}_{name}"))
    return Permission.objects.filter(wanted).select_related("content_type")
