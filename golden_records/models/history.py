"""History rows carry, beside the copy of the record, who acted, why, and what else belonged to the same change."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ChangeColumns(models.Model):
    """Base of every historical table: the author beyond a log-in (a program, the engine) and the correlation id."""

    actor = models.CharField(_("actor"), max_length=200, default="")
    correlation_id = models.CharField(_("correlation id"), max_length=40, default="")

    class Meta:
        abstract = True
