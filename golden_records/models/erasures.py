"""Erasures: that what was said of somebody is gone for good, who asked for it and why, and what else had to be emptied."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class WhenSentAgain(models.TextChoices):
    """What becomes of a source record that was erased when its source sends it again.

    SUPPRESS: it is counted, and nothing of it is kept. NEW: it is taken as one that was never there.
    """

    SUPPRESS = "suppress", _("suppress it")
    NEW = "new", _("take it as new")


class Erasure(models.Model):
    """One erasure of a golden record with all its source records. Only ever inserted, by `golden_records.erasing`; it can't be undone.

    `golden_id` is the canonical id that answered, `other_ids` those that led to it; `counts` says how much each holder of personal
    data has erased. `reason` is kept for ever, and must not hold what is to be forgotten.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    golden_id = models.UUIDField(_("canonical id"), unique=True)
    other_ids = models.JSONField(_("earlier canonical ids"), default=list)
    when_sent_again = models.CharField(_("when sent again"), max_length=10, choices=WhenSentAgain.choices)
    counts = models.JSONField(_("erased"), default=dict)
    actor = models.CharField(_("erased by"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(_("reason"))
    correlation_id = models.CharField(_("correlation id"), max_length=40)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ("-id",)
        permissions = (("erase_golden_record", _("Can erase golden records, for good")),)

    def __str__(self) -> str:
        """Name what was erased."""
        return f"{self.entity} {self.golden_id}"


class EmptiedEntry(models.Model):
    """That an entry of the audit log was emptied, because it told of a golden record that was erased."""

    entry_id = models.BigIntegerField(primary_key=True)
    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="emptied_entries")

    class Meta:
        verbose_name = _("emptied audit entry")
        verbose_name_plural = _("emptied audit entries")

    def __str__(self) -> str:
        """Name the entry."""
        return str(self.entry_id)


class EmptiedEvent(models.Model):
    """That an event of a golden record that goes on was emptied, because it told of one that was erased."""

    event_id = models.BigIntegerField(primary_key=True)
    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="emptied_events")

    class Meta:
        verbose_name = _("emptied event")
        verbose_name_plural = _("emptied events")

    def __str__(self) -> str:
        """Name the event."""
        return str(self.event_id)
