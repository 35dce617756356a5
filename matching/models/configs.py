"""The match configs, and the blocking keys that their rules give the records."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MatchConfigVersion(models.Model):
    """One version of an entity type's match config with the model learned under it; never changed once used.

    `author`, `reason` and `published_at` are of when it was last put in force, and empty where it never was.
    """

    audited: ClassVar = ("entity", "version", "is_active")

    entity = models.CharField(_("entity type"), max_length=30)
    version = models.CharField(_("version"), max_length=60)
    document = models.JSONField(_("config"))
    model = models.BinaryField(_("learned model"))
    is_active = models.BooleanField(_("active"), default=False)
    created_at = models.DateTimeField(_("created"))
    author = models.CharField(_("author"), max_length=200, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    class Meta:
        verbose_name = _("match config")
        verbose_name_plural = _("match configs")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("entity", "version"), name="match_config_version"),
            models.UniqueConstraint(fields=("entity",), condition=Q(is_active=True), name="one_active_match_config"),
        )
        permissions = (("publish_matchconfigversion", "Can rehearse and publish match configs"),)

    def __str__(self) -> str:
        """Name the entity type and the version."""
        return f"{self.entity}@{self.version}"


class BlockingKey(models.Model):
    """A key under which a record is found: records that share one are candidates. `key` is a stable 64-bit hash."""

    entity = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    rule = models.PositiveSmallIntegerField()
    key = models.BigIntegerField()

    class Meta:
        # Twelve keys a record: without the entity type, which a key is made of and few records share an id in, they are half as large.
        indexes = (
            models.Index("key", name="records_of_a_key"),
            models.Index("record_id", name="keys_of_a_record"),
        )

    def __str__(self) -> str:
        """Name rule and record."""
        return f"{self.entity} {self.record_id} rule {self.rule}"


class CommonKey(models.Model):
    """A blocking key that so many records share that it brings no candidates any more, and is not locked either.

    It stays so until a matching run, alone, looks again: two that write at once must not see it differently.
    """

    entity = models.CharField(max_length=30)
    rule = models.PositiveSmallIntegerField()
    key = models.BigIntegerField()
    since = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("entity", "key", "rule"), name="common_key"),)

    def __str__(self) -> str:
        """Name entity type and rule."""
        return f"{self.entity} rule {self.rule}"
