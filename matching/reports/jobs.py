"""Making reports: a small one at once, a large one by a worker, and the files, which are kept for a while. Written here alone.

The row is the queue. Whoever takes it has a lease, goes on renewing it, and is fenced by `attempt`: of two who make the same report, only
the one that holds the lease keeps its file. A report begins anew when its worker is lost; nothing of it is kept before it is whole.
"""

import io
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _t

from golden_records import auditing
from golden_records.auditing import Reading
from golden_records.authors import who
from golden_records.change import Change
from golden_records.errors import MdmError
from matching.models import ReportFormat, ReportJob, ReportPart, ReportState
from matching.reports.asking import AT_ONCE, Asking, Kind, Report, Row, as_written, read_parameters
from matching.reports.registry import report as known_report
from matching.reports.writers import WRITERS, Heading

SMALL: Final = 2_000
"""Rows up to which a report is made at once, while whoever asks waits."""
LEASE: Final = timedelta(seconds=120)
_ATTEMPTS: Final = 3
_KEEP_SECONDS: Final = 2.0
_PART: Final = 1 << 20
_NAMED: Final = 1_000
_KIND: Final = "report"


class UnknownReportJob(MdmError):
    """There is no such report, or somebody else asked for it."""

    code = "unknown_report_job"
    title = "Unknown report"


class ReportNotReady(MdmError):
    """The report is not made yet, could not be made, or its file is gone."""

    code = "report_not_ready"
    title = "There is no file"


class LostReport(Exception):
    """Another worker has taken the report over: this one stops."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: by name, as the log-in where it is a person; what they may see; and the language that they read."""

    actor: str
    user_id: int | None = None
    with_values: bool = False
    with_readings: bool = False
    language: str = "en"


def ask(report: Report, report_format: str, parameters: dict[str, Any], *, by: Asker) -> ReportJob:
    """Enter a report, and make it where it is small; else a worker does. Raises `InvalidParameters`, and what the report says of them."""
    values = read_parameters(report, parameters)
    asking = Asking(values, by.with_values, by.with_readings)
    is_small = report.count(asking, SMALL + 1) <= SMALL
    job = ReportJob.objects.create(
        report=report.name,
        format=ReportFormat(report_format),
        parameters=as_written(values),
        with_values=by.with_values and report.is_personal,
        with_readings=by.with_readings,
        actor=by.actor,
        user_id=by.user_id,
        language=by.language,
        created_at=timezone.now(),
    )
    return work_on(job.pk) if is_small else job


def waiting_reports() -> list[UUID]:
    """Give the reports that nobody works on: queued ones, and those whose worker let its lease go by."""
    lost = Q(state=ReportState.RUNNING, lease_until__lt=timezone.now())
    return list(ReportJob.objects.filter(Q(state=ReportState.QUEUED) | lost).order_by("created_at").values_list("pk", flat=True))


def work_on(job_id: UUID) -> ReportJob:
    """Take a report and make it. Does nothing where another worker holds it, or it is made."""
    job = _take(job_id)
    if job is None:
        return ReportJob.objects.get(pk=job_id)
    try:
        with tempfile.TemporaryFile() as out, translation.override(job.language):
            named = _write(job, out)
            _complete(job, out, named)
    except LostReport:
        pass
    except MdmError as error:
        _held(job).update(state=ReportState.FAILED, lease_until=None, error=error.message, finished_at=timezone.now())
    except Exception as error:
        # It gets another turn, and is left to a person once it has failed too often. No value of a row comes into the message.
        state = ReportState.FAILED if job.attempt >= _ATTEMPTS else ReportState.QUEUED
        _held(job).update(state=state, lease_until=None, error=type(error).__name__)
        raise
    job.refresh_from_db()
    return job


def own_job(job_id: UUID, *, actor: str) -> ReportJob:
    """Find a report that somebody asked for; raises `UnknownReportJob`."""
    found = ReportJob.objects.filter(pk=job_id, actor=actor).first()
    if found is None:
        message = f"There is no report {job_id}."
        raise UnknownReportJob(message, remedy="Use the address in the 'Location' of the answer that began it.", job=str(job_id))
    return found


def opened(job: ReportJob, *, change: Change) -> Iterator[bytes]:
    """Give the file of a report, piece by piece; of one that holds personal data, that it was read is kept. Raises `ReportNotReady`."""
    if job.state != ReportState.COMPLETED:
        message = f"The report is {job.get_state_display()}."
        remedy = "Ask again later." if job.state in (ReportState.QUEUED, ReportState.RUNNING) else "Ask for it anew."
        raise ReportNotReady(message, remedy=remedy, job=str(job.pk))
    if job.with_values:
        auditing.reading(_reading(job), change=change)
    return (bytes(part.content) for part in job.parts.iterator(chunk_size=4))


def forget_old() -> int:
    """Delete the files whose time is over; gives how many."""
    return expire(ReportJob.objects.filter(expires_at__lt=timezone.now()))


def expire(jobs: "models.QuerySet[ReportJob]") -> int:
    """Delete the files of these reports; the rows go on saying who asked for what."""
    with transaction.atomic():
        ids = list(jobs.filter(state=ReportState.COMPLETED).select_for_update().values_list("pk", flat=True))
        ReportPart.objects.filter(job_id__in=ids).delete()
        return ReportJob.objects.filter(pk__in=ids).update(state=ReportState.EXPIRED)


def make_anew(jobs: "models.QuerySet[ReportJob]") -> int:
    """Let reports that are being made begin anew: what their workers have read is not kept."""
    return jobs.filter(state=ReportState.RUNNING).update(state=ReportState.QUEUED, attempt=F("attempt") + 1, lease_until=None)


def heading_of(job: ReportJob, report: Report) -> Heading:
    """Say what stands above the rows."""
    labels = {parameter.name: parameter for parameter in report.parameters}
    asked = []
    for name, value in job.parameters.items():
        parameter = labels[name]
        words = str(parameter.choices().get(value, value)) if parameter.choices is not None else value
        asked.append((str(parameter.title), words))
    if not {"since", "until"} & job.parameters.keys() and "since" in labels:
        asked.insert(0, (_t("Period"), _t("all there is")))
    if report.is_personal and not job.with_values:
        asked.append((_t("Left out"), _t("columns that may hold personal data")))
    return Heading(str(report.title), asked, who(job.actor), timezone.now())


def _take(job_id: UUID) -> ReportJob | None:
    now = timezone.now()
    free = Q(state=ReportState.QUEUED) | Q(state=ReportState.RUNNING, lease_until__lt=now)
    taken = ReportJob.objects.filter(free, pk=job_id).update(
        state=ReportState.RUNNING, attempt=F("attempt") + 1, lease_until=now + LEASE, rows_done=0
    )
    return ReportJob.objects.get(pk=job_id) if taken else None


def _held(job: ReportJob) -> "models.QuerySet[ReportJob]":
    return ReportJob.objects.filter(pk=job.pk, attempt=job.attempt, state=ReportState.RUNNING)


def _write(job: ReportJob, out: IO[bytes]) -> set[str]:
    """Write the file, telling how far it is; gives the golden records that it names, as many as are kept."""
    report = known_report(job.report)
    asking = Asking(read_parameters(report, job.parameters), job.with_values or not report.is_personal, job.with_readings)
    _keep(job, rows_expected=report.count(asking, 10**9))
    columns = report.shown(asking)
    named: set[str] = set()
    ids = [number for number, column in enumerate(columns) if column.kind is Kind.CANONICAL_ID]
    rows = _counted(job, report.pages(asking), (ids, named))
    WRITERS[job.format](out, heading_of(job, report), columns, rows)
    return named


def _counted(job: ReportJob, rows: Iterator[Row], naming: tuple[list[int], set[str]]) -> Iterator[Row]:
    ids, named = naming
    told_at = time.monotonic()
    number = 0
    for number, row in enumerate(rows, start=1):
        if len(named) < _NAMED:
            named.update(str(row[place]) for place in ids if row[place] is not None)
        if number % AT_ONCE == 0 and time.monotonic() - told_at > _KEEP_SECONDS:
            _keep(job, rows_done=number)
            told_at = time.monotonic()
        yield row
    _keep(job, rows_done=number)


def _keep(job: ReportJob, **fields: object) -> None:
    """Renew the lease, with how far it is. Raises `LostReport` where it is somebody else's."""
    if _held(job).update(lease_until=timezone.now() + LEASE, **fields) != 1:
        raise LostReport


def _complete(job: ReportJob, out: IO[bytes], named: set[str]) -> None:
    now = timezone.now()
    size = out.seek(0, io.SEEK_END)
    out.seek(0)
    with transaction.atomic():
        done = {"state": ReportState.COMPLETED, "lease_until": None, "error": "", "finished_at": now, "size": size}
        expires = now + timedelta(hours=settings.REPORTS_KEPT_HOURS)
        if _held(job).update(**done, expires_at=expires, golden_ids=sorted(named)) != 1:
            raise LostReport
        ReportPart.objects.filter(job=job).delete()
        for number, content in enumerate(iter(lambda: out.read(_PART), b"")):
            ReportPart.objects.create(job=job, number=number, content=content)
        if job.with_values:
            job.refresh_from_db()
            made = Change(
                actor=job.actor, reason="a report was made", user_id=job.user_id, correlation_id=f"report-{job.pk.hex[:24]}", at=now
            )
            auditing.reading(_reading(job), change=made)


def _reading(job: ReportJob) -> Reading:
    """Say what a report gives away: of one golden record's dossier, that it was read; of others, how much."""
    report = known_report(job.report)
    content = {"report": job.report, "format": job.format, "rows": job.rows_done, "job": str(job.pk), **job.parameters}
    attributes = [column.name for column in report.columns if column.personal]
    kind = job.parameters["entity"] if job.report == "dossier" else _KIND
    return Reading(kind, [UUID(each) for each in job.golden_ids or ()], attributes, content=content)
