"""Change events: what happened to golden records, in the order in which it is told, chained so that nobody can rewrite it."""

from typing import Any, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from golden_records.saying import named
from golden_records.shielding import Shielded


class EventType(models.TextChoices):
    """What happened, seen from one golden record.

    LINKED and UNLINKED: a source record came to it or left it. MERGED: its records went to its successor, and it is retired. UNMERGED: it
    is back. SPLIT: records of it were given golden records of their own. RETIRED: nothing is left of it. WITHDRAWN: a source does not
    have one of its records any more. ERASED: what it said of a person is gone for good. REPARENTED: another golden record, or none, is its
    parent in the hierarchy.
    """

    CREATED = "created", _("created")
    UPDATED = "updated", _("updated")
    LINKED = "linked", _("linked")
    UNLINKED = "unlinked", _("unlinked")
    MERGED = "merged", _("merged")
    UNMERGED = "unmerged", _("unmerged")
    SPLIT = "split", _("split")
    RETIRED = "retired", _("retired")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ERASED = "erased", _("erased")
    REPARENTED = "reparented", _("given another parent")


COMMON: Final = (EventType.CREATED.value, EventType.UPDATED.value, EventType.LINKED.value)


class ChangeEvent(Shielded):
    """One change of one golden record, written in the transaction of the change by `golden_records.outbox`, never changed after.

    `attributes` names what the event tells of, and `before` and `after` give the values in the same order: both for UPDATED, and for
    REPARENTED the canonical ids of the parents; `after` alone where the whole record is told (CREATED, UNMERGED). `source` and
    `external_id` name the source record of LINKED, UNLINKED and WITHDRAWN. `successor_ids` are the golden records that have its records
    now (MERGED, SPLIT); the first is the one that answers for a merged one. `caused_by` is the source whose write it was, where it was the
    write of one source; `differing` names the attributes in which the golden record then differs from what that source sent. `config` is
    the version of the match config that decided.

    An erasure empties `before`, `after`, `external_id`, `reason` and `salt`: `golden_records.chain` verifies without them.
    """

    shielded_as = "event"

    entity = models.CharField(_("entity type"), max_length=30)
    type = models.CharField(_("event"), max_length=10, choices=EventType.choices)
    golden_id = models.UUIDField(_("canonical id"))
    golden_version = models.PositiveIntegerField(_("version"))
    attributes = models.JSONField(_("attributes"), null=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    source = models.CharField(_("source"), max_length=30, null=True)
    external_id = models.CharField(_("external id"), max_length=200, null=True)
    successor_ids = models.JSONField(_("successors"), null=True)
    caused_by = models.CharField(_("caused by"), max_length=30, null=True)
    differing = models.JSONField(_("differs from its source"), null=True)
    actor = models.CharField(_("actor"), max_length=200)
    reason = models.TextField(_("reason"), null=True)
    correlation_id = models.CharField(_("correlation id"), max_length=40)
    config = models.CharField(_("match config"), max_length=100, null=True)
    at = models.DateTimeField(_("at"))
    salt = models.CharField(max_length=32, null=True, editable=False)

    class Meta:
        verbose_name = _("change event")
        verbose_name_plural = _("change events")
        ordering = ("-id",)
        indexes = (
            models.Index("golden_id", name="change_event_golden"),
            # What is rare is found among millions; what is common is found anywhere.
            models.Index(fields=("type", "-id"), name="change_event_rare", condition=~models.Q(type__in=COMMON)),
        )

    def __str__(self) -> str:
        """Say what happened to what."""
        return f"{named(self.entity)} {self.golden_id} {self.get_type_display()}"

    @property
    def values_before(self) -> dict[str, Any] | None:
        """The values that changed, as they were, by attribute; None where the event tells none, or they were erased."""
        return self._by_attribute(self.before)

    @property
    def values_after(self) -> dict[str, Any] | None:
        """The values that the event tells, as they are since, by attribute; None as above."""
        return self._by_attribute(self.after)

    def _by_attribute(self, values: list[Any] | None) -> dict[str, Any] | None:
        return None if values is None else dict(zip(self.attributes or (), values, strict=True))


class UnsealedEvent(models.Model):
    """That an event waits for its place in the feed: a row comes with the event and goes when it is sealed.

    A table of its own, so that finding what waits costs what waits, however many events there are, and events are only ever inserted.
    """

    # No constraint: what would be checked at each write is written in the same statement.
    event = models.OneToOneField(ChangeEvent, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+")

    class Meta:
        verbose_name = _("event to be sealed")
        verbose_name_plural = _("events to be sealed")

    def __str__(self) -> str:
        """Name the event."""
        return str(self.event_id)


class Seal(models.Model):
    """The place of an event in the feed, without gaps from 1 on, and its link in the chain. Only ever inserted, by one sealer at a time.

    `digest` and `hash` are as `golden_records.chain` makes them.
    """

    seq = models.BigIntegerField(_("place"), primary_key=True)
    event = models.OneToOneField(ChangeEvent, models.PROTECT, related_name="seal", verbose_name=_("event"))
    digest = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ("seq",)

    def __str__(self) -> str:
        """Name the place."""
        return str(self.seq)
