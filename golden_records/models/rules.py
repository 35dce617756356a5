"""Survivorship rules as people published them, and what sources confirmed for the rules that ask for it."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns
from golden_records.models.stepwise import Stepwise, StepwiseState


class SurvivorshipVersion(models.Model):
    """One version of the survivorship rules of an entity type; the one with the greatest number is in force. Never changed after.

    Written by `golden_records.publishing` alone. Where an entity type has none, the rules that the product ships are in force.
    """

    # Never given to another version, so that what was read of one can be kept.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entity = models.CharField(_("entity type"), max_length=30)
    number = models.PositiveIntegerField(_("number"))
    version = models.CharField(_("version"), max_length=100)
    document = models.TextField(_("rules"))
    reason = models.TextField(_("reason"))
    author = models.CharField(_("author"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    published_at = models.DateTimeField(_("published"))
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("entity", "number", "version")

    class Meta:
        verbose_name = _("survivorship rules")
        verbose_name_plural = _("survivorship rules")
        ordering = ("entity", "-number")
        constraints = (models.UniqueConstraint(fields=("entity", "number"), name="one_survivorship_version_per_number"),)
        permissions = (("publish_survivorshipversion", "Can publish survivorship rules"),)

    def __str__(self) -> str:
        """Name the version as lineage does."""
        return self.version


class Confirmation(models.Model):
    """That a source sent a record again as it was. Written only for entity types whose rules ask for the last confirmation.

    `confirmed_at` is what survivorship reads, `noted_at` the newest word of the source, which is taken over by a worker together with
    all that follows of it (`golden_records.confirming`).
    """

    entity = models.CharField(_("entity type"), max_length=30)
    record_id = models.BigIntegerField(_("source record"))
    noted_at = models.DateTimeField(_("noted"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        constraints = (models.UniqueConstraint(fields=("entity", "record_id"), name="one_confirmation_per_record"),)
        indexes = (
            models.Index(
                fields=("entity", "id"),
                name="confirmation_to_be_taken",
                condition=models.Q(confirmed_at__isnull=True) | models.Q(noted_at__gt=models.F("confirmed_at")),
            ),
        )

    def __str__(self) -> str:
        """Name the record."""
        return f"{self.entity} {self.record_id}"


class RulesRunKind(models.TextChoices):
    """PREVIEW: what rules would change, written nowhere. REBUILD: golden records are brought up to rules that were published."""

    PREVIEW = "preview", _("preview")
    REBUILD = "rebuild", _("rebuild")


class RulesRun(Stepwise):
    """A way through all golden records of an entity type under survivorship rules, in the order of ids.

    `cursor` is the last golden record that was looked at. Written by `golden_records.publishing` alone.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=RulesRunKind.choices)
    entity = models.CharField(_("entity type"), max_length=30)
    document = models.TextField(_("rules"))
    cursor = models.UUIDField(_("looked at up to"), null=True)

    class Meta:
        verbose_name = _("survivorship run")
        verbose_name_plural = _("survivorship runs")
        ordering = ("-id",)
        indexes = (models.Index(fields=("id",), name="rules_run_running", condition=models.Q(state=StepwiseState.RUNNING)),)

    def __str__(self) -> str:
        """Name the run."""
        return f"{self.entity} {self.kind} {self.pk}"
