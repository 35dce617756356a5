"""The hierarchy of golden records: which one is the parent of which, and what was told of a parent and could not stand."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns


class ParentState(models.TextChoices):
    """What became of the parent that is told. NONE: none is told. UNKNOWN: its source has sent no such record, or that waits.

    GONE: it is retired without a successor, or erased. LOOP: it would be its own ancestor.
    """

    STANDS = "stands", _("stands")
    NONE = "none", _("no parent")
    UNKNOWN = "unknown", _("not known yet")
    GONE = "gone", _("no longer there")
    LOOP = "loop", _("would close a loop")


class ParentOrigin(models.TextChoices):
    """Whose word the parent is."""

    SOURCE = "source", _("source")
    STEWARD = "steward", _("steward")


class Parentage(models.Model):
    """What is known of the parent of one golden record that ever named one; written by `golden_records.hierarchy.settling` alone.

    `parent_id` is set where the parent stands. `record_id` is the source record that names it, `override_id` what a steward said; `loop`
    names, where it would close one, the golden records on it, this one first and last.

    It has no foreign keys: checking one would lock the golden record, and whoever writes here holds the lock that comes after those.
    """

    golden_id = models.UUIDField(_("canonical id"), primary_key=True)
    entity = models.CharField(_("entity type"), max_length=30)
    parent_id = models.UUIDField(_("parent"), null=True, db_index=True)
    state = models.CharField(_("state"), max_length=10, choices=ParentState.choices)
    origin = models.CharField(_("told by"), max_length=10, choices=ParentOrigin.choices, null=True)
    record_id = models.BigIntegerField(_("source record"), null=True)
    override_id = models.UUIDField(_("override"), null=True)
    loop = models.JSONField(_("loop"), null=True)
    updated_at = models.DateTimeField(_("changed"))
    history = HistoricalRecords(bases=[ChangeColumns])

    class Meta:
        verbose_name = _("parent")
        verbose_name_plural = _("parents")
        ordering = ("golden_id",)
        indexes = (
            models.Index(
                fields=("state", "golden_id"),
                name="parents_that_do_not_stand",
                condition=models.Q(state__in=("unknown", "gone", "loop")),
            ),
        )

    def __str__(self) -> str:
        """Say whose parent it is."""
        return f"{self.entity} {self.golden_id}"


class HierarchyProgress(models.Model):
    """Up to which place of the change feed the hierarchy of an entity type is settled; whoever changes it holds this row's lock."""

    entity = models.CharField(_("entity type"), max_length=30, primary_key=True)
    seq = models.BigIntegerField(_("place"), default=0)

    class Meta:
        verbose_name = _("progress of a hierarchy")
        verbose_name_plural = _("progress of hierarchies")

    def __str__(self) -> str:
        """Name the entity type."""
        return self.entity
