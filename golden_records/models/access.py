"""Limits: which entity types and sources a person, or the members of a group, may see."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns


class AccessLimit(models.Model):
    """What somebody may see, of entity types and of source systems; an empty list is all there are.

    It is of one person or of one group. What the groups of a person allow adds up; what is said of the person narrows that. Of a
    person without any limit, nothing is kept. Written by `golden_records.limits` alone.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="access_limit", verbose_name=_("person")
    )
    group = models.OneToOneField("auth.Group", models.PROTECT, null=True, blank=True, related_name="access_limit", verbose_name=_("group"))
    entities = models.JSONField(_("entity types"), default=list, blank=True)
    sources = models.JSONField(_("source systems"), default=list, blank=True)
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("user_id", "group_id", "entities", "sources")

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True) | Q(user__isnull=True, group__isnull=False),
                name="a_limit_is_of_a_person_or_of_a_group",
            ),
        )

    def __str__(self) -> str:
        """Name whose limit it is."""
        return str(self.user or self.group)
