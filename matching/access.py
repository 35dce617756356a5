"""Which groups of people there are, and what each may do: Django's permissions, as a table."""

from collections.abc import Mapping
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

STEWARDS: Final = "data steward"
AUDITORS: Final = "auditor"

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
    "matching.reportjob",
)
_CHANGED: Final = (
    "golden_records.mergereceipt",
    "golden_records.movereceipt",
    "golden_records.override",
    "golden_records.quarantinedrow",
    "matching.reviewtask",
)
_MADE: Final = (
    "golden_records.mergereceipt",
    "golden_records.movereceipt",
    "golden_records.override",
    "golden_records.customerrecord",
    "golden_records.projectrecord",
)

_AUDITED: Final = (*_SEEN, "golden_records.auditentry", "golden_records.webhooksubscription", "api.apikey", "auth.user", "auth.group")

GROUPS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    STEWARDS: {"view": _SEEN, "add": _MADE, "change": _CHANGED},
    AUDITORS: {"view": _AUDITED},
}
"""Of each group, what it may view, make and change: to change a review task is to decide it, a merge or a
move to undo it, an override to end it."""


def ensure_groups() -> list[Group]:
    """Make the groups that are missing, with their permissions; a group that exists is left as people made it.

    To be called after migrations, which make the permissions.
    """
    return [_group(name) for name in GROUPS]


def _group(name: str) -> Group:
    group, is_new = Group.objects.get_or_create(name=name)
    if is_new:
        group.permissions.set(Permission.objects.filter(_wanted(GROUPS[name])))
    return group


def _wanted(rights: Mapping[str, tuple[str, ...]]) -> Q:
    wanted = Q(pk__in=())
    for action, models in rights.items():
        for model in models:
            app, name = model.split(".")
            wanted |= Q(content_type__app_label=app, codename=f"{action}_{name}")
    return wanted
