"""Reports as somebody asks for them, and what is in the file."""

import csv
import io

from matching.models import ReportJob
from matching.reports import jobs
from matching.reports.jobs import Asker, opened
from matching.reports.registry import REPORTS
from tests.factories import a_change

ADA = Asker("steward:ada", with_values=True, with_readings=True)
BLIND = Asker("steward:blind")


def made(name: str, *, by: Asker = ADA, report_format: str = "csv", **parameters: str) -> ReportJob:
    return jobs.ask(REPORTS[name], report_format, parameters, by=by)


def rows_of(job: ReportJob) -> list[dict[str, str]]:
    content = b"".join(opened(job, change=a_change("read"))).decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


def rows(name: str, *, by: Asker = ADA, **parameters: str) -> list[dict[str, str]]:
    return rows_of(made(name, by=by, **parameters))
