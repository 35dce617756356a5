"""Overrides (pins): what stewards say stands, with who, why and for how long."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns
from golden_records.saying import named
from golden_records.shielding import Shielded


class OverrideLife(models.TextChoices):
    """How long an override stands; the words of `golden_records.survivorship.pins.Life`."""

    UNTIL_ENDED = "until_ended", _("until it is ended by hand")
    UNTIL_DATE = "until_date", _("until a date")
    UNTIL_CHANGED = "until_changed", _("until the source changes")
    UNTIL_CONFIRMED = "until_confirmed", _("until the source confirms the value")


class OverrideState(models.TextChoices):
    """IN_FORCE: it stands. LAPSED: its life is over. ENDED: somebody ended it."""

    IN_FORCE = "in_force", _("in force")
    LAPSED = "lapsed", _("lapsed")
    ENDED = "ended", _("ended")


class OverrideEnd(models.TextChoices):
    """Why an override no longer stands; the words of `golden_records.survivorship.pins.LapseReason`, and BY_HAND."""

    DATE_PASSED = "date_passed", _("its date has passed")
    SOURCE_CHANGED = "source_changed", _("the source changed")
    SOURCE_CONFIRMED = "source_confirmed", _("the source says the same now")
    RECORD_GONE = "record_gone", _("its source record is no longer there")
    BY_HAND = "by_hand", _("ended by hand")


class Override(Shielded):
    """What a steward says stands for one attribute, or for the attributes of a group, of one golden record.

    `golden_id` is the golden record on which it was made; where that was merged, the override stands at its successor.
    `record_id` is the source record whose value stands, or null where `values` (by attribute) stand. `watched_id` is the source record
    whose word may end it. Written by `golden_records.overriding` and `golden_records.pins` alone.
    """

    shielded_as = "override"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entity = models.CharField(_("entity type"), max_length=30)
    golden_id = models.UUIDField(_("canonical id"), db_index=True)
    unit = models.CharField(_("attribute"), max_length=60)
    record_id = models.BigIntegerField(_("source record"), null=True, blank=True)
    values = models.JSONField(_("values"), null=True, blank=True)
    reason = models.TextField(_("reason"))
    owner = models.CharField(_("owner"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("made"))
    life = models.CharField(_("life"), max_length=20, choices=OverrideLife.choices)
    until = models.DateField(_("last day"), null=True, blank=True)
    watched_id = models.BigIntegerField(_("watched source record"), null=True, blank=True)
    watched_values = models.JSONField(_("what that said"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=OverrideState.choices, default=OverrideState.IN_FORCE)
    end = models.CharField(_("why it ended"), max_length=20, choices=OverrideEnd.choices, blank=True, default="")
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=200, blank=True, default="")
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("entity", "golden_id", "unit", "record_id", "life", "until", "state", "end")

    class Meta:
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        ordering = ("-created_at", "id")
        indexes = (
            models.Index(fields=("state", "-created_at"), name="overrides_by_state"),
            models.Index(fields=("until",), name="overrides_until", condition=models.Q(state=OverrideState.IN_FORCE, until__isnull=False)),
        )

    def __str__(self) -> str:
        """Say what it is about."""
        return f"{named(self.entity)} {self.golden_id} {self.unit}"
