"""Reports that somebody asked for, and the files that came of it, which are kept for a while."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ReportState(models.TextChoices):
    """How far a report is. EXPIRED: it was made, and its file is gone."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("expired")


class ReportFormat(models.TextChoices):
    """What a report is written as."""

    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("spreadsheet (XLSX)")
    HTML = "html", _("page to print")


class ReportJob(models.Model):
    """One report that was asked for; the row is the queue. Taken by a worker through a lease, and `attempt` fences one thought dead.

    `parameters` are as they were asked for, `with_values` whether whoever asked may see values of persons; `rows_expected` is counted
    when the work begins; `golden_ids` are the golden records that the file names, a thousand at most. Written by
    `matching.reports.jobs` alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.CharField(_("report"), max_length=40)
    format = models.CharField(_("format"), max_length=5, choices=ReportFormat.choices)
    parameters = models.JSONField(_("parameters"), default=dict)
    with_values = models.BooleanField(_("with personal data"))
    with_readings = models.BooleanField(_("with who read it"))
    state = models.CharField(_("state"), max_length=10, choices=ReportState.choices, default=ReportState.QUEUED)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    lease_until = models.DateTimeField(_("lease"), null=True, blank=True)
    rows_expected = models.PositiveIntegerField(_("rows expected"), null=True, blank=True)
    rows_done = models.PositiveIntegerField(_("rows"), default=0)
    size = models.PositiveBigIntegerField(_("bytes"), null=True, blank=True)
    golden_ids = models.JSONField(_("golden records"), null=True, blank=True)
    actor = models.CharField(_("asked by"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    language = models.CharField(_("language"), max_length=10, default="en")
    created_at = models.DateTimeField(_("asked"))
    finished_at = models.DateTimeField(_("made"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="")

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ("-created_at", "id")
        indexes = (
            models.Index(fields=("actor", "-created_at"), name="reports_of_an_actor"),
            models.Index("created_at", name="reports_that_wait", condition=Q(state__in=("queued", "running"))),
            models.Index("expires_at", name="reports_that_expire", condition=Q(state="completed")),
        )

    def __str__(self) -> str:
        """Name the report."""
        return f"{self.report} {self.format}"


class ReportPart(models.Model):
    """A piece of a report's file, in the order of `number`. In the database, so that whoever serves it need not be who made it."""

    job = models.ForeignKey(ReportJob, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("job", "number"), name="part_of_a_report"),)

    def __str__(self) -> str:
        """Name report and number."""
        return f"{self.job_id}/{self.number}"
