"""Source records: what each source sent, what it means, and which golden record it belongs to."""

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.attributes import CustomerAttributes, ProjectAttributes, ProjectFactAttributes
from golden_records.models.golden import GoldenCustomer, GoldenProject
from golden_records.models.history import ChangeColumns, NarrowHistory
from golden_records.models.sources import SourceSystem
from golden_records.shielding import Shielded


class RecordState(models.TextChoices):
    """Whether the source still has the record. ERASED: nothing is left of it but that it was there."""

    ACTIVE = "active", _("active")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ERASED = "erased", _("erased")


class MatchState(models.TextChoices):
    """How far the record is on its way: the row is the queue, Celery only the doorbell.

    FAILED: matching it failed too often; it waits for a steward, or for its source to send it again.
    """

    PENDING = "pending", _("waiting to be matched")
    MATCHED = "matched", _("matched")
    FAILED = "failed", _("could not be matched")


class LinkSource(models.TextChoices):
    """Who put the record where it is."""

    AUTO = "auto", _("engine")
    MANUAL = "manual", _("steward")


class SourceRecord(Shielded):
    """What every source record has beside its attributes.

    `payload` is what was sent; `problems` are the warnings of standardising ({field, value, reason, remedy} each);
    `sent_empty` names the attributes that the source sent without a value, which says more than not sending them;
    `fingerprint` tells whether the same was sent again; `link` holds how the record got to its golden record
    ({"config": version, "record": the other record's id, "probability", "weight", "levels", "weights"}, or
    {"judgement": id}), empty for a record that stands alone. A record that waits for its first match has no golden
    record yet, so that no canonical id is published that is retired seconds later; a matched one always has. Of an erased one
    only the row is left: `external_id` is its tombstone then (`golden_records.tombstones`).
    """

    shielded_as = "record"

    # Found through the uniqueness of (source, external_id), which begins with it: a second index would only cost.
    source = models.ForeignKey(SourceSystem, models.PROTECT, related_name="+", verbose_name=_("source"), db_index=False)
    external_id = models.CharField(_("external id"), max_length=200)
    payload = models.JSONField(_("as sent"), encoder=DjangoJSONEncoder)
    problems = models.JSONField(_("warnings"), default=list, blank=True)
    sent_empty = models.JSONField(_("sent empty"), null=True, blank=True, editable=False)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    source_updated_at = models.DateTimeField(_("changed in the source"), null=True, blank=True)
    received_at = models.DateTimeField(_("first received"))
    updated_at = models.DateTimeField(_("last changed"))
    version = models.PositiveIntegerField(_("version"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=RecordState.choices, default=RecordState.ACTIVE)
    match_state = models.CharField(_("matching"), max_length=10, choices=MatchState.choices, default=MatchState.PENDING)
    link_source = models.CharField(_("linked by"), max_length=10, choices=LinkSource.choices, null=True, blank=True)
    link = models.JSONField(_("link evidence"), default=dict, blank=True)
    linked_at = models.DateTimeField(_("linked"), null=True, blank=True)

    # Each concrete record has its own: the golden record of its entity type.
    golden: Any
    golden_id: Any

    class Meta:
        abstract = True

    def __str__(self) -> str:
        """Name the record as its source knows it."""
        return f"{self.source.code} {self.external_id}"


def _constraints(table: str) -> tuple[models.BaseConstraint, ...]:
    return (
        UniqueConstraint(fields=("source", "external_id"), name=f"{table}_source_identity"),
        CheckConstraint(condition=~Q(match_state=MatchState.MATCHED) | Q(golden__isnull=False), name=f"{table}_matched_has_golden"),
    )


def _indexes(table: str) -> tuple[models.Index, ...]:
    return (
        models.Index("updated_at", "id", name=f"{table}_waiting", condition=Q(match_state=MatchState.PENDING)),
        models.Index(F("id"), name=f"{table}_failed", condition=Q(match_state=MatchState.FAILED)),
        models.Index("external_id", name=f"{table}_external_id"),
        models.Index("updated_at", name=f"{table}_updated"),
        models.Index("source", name=f"{table}_withdrawn", condition=Q(state=RecordState.WITHDRAWN)),
        models.Index("source", name=f"{table}_erased", condition=Q(state=RecordState.ERASED)),
    )


class CustomerRecord(SourceRecord, CustomerAttributes):
    """A customer as one source knows it."""

    golden = models.ForeignKey(GoldenCustomer, models.PROTECT, null=True, related_name="records", verbose_name=_("golden record"))
    history = NarrowHistory(without_index=("source",))

    class Meta:
        verbose_name = _("customer record")
        verbose_name_plural = _("customer records")
        constraints = _constraints("customer_record")
        indexes = (
            *_indexes("customer_record"),
            models.Index("source", "parent", name="customers_of_a_parent", condition=Q(parent__isnull=False)),
        )


class ProjectRecord(SourceRecord, ProjectAttributes):
    """A project as one source knows it."""

    golden = models.ForeignKey(GoldenProject, models.PROTECT, null=True, related_name="records", verbose_name=_("golden record"))
    history = NarrowHistory(without_index=("source",))

    class Meta:
        verbose_name = _("project record")
        verbose_name_plural = _("project records")
        constraints = _constraints("project_record")
        indexes = (
            *_indexes("project_record"),
            models.Index("source", "customer", name="projects_of_a_customer"),
        )


class ProjectFact(ProjectFactAttributes):
    """The figures of one project record in one month."""

    record = models.ForeignKey(ProjectRecord, models.PROTECT, related_name="facts", verbose_name=_("project record"))
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    updated_at = models.DateTimeField(_("last changed"))
    history = HistoricalRecords(bases=[ChangeColumns])

    class Meta:
        verbose_name = _("project fact")
        verbose_name_plural = _("project facts")
        constraints = (UniqueConstraint(fields=("record", "period"), name="one_fact_per_project_and_month"),)

    def __str__(self) -> str:
        """Name the project and the month."""
        return f"{self.record} {self.period}"
