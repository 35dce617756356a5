"""Questions to stewards, and what they said."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.authors import who
from golden_records.models.history import ChangeColumns
from golden_records.saying import named
from matching.models.decisions import MatchDecision


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


class ReviewTask(models.Model):
    """A question to a steward: are these two golden records one? The pair of source records that raised it is named.

    One whose evidence weakened is about two records of one golden record, which is on both sides then: do they still belong together?
    Written by `matching.review` alone. At most one open task per pair of golden records, or per pair of records of one.
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
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords(bases=[ChangeColumns])

    class Meta:
        verbose_name = _("review task")
        verbose_name_plural = _("review queue")
        ordering = ("-probability", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("entity", "left_golden_id", "right_golden_id"),
                condition=Q(state="open") & ~Q(kind="evidence_weakened"),
                name="one_open_task_per_pair",
            ),
            models.UniqueConstraint(
                fields=("entity", "left_record_id", "right_record_id"),
                condition=Q(state="open", kind="evidence_weakened"),
                name="one_open_doubt_per_pair",
            ),
            models.CheckConstraint(
                condition=Q(left_golden_id__lt=F("right_golden_id")) | Q(kind="evidence_weakened", left_golden_id=F("right_golden_id")),
                name="task_pair_order",
            ),
        )
        indexes = (
            models.Index(fields=("state", "-probability", "id"), name="open_tasks_first"),
            models.Index("entity", "left_golden_id", name="tasks_of_the_left"),
            models.Index("entity", "right_golden_id", name="tasks_of_the_right"),
        )

    def __str__(self) -> str:
        """Name the question."""
        return f"{named(self.entity)} #{self.pk}"


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
