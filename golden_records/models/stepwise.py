"""Ways through many rows, step by step, that tell what a document would change or changes: killed at any point, they go on."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class StepwiseState(models.TextChoices):
    """Whether there is more to look at."""

    RUNNING = "running", _("running")
    COMPLETED = "completed", _("completed")


class Stepwise(models.Model):
    """Base of such runs: of `looked_at` rows `differing` come out otherwise, `attributes` by attribute; `examples` names some by id."""

    state = models.CharField(_("state"), max_length=10, choices=StepwiseState.choices, default=StepwiseState.RUNNING)
    looked_at = models.PositiveIntegerField(_("looked at"), default=0)
    differing = models.PositiveIntegerField(_("come out otherwise"), default=0)
    attributes = models.JSONField(_("by attribute"), default=dict)
    examples = models.JSONField(_("examples"), default=list)
    actor = models.CharField(_("actor"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("begun"))
    finished_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        abstract = True
