"""Source systems and how their own columns map to the data dictionary."""

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns
from golden_records.saying import named


class SourceSystem(models.Model):
    """A system that sends records, and how much its values are trusted."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=100)
    trust = models.PositiveSmallIntegerField(
        _("trust"),
        default=50,
        validators=[MaxValueValidator(100)],
        help_text=_("0 to 100; where survivorship goes by the most trusted source, the greater wins."),
    )
    country = models.CharField(_("country"), max_length=2, default="FR", help_text=_("Assumed where a record names no country."))
    owner = models.CharField(
        _("owner"), max_length=200, blank=True, default="", help_text=_("Who answers for its records: a person or a team.")
    )
    is_active = models.BooleanField(
        _("sends records"), default=True, help_text=_("Nothing more is taken from a source that does not; its records stay as they are.")
    )
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("code", "name", "trust", "country", "owner", "is_active")

    class Meta:
        verbose_name = _("source system")
        verbose_name_plural = _("source systems")
        ordering = ("code",)

    def __str__(self) -> str:
        """Name the source as people do."""
        return self.name


class SourceMapping(models.Model):
    """How one source's columns of one entity type map to the data dictionary; `document` as `mapping.py` reads it."""

    source = models.ForeignKey(SourceSystem, models.PROTECT, related_name="mappings")
    entity = models.CharField(_("entity type"), max_length=30)
    document = models.JSONField(_("mapping"))
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("source_id", "entity", "document")

    class Meta:
        verbose_name = _("mapping")
        verbose_name_plural = _("mappings")
        constraints = (models.UniqueConstraint(fields=("source", "entity"), name="one_mapping_per_source_and_entity"),)

    def __str__(self) -> str:
        """Name the mapping by what it joins."""
        return f"{self.source} · {named(self.entity)}"
