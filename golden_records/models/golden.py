"""Golden records: the one trustworthy view of a customer or a project, and the receipts of merges."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from uuid_utils.compat import uuid7

from golden_records.models.attributes import CustomerAttributes, ProjectAttributes
from golden_records.models.history import ChangeColumns, NarrowHistory
from golden_records.shielding import Shielded


def new_canonical_id() -> uuid.UUID:
    """Make a canonical id: a UUIDv7, so that ids sort by the time of their birth; never reused."""
    return uuid7()


class GoldenState(models.TextChoices):
    """Whether a golden record stands, or answers with its successor, or no longer."""

    ACTIVE = "active", _("active")
    RETIRED = "retired", _("retired")
    ERASED = "erased", _("erased")


class GoldenRecord(Shielded):
    """What every golden record has beside its attributes. Written by `golden_records.golden` alone.

    `lineage` maps each attribute that has a value to {"record": id of the winning source record, "source": its
    source's code, "rule": the strategy that decided, "rules": version of the survivorship rules}, with "pin", the id of
    the override that it stands by, and "also", the further records of a union, where there are any. An attribute without
    a value is there where somebody said that it has none. `pins` are the overrides that stand, as `golden_records.pins`
    writes them; `due_on` is the first day on which the day alone changes what survives.
    """

    shielded_as = "golden"

    id = models.UUIDField(primary_key=True, default=new_canonical_id, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=GoldenState.choices, default=GoldenState.ACTIVE)
    lineage = models.JSONField(_("lineage"), default=dict)
    pins = models.JSONField(_("overrides"), null=True, blank=True, editable=False)
    due_on = models.DateField(_("changes by the day alone on"), null=True, blank=True, editable=False)
    completeness = models.FloatField(_("completeness"), default=0.0)
    member_count = models.PositiveIntegerField(_("source records"), default=0)
    version = models.PositiveIntegerField(_("version"), default=1)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        abstract = True


def _least_complete(name: str) -> models.Index:
    """The active golden records by how much is known of them, the least complete first."""
    return models.Index(fields=("completeness", "id"), name=name, condition=models.Q(state=GoldenState.ACTIVE))


def _erased(name: str) -> models.Index:
    """The erased golden records: few, and looked at by whoever verifies."""
    return models.Index(models.F("id"), name=name, condition=models.Q(state=GoldenState.ERASED))


def _retired(name: str) -> models.Index:
    """The retired golden records: few among many, in the order in which they are listed."""
    return models.Index(models.F("id"), name=name, condition=models.Q(state=GoldenState.RETIRED))


def _due(name: str) -> models.Index:
    """The golden records that change by the day alone, the first first: hardly any."""
    return models.Index(fields=("due_on", "id"), name=name, condition=models.Q(due_on__isnull=False, state=GoldenState.ACTIVE))


class GoldenCustomer(GoldenRecord, CustomerAttributes):
    """The one view of a customer."""

    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="predecessors")
    history = NarrowHistory(without_index=("successor",))

    class Meta:
        verbose_name = _("golden customer")
        verbose_name_plural = _("golden customers")
        ordering = ("id",)
        permissions = (("view_personal_data_customer", "Can see personal data of customers"),)
        # Here, not on the attributes: the tables of history would copy those, and pay for them at every write.
        indexes = (
            models.Index("legal_name", name="golden_customer_legal_name"),
            models.Index("family_name", name="golden_customer_family_name"),
            models.Index("registration_id", name="golden_customer_registration"),
            _least_complete("golden_customer_completeness"),
            _retired("golden_customer_retired"),
            _erased("golden_customer_erased"),
            _due("golden_customer_due"),
        )

    def __str__(self) -> str:
        """Name the customer as a person would."""
        person = " ".join(part for part in (self.given_name, self.family_name) if part)
        return self.legal_name or self.trade_name or person or str(self.id)


class GoldenProject(GoldenRecord, ProjectAttributes):
    """The one view of a project."""

    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="predecessors")
    history = NarrowHistory(without_index=("successor",))

    class Meta:
        verbose_name = _("golden project")
        verbose_name_plural = _("golden projects")
        ordering = ("id",)
        permissions = (("view_personal_data_project", "Can see personal data of projects"),)
        indexes = (
            models.Index("title", name="golden_project_title"),
            models.Index("code", name="golden_project_code"),
            _least_complete("golden_project_completeness"),
            _retired("golden_project_retired"),
            _erased("golden_project_erased"),
            _due("golden_project_due"),
        )

    def __str__(self) -> str:
        """Name the project as a person would."""
        return self.title or self.code or str(self.id)


class MergeReceipt(models.Model):
    """What a merge did, so that it can be taken back: which records came from the golden record that was absorbed.

    `set_aside` are the ids of earlier judgements that gave way to it, and that stand again where it is undone.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    survivor_id = models.UUIDField(_("survivor"), db_index=True)
    absorbed_id = models.UUIDField(_("absorbed"), db_index=True)
    moved_record_ids = models.JSONField(_("source records moved"))
    set_aside = models.JSONField(_("earlier judgements set aside"), default=list)
    merged_by = models.CharField(_("merged by"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(_("reason"))
    merged_at = models.DateTimeField(_("merged"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("entity", "survivor_id", "absorbed_id", "undone_at")

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ("-id",)

    def __str__(self) -> str:
        """Say what became what."""
        return f"{self.absorbed_id} → {self.survivor_id}"
