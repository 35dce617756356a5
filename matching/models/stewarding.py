"""How stewards share the queue out: who looks at what now, two pairs of eyes, reasons to choose from, views, many answers at once."""

from typing import ClassVar, Final

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns
from golden_records.saying import named
from matching.models.review import JudgementValue, ReviewTask

_THERE: Final = _("There is a rule for this already.")


class TaskClaim(models.Model):
    """Who looks at a question now, and until when: a lease, renewed by activity. It says nothing of what is right, so it has no history."""

    task = models.OneToOneField(ReviewTask, models.CASCADE, primary_key=True, related_name="claim")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    claimed_at = models.DateTimeField(_("claimed"))
    until = models.DateTimeField(_("claimed until"))

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")

    def __str__(self) -> str:
        """Name the question and the person."""
        return f"{self.task_id}: {self.user.get_username()}"


class ProposalState(models.TextChoices):
    """What became of a first steward's answer; it lapses where its question changes meanwhile."""

    WAITING = "waiting", _("waiting for a second steward")
    AGREED = "agreed", _("agreed")
    DISAGREED = "disagreed", _("disagreed")
    WITHDRAWN = "withdrawn", pgettext_lazy("of an answer", "withdrawn")
    LAPSED = "lapsed", _("lapsed")


class Proposal(models.Model):
    """A first steward's answer to a question that takes two. Without an `answer`, it proposes to take the answer that stands back.

    Written by `matching.proposals` alone. At most one waits per question.
    """

    task = models.ForeignKey(ReviewTask, models.PROTECT, related_name="proposals")
    entity = models.CharField(_("entity type"), max_length=30)
    left_record_id = models.BigIntegerField()
    right_record_id = models.BigIntegerField()
    answer = models.CharField(_("answer"), max_length=10, choices=JudgementValue.choices, blank=True, default="")
    reason_code = models.CharField(_("reason"), max_length=40, blank=True, default="")
    comment = models.TextField(_("comment"), blank=True, default="")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    proposed_at = models.DateTimeField(_("proposed"))
    state = models.CharField(_("state"), max_length=10, choices=ProposalState.choices, default=ProposalState.WAITING)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    said = models.TextField(_("what the second said"), blank=True, default="")
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("entity", "left_record_id", "right_record_id", "task_id", "answer", "state")

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("task",), condition=Q(state="waiting"), name="one_waiting_proposal_per_task"),)
        indexes = (
            models.Index("entity", "left_record_id", name="proposals_of_the_left"),
            models.Index("entity", "right_record_id", name="proposals_of_the_right"),
        )

    def __str__(self) -> str:
        """Name the question and the answer."""
        return f"#{self.task_id}: {self.answer or 'undo'}"


class FourEyesRule(models.Model):
    """Where one steward is not enough: one kind of records, or all, from a value at stake on, or where a golden record is confirmed.

    Off where no rule is in force. Who may `overrule` does by hand alone what takes two.
    """

    entity = models.CharField(_("entity type"), max_length=30, blank=True, default="", help_text=_("Empty: every entity type."))
    value_from = models.DecimalField(
        _("from a value at stake of"),
        max_digits=20,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("The revenue of the projects behind the two golden records. Empty: every task."),
    )
    only_confirmed = models.BooleanField(
        _("only golden records that are confirmed"),
        default=False,
        help_text=_("One of those that it is about, or one that was merged into it, has the mark."),
    )
    is_active = models.BooleanField(_("in force"), default=True)
    reason = models.CharField(_("why"), max_length=500, help_text=_("Why two people are needed here; stewards read it."))
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("entity", "value_from", "only_confirmed", "is_active", "reason")

    class Meta:
        verbose_name = _("four-eyes rule")
        verbose_name_plural = _("four-eyes rules")
        ordering = ("entity", "value_from", "only_confirmed", "id")
        permissions = (("overrule_foureyesrule", "Can do alone what takes two stewards"),)
        constraints = (
            models.UniqueConstraint(
                fields=("entity", "value_from", "only_confirmed"), name="one_four_eyes_rule_per_value", violation_error_message=_THERE
            ),
            models.UniqueConstraint(
                fields=("entity", "only_confirmed"),
                condition=Q(value_from__isnull=True),
                name="one_four_eyes_rule_for_all",
                violation_error_message=_THERE,
            ),
        )

    def __str__(self) -> str:
        """Say where it holds."""
        told = named(self.entity) or gettext("every entity type")
        if self.value_from is not None:
            told = gettext("%(entity)s, from %(value)s at stake") % {"entity": told, "value": self.value_from}
        return gettext("%(rule)s, only confirmed") % {"rule": told} if self.only_confirmed else told


class ReasonCode(models.Model):
    """A reason that stewards choose from when they answer. One that is out of use keeps its words, for the answers that have it."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    answer = models.CharField(
        _("for the answer"),
        max_length=10,
        choices=JudgementValue.choices,
        blank=True,
        default="",
        help_text=_("Empty: for every answer."),
    )
    label = models.CharField(_("words"), max_length=120)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(pgettext_lazy("of a reason", "in use"), default=True)
    history = HistoricalRecords(bases=[ChangeColumns])

    audited: ClassVar = ("code", "answer", "label", "is_active")

    class Meta:
        verbose_name = _("reason code")
        verbose_name_plural = _("reason codes")
        ordering = ("position", "code")

    def __str__(self) -> str:
        """Give its words, translated where the service brought them along."""
        return gettext(self.label)


class SavedView(models.Model):
    """A part of the queue under a name: a steward's own, or shared with all. What was searched for is not kept in it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("part of the queue"), max_length=400, blank=True, default="")
    is_shared = models.BooleanField(_("shared"), default=False)
    is_default = models.BooleanField(_("opened first"), default=False)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("owner", "name"), name="one_view_per_name"),
            models.UniqueConstraint(fields=("owner",), condition=Q(is_default=True), name="one_default_view"),
        )

    def __str__(self) -> str:
        """Give its name."""
        return self.name


class BulkAct(models.TextChoices):
    """What may be done with many questions at once."""

    SAME = "same", _("answer 'same'")
    DIFFERENT = "different", _("answer 'different'")
    UNSURE = "unsure", _("answer 'unsure'")
    DEFER = "defer", _("defer")
    HAND = "hand", _("hand to a colleague")


class Bulk(models.Model):
    """Many questions dealt with at once: what was done with each, and why not. `outcomes` names tasks by number, no values.

    Each outcome: task, result (done, proposed, refused, undone), why, and what stood before (assignee, deferred_until).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    act = models.CharField(_("what was done"), max_length=10, choices=BulkAct.choices)
    correlation_id = models.CharField(max_length=40, unique=True)
    outcomes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("bulk")
        verbose_name_plural = _("bulks")
        ordering = ("-id",)

    def __str__(self) -> str:
        """Name what was done."""
        return f"{self.act} #{self.pk}"
