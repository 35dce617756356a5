"""What the engine found for a pair."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from matching.models.configs import MatchConfigVersion
from matching.models.runs import MatchRun


class Outcome(models.TextChoices):
    """What the engine says of a pair."""

    MATCH = "match", _("match")
    POSSIBLE_MATCH = "possible_match", _("possible match")
    NO_MATCH = "no_match", _("no match")


class MatchDecision(models.Model):
    """What the engine found for a pair of source records, with its evidence; the latest word on that pair.

    `levels` and `weights` (bits) are in the order of the config's comparisons; `vetoes` names those that hold.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    left_record_id = models.BigIntegerField()
    right_record_id = models.BigIntegerField()
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices)
    weight = models.FloatField(_("match weight"))
    probability = models.FloatField(_("match probability"))
    levels = models.JSONField(_("levels"))
    weights = models.JSONField(_("weights"))
    stratum = models.PositiveSmallIntegerField(_("kind of pair"), default=0)
    vetoes = models.JSONField(_("vetoes"), default=list)
    # Nobody asks for the decisions of a config or a run: an index would only cost, at every pair.
    config = models.ForeignKey(MatchConfigVersion, models.PROTECT, related_name="+", db_index=False)
    run = models.ForeignKey(MatchRun, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("entity", "left_record_id", "right_record_id"), name="decision_on_a_pair"),
            models.CheckConstraint(condition=Q(left_record_id__lt=F("right_record_id")), name="decision_pair_order"),
        )
        indexes = (models.Index("entity", "right_record_id", name="decisions_of_the_right"),)

    def __str__(self) -> str:
        """Name pair and outcome."""
        return f"{self.entity} {self.left_record_id}-{self.right_record_id}: {self.outcome}"
