"""Keys by which programs are known to the API."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models import SourceSystem
from golden_records.models.history import ChangeColumns


class ApiKey(models.Model):
    """A program's key: only its digest is kept. Bound to scopes and, where `source` is set, to that source's records."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    source = models.ForeignKey(SourceSystem, models.PROTECT, null=True, blank=True, related_name="+")
    scopes = models.JSONField(_("scopes"))
    created_at = models.DateTimeField(_("created"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    history = HistoricalRecords(bases=[ChangeColumns])

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("name",)

    def __str__(self) -> str:
        """Name the key."""
        return self.name
