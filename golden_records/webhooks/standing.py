"""How an endpoint is doing, in a word."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from golden_records.models import WebhookProgress
from golden_records.webhooks.retrying import PATIENCE, Trouble


class Circuit(models.TextChoices):
    """Whether messages flow. OPEN: the endpoint is left alone for a while. HALF_OPEN: one message is to find out if it is well."""

    CLOSED = "closed", _("closed")
    OPEN = "open", _("open")
    HALF_OPEN = "half_open", _("half open")


def circuit_of(progress: WebhookProgress) -> Circuit:
    """Give the state of an endpoint's circuit breaker now."""
    trouble = Trouble(tries=progress.tries, refusals=progress.refusals, set_aside=progress.set_aside)
    if not PATIENCE.is_open(trouble):
        return Circuit.CLOSED
    return Circuit.OPEN if progress.next_try_at > timezone.now() else Circuit.HALF_OPEN
