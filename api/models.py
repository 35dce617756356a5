"""Keys by which programs are known to the API, and the answers that they were given."""

from typing import ClassVar

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

    audited: ClassVar = ("name", "source_id", "scopes", "revoked_at")

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("name",)

    def __str__(self) -> str:
        """Name the key."""
        return self.name


class IdempotencyKey(models.Model):
    """A request that was carried out under an `Idempotency-Key`, and its answer, to be given again.

    `client` is the name of the API key, which stands for one program for ever, so that the keys of two programs never meet.
    `fingerprint` tells whether the same was asked; what was asked is not kept, nor can it be guessed from the fingerprint.
    """

    client = models.CharField(_("client"), max_length=100)
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    headers = models.JSONField(_("headers"), null=True)
    body = models.BinaryField(_("body"), null=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = (models.UniqueConstraint(fields=("client", "key"), name="a_request_is_carried_out_once"),)
        indexes = (models.Index("created_at", name="idempotency_keys_by_age"),)

    def __str__(self) -> str:
        """Name program and key."""
        return f"{self.client} {self.key}"
