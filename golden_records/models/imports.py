"""Imports of files, and the rows that could not be taken."""

from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.golden import new_canonical_id
from golden_records.models.history import ChangeColumns
from golden_records.models.sources import SourceSystem
from golden_records.saying import named
from golden_records.shielding import Shielded


class ImportState(models.TextChoices):
    """How far an import is."""

    RUNNING = "running", _("running")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")


class ImportJob(models.Model):
    """One file, or one call with many records, taken in: how far it got (so that it can go on after a crash) and what became of its rows.

    received = created + updated + unchanged + stale + quarantined + refused + suppressed, always; of what was refused, or was erased
    before and is not to come back (suppressed), nothing is kept, and its sender was told so. A call has no `source` and no `entity`:
    each record names its own. `public_id` is its name outside. While it runs, `worker` holds it until `lease_until`; `attempt` counts
    who took it, and fences off one that was thought dead.
    """

    public_id = models.UUIDField(_("id"), unique=True, default=new_canonical_id, editable=False)
    source = models.ForeignKey(SourceSystem, models.PROTECT, null=True, blank=True, related_name="imports")
    entity = models.CharField(_("entity type"), max_length=30, blank=True)
    file_name = models.CharField(_("file"), max_length=300)
    file_digest = models.CharField(_("file digest"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=ImportState.choices, default=ImportState.RUNNING)
    rows_done = models.PositiveBigIntegerField(_("rows done"), default=0)
    created = models.PositiveBigIntegerField(_("created"), default=0)
    updated = models.PositiveBigIntegerField(_("updated"), default=0)
    unchanged = models.PositiveBigIntegerField(_("unchanged"), default=0)
    stale = models.PositiveBigIntegerField(_("older than stored"), default=0)
    quarantined = models.PositiveBigIntegerField(_("quarantined"), default=0)
    refused = models.PositiveBigIntegerField(_("refused"), default=0)
    suppressed = models.PositiveBigIntegerField(_("erased before"), default=0)
    actor = models.CharField(_("actor"), max_length=200)
    attempt = models.PositiveIntegerField(_("attempt"), default=1)
    worker = models.CharField(_("worker"), max_length=120, default="", blank=True)
    lease_until = models.DateTimeField(_("lease"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="")

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-id",)
        indexes = (models.Index("source", "entity", "file_digest", name="import_of_a_file"),)
        constraints = (
            models.UniqueConstraint(
                fields=("source", "entity", "file_digest"),
                name="a_file_is_imported_once_at_a_time",
                condition=Q(state=ImportState.RUNNING),
            ),
        )

    def __str__(self) -> str:
        """Name the file and where it came from."""
        return " · ".join(str(part) for part in (self.file_name, self.source, named(self.entity)) if part)


class QuarantineState(models.TextChoices):
    """What became of a row that could not be taken."""

    OPEN = "open", _("open")
    REPLAYED = "replayed", _("replayed")
    DISMISSED = "dismissed", _("dismissed")


class QuarantinedRow(Shielded):
    """A row that could not be taken: the row as sent, and what is wrong with it; mended and replayed by a steward.

    `problems` is a list of {"field", "value", "reason", "remedy"}. `row_number` counts from 1 without the header
    and is empty for what came by the API. `fingerprint` tells whether the same was kept before, so that a file which
    is imported twice fills the quarantine once, and what a steward dealt with does not come back.
    """

    shielded_as = "quarantined"

    source = models.ForeignKey(SourceSystem, models.PROTECT, related_name="quarantined_rows")
    entity = models.CharField(_("entity type"), max_length=30)
    job = models.ForeignKey(ImportJob, models.PROTECT, null=True, blank=True, related_name="quarantined_rows")
    row_number = models.PositiveBigIntegerField(_("row"), null=True, blank=True)
    external_id = models.CharField(_("external id"), max_length=200, blank=True, default="")
    payload = models.JSONField(_("as sent"), encoder=DjangoJSONEncoder)
    payload_is_mapped = models.BooleanField(
        _("in the data dictionary's names"), default=False, help_text=_("Else in the source's own columns.")
    )
    problems = models.JSONField(_("problems"))
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    source_updated_at = models.DateTimeField(_("changed in the source"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=QuarantineState.choices, default=QuarantineState.OPEN)
    quarantined_at = models.DateTimeField(_("quarantined"))
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("source_id", "entity", "job_id", "row_number", "state")

    class Meta:
        verbose_name = _("quarantined row")
        verbose_name_plural = _("quarantine")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("job", "row_number"), name="a_row_is_quarantined_once", condition=Q(job__isnull=False)),
            models.UniqueConstraint(fields=("source", "entity", "fingerprint"), name="the_same_is_kept_once"),
        )

    def __str__(self) -> str:
        """Name the row by file and number, or by its id."""
        return f"{self.source} {named(self.entity)} {self.external_id or self.row_number or ''}".strip()
