"""What stewards say of golden records as a whole: that they looked at one and that it is right."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns
from golden_records.saying import named


class Endorsement(models.Model):
    """The mark "confirmed": what was last said of one canonical id, that it is right (`stands`) or that this no longer holds.

    It stays with its canonical id, through merges and their undoing, splits and moves, and counts for whatever answers for that id.
    `version` is that of the golden record which was looked at. Written by `golden_records.endorsing` alone. Not a `Confirmation`, by which
    a source says that its record is as it was.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    golden_id = models.UUIDField(_("canonical id"), db_index=True)
    stands = models.BooleanField(pgettext_lazy("of a golden record", "confirmed"))
    version = models.PositiveIntegerField(_("as it was at version"))
    reason = models.TextField(_("reason"))
    owner = models.CharField(_("said by"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    said_at = models.DateTimeField(_("said"))
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("entity", "golden_id", "stands", "version")

    class Meta:
        verbose_name = _("mark of a golden record")
        verbose_name_plural = _("marks of golden records")
        ordering = ("entity", "golden_id")
        constraints = (models.UniqueConstraint(fields=("entity", "golden_id"), name="one_endorsement_per_canonical_id"),)

    def __str__(self) -> str:
        """Name the golden record."""
        return f"{named(self.entity)} {self.golden_id}"
