"""Webhooks: who wants to hear of changes, how far each has heard, and what could not be delivered."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from uuid_utils.compat import uuid7

from golden_records.models.history import ChangeColumns
from golden_records.models.sources import SourceSystem


def new_subscription_id() -> uuid.UUID:
    """Make a subscription's id."""
    return uuid7()


class WebhookSubscription(models.Model):
    """An endpoint that wants to hear of changes, and of which. Written by `golden_records.webhooks.subscriptions` alone.

    Empty lists let everything through. `system` is the source system that the endpoint belongs to, if it belongs to one: it
    does not hear of its own writes then. `paused_because` says why it is not active where that was not a person's wish.
    """

    id = models.UUIDField(primary_key=True, default=new_subscription_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=2000)
    system = models.ForeignKey(SourceSystem, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("belongs to"))
    event_types = models.JSONField(_("events"), default=list)
    entities = models.JSONField(_("entity types"), default=list)
    sources = models.JSONField(_("source systems"), default=list)
    with_values = models.BooleanField(_("may see values"), default=False)
    active = models.BooleanField(_("active"), default=True)
    paused_because = models.CharField(_("paused because"), max_length=200, default="", blank=True)
    secret_changed_at = models.DateTimeField(_("secret changed"))
    created_by = models.CharField(_("created by"), max_length=200)
    created_at = models.DateTimeField(_("created"))
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("name", "url", "system_id", "event_types", "entities", "sources", "with_values", "active", "paused_because")

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("name", "id")

    def __str__(self) -> str:
        """Name the subscription."""
        return self.name


class WebhookSecret(models.Model):
    """A secret that messages are signed with, encrypted; of no use to whoever reads the database alone.

    In force until `valid_until`, and without one until the next is made. Without history: what is over is over.
    """

    subscription = models.ForeignKey(WebhookSubscription, models.CASCADE, related_name="secrets")
    ciphertext = models.TextField()
    created_at = models.DateTimeField(_("created"))
    valid_until = models.DateTimeField(_("valid until"), null=True)

    class Meta:
        verbose_name = _("webhook secret")
        verbose_name_plural = _("webhook secrets")
        ordering = ("-id",)

    def __str__(self) -> str:
        """Name whose it is; never the secret."""
        return str(self.subscription_id)


class WebhookProgress(models.Model):
    """How far an endpoint has heard, and what trouble it makes. Written by `golden_records.webhooks.turns` alone.

    Every event up to the place `position` in the feed is dealt with: delivered, set aside, or none of the subscription's
    business. Of the event that is next, `tries` counts the deliveries that failed and `refusals` those that the endpoint refused
    (4xx); `set_aside` counts the events in a row that were set aside. Whoever delivers holds the row until `lease_until`,
    as `holder`, so that one does at a time and order is kept. Nothing is tried before `next_try_at`.
    """

    subscription = models.OneToOneField(WebhookSubscription, models.CASCADE, primary_key=True, related_name="progress")
    position = models.BigIntegerField(_("heard up to"))
    tries = models.PositiveIntegerField(_("tries"), default=0)
    refusals = models.PositiveIntegerField(_("refusals"), default=0)
    set_aside = models.PositiveIntegerField(_("set aside in a row"), default=0)
    next_try_at = models.DateTimeField(_("next try"))
    holder = models.CharField(max_length=32, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(_("last delivery"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook progress")
        verbose_name_plural = _("webhook progress")
        indexes = (models.Index("next_try_at", name="webhook_next_try"),)

    def __str__(self) -> str:
        """Say how far."""
        return f"{self.subscription_id} @ {self.position}"


class DeliveryKind(models.TextChoices):
    """Why a message was sent."""

    EVENT = "event", _("event")
    REPLAY = "replay", _("replay")
    TEST = "test", _("test")


class WebhookDelivery(models.Model):
    """One try to deliver one message, as it went; kept for a month. `problem` is a code where there was no status."""

    subscription = models.ForeignKey(WebhookSubscription, models.CASCADE, related_name="deliveries")
    kind = models.CharField(_("kind"), max_length=10, choices=DeliveryKind.choices)
    message_id = models.CharField(_("message"), max_length=100)
    message_type = models.CharField(_("event"), max_length=60)
    attempt = models.PositiveIntegerField(_("attempt"))
    at = models.DateTimeField(_("at"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    problem = models.CharField(_("problem"), max_length=30, default="")
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    answer = models.CharField(_("beginning of the answer"), max_length=500, default="")

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ("-id",)
        indexes = (
            models.Index("subscription", models.F("id").desc(), name="webhook_delivery_newest"),
            models.Index("at", name="webhook_delivery_at"),
        )

    def __str__(self) -> str:
        """Say what was sent and what came of it."""
        return f"{self.message_id} {self.status or self.problem}"


class DeadLetterState(models.TextChoices):
    """What becomes of a message that was set aside."""

    WAITING = "waiting", _("waiting")
    REQUESTED = "requested", _("to be replayed")
    REPLAYED = "replayed", _("replayed")
    DISMISSED = "dismissed", _("dismissed")


class WebhookDeadLetter(models.Model):
    """An event that an endpoint would not take, set aside so that the others go on; the message is made anew for a replay."""

    subscription = models.ForeignKey(WebhookSubscription, models.CASCADE, related_name="dead_letters")
    seq = models.BigIntegerField(_("place in the feed"))
    message_id = models.CharField(_("message"), max_length=100)
    message_type = models.CharField(_("event"), max_length=60)
    subject = models.CharField(_("canonical id"), max_length=100)
    state = models.CharField(_("state"), max_length=10, choices=DeadLetterState.choices, default=DeadLetterState.WAITING)
    attempts = models.PositiveIntegerField(_("attempts"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    problem = models.CharField(_("problem"), max_length=30, default="")
    answer = models.CharField(_("beginning of the answer"), max_length=500, default="")
    set_aside_at = models.DateTimeField(_("set aside"))
    tried_at = models.DateTimeField(_("last try"))

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("subscription", "seq"), name="an_event_is_set_aside_once"),)
        indexes = (models.Index("subscription", "state", "id", name="webhook_dead_letter_state"),)

    def __str__(self) -> str:
        """Name the message."""
        return f"{self.message_id} {self.state}"
