"""The reports there are: a table, and who may see which."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from golden_records.entities import ENTITIES
from golden_records.errors import MdmError
from golden_records.limits import personal_permission
from matching.reports.agreement import AGREEMENT
from matching.reports.asking import Report
from matching.reports.changes import CHANGES
from matching.reports.decisions import DECISIONS
from matching.reports.dossier import DOSSIER
from matching.reports.merges import MERGES
from matching.reports.overrides import OVERRIDES
from matching.reports.readings import READINGS

MAY: Final = "matching.view_reportjob"
"""Needed for any report, beside the permissions of the report itself: to make one changes nothing but that it is there."""

SEES_PERSONS: Final = (
    "golden_records.view_goldencustomer",
    "golden_records.view_goldenproject",
    *map(personal_permission, ENTITIES),
)
SEES_READINGS: Final = ("golden_records.view_auditentry",)

REPORTS: Final[Mapping[str, Report]] = MappingProxyType(
    {report.name: report for report in (CHANGES, MERGES, DECISIONS, AGREEMENT, OVERRIDES, READINGS, DOSSIER)}
)


class UnknownReport(MdmError):
    """There is no such report, or not for whoever asks."""

    code = "unknown_report"
    title = "Unknown report"


def report(name: str) -> Report:
    """Find a report; raises `UnknownReport`, which lists those there are."""
    try:
        return REPORTS[name]
    except KeyError:
        message = f"There is no report '{name[:60]}'."
        raise UnknownReport(message, remedy=f"Use one of: {', '.join(REPORTS)}.", report=name[:60]) from None


def reports_for(has_permission: Callable[[str], bool]) -> list[Report]:
    """Give the reports that somebody with these permissions may see."""
    if not has_permission(MAY):
        return []
    return [each for each in REPORTS.values() if all(map(has_permission, each.permissions))]
