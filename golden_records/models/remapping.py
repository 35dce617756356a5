"""Ways through the stored records of a source under another mapping: to see what it would change, or to change it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from golden_records.models.sources import SourceMapping


class MappingRunKind(models.TextChoices):
    """REHEARSAL: what a mapping would change, written nowhere. REREAD: stored records are read again by the mapping in force."""

    REHEARSAL = "rehearsal", _("rehearsal")
    REREAD = "reread", _("read again")


class MappingRunState(models.TextChoices):
    """Whether there is more to look at."""

    RUNNING = "running", _("running")
    COMPLETED = "completed", _("completed")


class MappingRun(models.Model):
    """A way through all stored records of a source that a mapping had read, in the order of ids.

    `cursor` is the last record that was looked at. Of `looked_at` records `differing` come out otherwise, `attributes` by attribute,
    `rejected` could not be taken any more and stay as they are, and `others` were not read by a mapping. `examples` names some that differ,
    by id alone. Written by `golden_records.remapping` alone.
    """

    mapping = models.ForeignKey(SourceMapping, models.PROTECT, related_name="runs")
    kind = models.CharField(_("kind"), max_length=10, choices=MappingRunKind.choices)
    document = models.JSONField(_("mapping"))
    state = models.CharField(_("state"), max_length=10, choices=MappingRunState.choices, default=MappingRunState.RUNNING)
    cursor = models.BigIntegerField(_("looked at up to"), default=0)
    looked_at = models.PositiveIntegerField(_("looked at"), default=0)
    differing = models.PositiveIntegerField(_("come out otherwise"), default=0)
    rejected = models.PositiveIntegerField(_("could not be taken"), default=0)
    others = models.PositiveIntegerField(_("not read by a mapping"), default=0)
    attributes = models.JSONField(_("by attribute"), default=dict)
    examples = models.JSONField(_("examples"), default=list)
    actor = models.CharField(_("actor"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("begun"))
    finished_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        verbose_name = _("mapping run")
        verbose_name_plural = _("mapping runs")
        ordering = ("-id",)
        indexes = (models.Index(fields=("id",), name="mapping_run_running", condition=models.Q(state="running")),)

    def __str__(self) -> str:
        """Name the run."""
        return f"{self.kind} {self.pk}"
