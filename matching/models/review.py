"""Questions to stewards, and what they said."""

from decimal import Decimal
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.authors import who
from golden_records.models.history import ChangeColumns
from golden_records.saying import named
from matching.models.decisions import MatchDecision

WORKED_OUT: Final = ("value_at_stake", "worth", "valued_at", "left_source_id", "right_source_id")
"""Columns of a task that follow from other tables: history does not keep them."""


class JudgementValue(models.TextChoices):
    """What a steward says of a pair."""

    SAME = "same", _("same")
    DIFFERENT = "different", _("different")
    UNSURE = "unsure", _("unsure")


class TaskState(models.TextChoices):
    """Whether a question still waits for an answer; an obsolete one answered itself (its records came together)."""

    OPEN = "open", _("open")
    DECIDED = "decided", _("decided")
    OBSOLETE = "obsolete", _("obsolete")


class TaskKind(models.TextChoices):
    """Why a steward is asked."""

    POSSIBLE_MATCH = "possible_match", _("possible match")
    POSSIBLE_DUPLICATE = "possible_duplicate", _("possible duplicate")
    EVIDENCE_WEAKENED = "evidence_weakened", _("evidence weakened")
    CHECK = "check", _("check")
    CHECK_APART = "check_apart", _("check of what is apart")

    @property
    def is_within_one(self) -> bool:
        """Whether it is asked of two records of one golden record, which is on both sides then: do they still belong together?"""
        return self in WITHIN_ONE


WITHIN_ONE: Final = (TaskKind.EVIDENCE_WEAKENED, TaskKind.CHECK)


class ReviewTask(models.Model):
    """A question to a steward: are these two golden records one? The pair of source records that raised it is named.

    One whose evidence weakened, and a check of what the engine put together, is about two records of one golden record, which is on both
    sides then: do they still belong together? A check of what it left apart is asked although the evidence says that the two are none.
    Written by `matching.review` alone. At most one open task per pair of golden records, or per pair of records of one.

    An open one may be deferred (`deferred_until`, a day of the service's time zone: from then on it is in the queue again) or have an
    answer that waits for a second steward (`awaits_second`). What it is worth to answer it (`worth`, see `matching.worth`) follows from
    the revenue at stake; both are worked out by `matching.valuing` and have no history, nor have the sources of its records.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    kind = models.CharField(_("kind"), max_length=20, choices=TaskKind.choices)
    left_golden_id = models.UUIDField()
    right_golden_id = models.UUIDField()
    left_record_id = models.BigIntegerField()
    right_record_id = models.BigIntegerField()
    decision = models.ForeignKey(MatchDecision, models.PROTECT, related_name="+")
    probability = models.FloatField(_("match probability"))
    state = models.CharField(_("state"), max_length=10, choices=TaskState.choices, default=TaskState.OPEN)
    answer = models.CharField(_("answer"), max_length=10, choices=JudgementValue.choices, null=True, blank=True)
    comment = models.TextField(_("comment"), blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    merge = models.ForeignKey("golden_records.MergeReceipt", models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(_("opened"))
    reason_code = models.CharField(_("reason"), max_length=40, blank=True, default="")
    # Most have none, which an index over all of them would not tell from a rare value.
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("assigned to")
    )
    deferred_until = models.DateField(_("deferred until"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True, default="")
    awaits_second = models.BooleanField(_("waits for a second steward"), default=False)
    value_at_stake = models.DecimalField(_("value at stake"), max_digits=20, decimal_places=2, default=Decimal(0))
    worth = models.FloatField(_("worth of an answer"), default=0.0)
    valued_at = models.DateTimeField(_("valued"), null=True, blank=True)
    left_source_id = models.BigIntegerField(null=True, blank=True)
    right_source_id = models.BigIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords(bases=[ChangeColumns], excluded_fields=list(WORKED_OUT))

    class Meta:
        verbose_name = _("review task")
        verbose_name_plural = _("review queue")
        ordering = ("-probability", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("entity", "left_golden_id", "right_golden_id"),
                condition=Q(state="open") & ~Q(kind__in=WITHIN_ONE),
                name="one_open_task_per_pair",
            ),
            models.UniqueConstraint(
                fields=("entity", "left_record_id", "right_record_id"),
                condition=Q(state="open", kind__in=WITHIN_ONE),
                name="one_open_doubt_per_pair",
            ),
            models.CheckConstraint(
                condition=Q(left_golden_id__lt=F("right_golden_id")) | Q(kind__in=WITHIN_ONE, left_golden_id=F("right_golden_id")),
                name="task_pair_order",
            ),
        )
        indexes = (
            models.Index(fields=("state", "-probability", "id"), name="open_tasks_first"),
            models.Index(fields=("state", "-worth", "id"), name="tasks_by_worth"),
            models.Index(fields=("state", "id"), name="tasks_by_age"),
            models.Index(fields=("state", "id"), name="tasks_to_value", condition=Q(valued_at__isnull=True)),
            models.Index(fields=("assignee", "-worth", "id"), name="tasks_of_an_assignee", condition=Q(assignee__isnull=False)),
            models.Index(fields=("id",), name="tasks_awaiting_a_second", condition=Q(awaits_second=True)),
            models.Index(fields=("deferred_until",), name="tasks_deferred", condition=Q(deferred_until__isnull=False)),
            models.Index("entity", "left_golden_id", name="tasks_of_the_left"),
            models.Index("entity", "right_golden_id", name="tasks_of_the_right"),
        )

    def __str__(self) -> str:
        """Name the question."""
        return f"{named(self.entity)} #{self.pk}"

    @property
    def is_within_one(self) -> bool:
        """Whether its two records are in one golden record, and it is asked whether they still belong together."""
        return TaskKind(self.kind).is_within_one


class Judgement(models.Model):
    """What a steward said of two source records. Only people write it; it outranks every rule and outlives every link.

    A judgement that was taken back keeps its row, with the time and the person.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    left_record_id = models.BigIntegerField()
    right_record_id = models.BigIntegerField()
    value = models.CharField(_("judgement"), max_length=10, choices=JudgementValue.choices)
    task = models.ForeignKey(ReviewTask, models.PROTECT, null=True, blank=True, related_name="judgements")
    merge = models.ForeignKey("golden_records.MergeReceipt", models.PROTECT, null=True, blank=True, related_name="+")
    move = models.ForeignKey("golden_records.MoveReceipt", models.PROTECT, null=True, blank=True, related_name="+")
    steward = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("steward")
    )
    judged_by = models.CharField(_("judged by"), max_length=200, blank=True, default="")
    comment = models.TextField(_("comment"), blank=True, default="")
    judged_at = models.DateTimeField(_("judged"))
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    taken_back_by = models.CharField(_("taken back by"), max_length=200, blank=True, default="")
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("entity", "value", "left_record_id", "right_record_id", "task_id", "withdrawn_at")

    class Meta:
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("entity", "left_record_id", "right_record_id"),
                condition=Q(withdrawn_at__isnull=True),
                name="one_standing_judgement_per_pair",
            ),
            models.CheckConstraint(condition=Q(left_record_id__lt=F("right_record_id")), name="judgement_pair_order"),
        )
        indexes = (models.Index("entity", "right_record_id", name="judgements_of_the_right"),)

    def __str__(self) -> str:
        """Name pair and judgement."""
        return f"{named(self.entity)} {self.left_record_id}-{self.right_record_id}: {self.get_value_display()}"

    @property
    def author(self) -> str:
        """Who said it, as a person reads it."""
        return who(self.judged_by, self.steward.get_username() if self.steward else "")

    @property
    def taken_back(self) -> str:
        """Who took it back, as a person reads it."""
        return who(self.taken_back_by, self.withdrawn_by.get_username() if self.withdrawn_by else "")
