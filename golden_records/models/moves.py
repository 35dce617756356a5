"""Receipts of source records that were moved by hand: split off, or put into another golden record."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns


class MoveKind(models.TextChoices):
    """SPLIT: the records were given a golden record of their own. MOVE: they went to one that there was."""

    SPLIT = "split", _("split")
    MOVE = "move", _("move")


class MoveReceipt(models.Model):
    """What a split or a move by hand did, so that it can be taken back: which source records left which golden record for which.

    `set_aside` are the ids of earlier judgements that gave way to it, and that stand again where it is undone.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    kind = models.CharField(_("kind"), max_length=10, choices=MoveKind.choices)
    from_id = models.UUIDField(_("left"), db_index=True)
    to_id = models.UUIDField(_("joined"), db_index=True)
    moved_record_ids = models.JSONField(_("source records moved"))
    set_aside = models.JSONField(_("earlier judgements set aside"), default=list)
    moved_by = models.CharField(_("moved by"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(_("reason"))
    moved_at = models.DateTimeField(_("moved"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("entity", "kind", "from_id", "to_id", "undone_at")

    class Meta:
        verbose_name = _("split or move")
        verbose_name_plural = _("splits and moves")
        ordering = ("-id",)

    def __str__(self) -> str:
        """Say what went where."""
        return f"{self.from_id} → {self.to_id}"
