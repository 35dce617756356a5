"""Asking for a report: a small one is made by the time this returns, and a worker is rung for a large one."""

from typing import Any

from matching.doorbell import ring
from matching.models import ReportJob, ReportState
from matching.reports import jobs
from matching.reports.asking import Report
from matching.reports.jobs import Asker
from matching.tasks import make_report


def ask_for(report: Report, report_format: str, parameters: dict[str, Any], *, by: Asker) -> ReportJob:
    """Do as `matching.reports.jobs.ask`, and tell a worker where one is needed."""
    job = jobs.ask(report, report_format, parameters, by=by)
    if job.state == ReportState.QUEUED:
        ring(make_report, str(job.pk))
    return job
