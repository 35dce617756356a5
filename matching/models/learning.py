"""What is learnt about matching: random samples of its work that people check, and what their answers say of its quality."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from golden_records.saying import named
from matching.models.configs import MatchConfigVersion


class LearningState(models.TextChoices):
    """Whether a sample is drawn, or quality is measured."""

    QUEUED = "queued", _("queued")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class LearningWork(models.Model):
    """Something that a person asked for and a worker may do: the row is the queue. `error` is what ended the last of its `attempts`."""

    entity = models.CharField(_("entity type"), max_length=30)
    state = models.CharField(_("state"), max_length=10, choices=LearningState.choices, default=LearningState.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True, default="")
    actor = models.CharField(_("actor"), max_length=200)
    created_at = models.DateTimeField(_("asked"))
    finished_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        """Name the entity type and the number."""
        return f"{named(self.entity)} #{self.pk}"


class CheckKind(models.TextChoices):
    """What a sample is drawn from: what the engine put together, or what it left apart, and nobody was asked about."""

    TOGETHER = "together", _("put together")
    APART = "apart", _("left apart")


class CheckSample(LearningWork):
    """A random sample of what the engine did by itself, sent to review. Written by `matching.checking` alone.

    The same seed over the same pairs gives the same sample. `bands` says for each band of probability, ascending, how many pairs there
    were (`pairs`) and how many of them were drawn (`drawn`): what each answer stands for. Of what was left apart, the pairs of so many
    golden records that were looked at were `found`, and the model expects that so many of all are the same (`expected`).
    """

    audited: ClassVar = ("entity", "state", "kind", "seed", "size", "config_id")

    kind = models.CharField(_("kind"), max_length=10, choices=CheckKind.choices, default=CheckKind.TOGETHER)

    config = models.ForeignKey(MatchConfigVersion, models.PROTECT, related_name="+", null=True, blank=True)
    seed = models.BigIntegerField(_("seed"))
    size = models.PositiveIntegerField(_("size"))
    bands = models.JSONField(_("bands"), default=list)

    class Meta:
        verbose_name = _("check sample")
        verbose_name_plural = _("check samples")
        ordering = ("-id",)
        indexes = (models.Index("id", name="samples_that_wait", condition=Q(state="queued")),)


class CheckedPair(models.Model):
    """A pair of records of a sample: asked once and never again. What a person says of it is the standing judgement on the pair.

    `probability` and the golden record are those when it was drawn. Pairs of one golden record hang together; of two, it is the one from
    which the pair was found.
    """

    sample = models.ForeignKey(CheckSample, models.CASCADE, related_name="checked")
    entity = models.CharField(_("entity type"), max_length=30)
    left_record_id = models.BigIntegerField()
    right_record_id = models.BigIntegerField()
    golden_id = models.UUIDField()
    band = models.PositiveSmallIntegerField(_("band"))
    probability = models.FloatField(_("match probability"))

    class Meta:
        verbose_name = _("checked pair")
        verbose_name_plural = _("checked pairs")
        constraints = (
            models.UniqueConstraint(fields=("entity", "left_record_id", "right_record_id"), name="a_pair_is_checked_once"),
            models.CheckConstraint(condition=Q(left_record_id__lt=F("right_record_id")), name="checked_pair_order"),
        )
        indexes = (models.Index("entity", "right_record_id", name="checked_pairs_of_the_right"),)

    def __str__(self) -> str:
        """Name the pair."""
        return f"{self.entity} {self.left_record_id}-{self.right_record_id}"


class QualityReport(LearningWork):
    """What people's answers say of the quality of matching, as `matching.measuring` found it: figures and ids of rules, no values."""

    document = models.JSONField(_("figures"), default=dict)

    class Meta:
        verbose_name = _("measured quality")
        verbose_name_plural = _("measured quality")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("entity", "-id"), name="quality_of_an_entity"),
            models.Index("id", name="quality_that_waits", condition=Q(state="queued")),
        )
