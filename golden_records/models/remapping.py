"""Ways through the stored records of a source under another mapping: to see what it would change, or to change it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from golden_records.models.sources import SourceMapping
from golden_records.models.stepwise import Stepwise


class MappingRunKind(models.TextChoices):
    """REHEARSAL: what a mapping would change, written nowhere. REREAD: stored records are read again by the mapping in force."""

    REHEARSAL = "rehearsal", _("rehearsal")
    REREAD = "reread", _("read again")


class MappingRun(Stepwise):
    """A way through all stored records of a source that a mapping had read, in the order of ids.

    `cursor` is the last record that was looked at. Of all, `rejected` could not be taken any more and stay as they are, and `others` were
    not read by a mapping. Written by `golden_records.remapping` alone.
    """

    mapping = models.ForeignKey(SourceMapping, models.PROTECT, related_name="runs")
    kind = models.CharField(_("kind"), max_length=10, choices=MappingRunKind.choices)
    document = models.JSONField(_("mapping"))
    cursor = models.BigIntegerField(_("looked at up to"), default=0)
    rejected = models.PositiveIntegerField(_("could not be taken"), default=0)
    others = models.PositiveIntegerField(_("not read by a mapping"), default=0)

    class Meta:
        verbose_name = _("mapping run")
        verbose_name_plural = _("mapping runs")
        ordering = ("-id",)
        indexes = (models.Index(fields=("id",), name="mapping_run_running", condition=models.Q(state="running")),)

    def __str__(self) -> str:
        """Name the run."""
        return f"{self.kind} {self.pk}"
