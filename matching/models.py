"""The tables of matching: configs, blocking keys, runs, decisions, review tasks and judgements.

Records are named by entity type and id: one table serves every entity type, and a judgement outlives any link.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.models.history import ChangeColumns


class MatchConfigVersion(models.Model):
    """One version of an entity type's match config with the model learned under it; never changed once used."""

    entity = models.CharField(_("entity type"), max_length=30)
    version = models.CharField(_("version"), max_length=60)
    document = models.JSONField(_("config"))
    model = models.BinaryField(_("learned model"))
    is_active = models.BooleanField(_("active"), default=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("match config")
        verbose_name_plural = _("match configs")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("entity", "version"), name="match_config_version"),
            models.UniqueConstraint(fields=("entity",), condition=Q(is_active=True), name="one_active_match_config"),
        )

    def __str__(self) -> str:
        """Name the entity type and the version."""
        return f"{self.entity}@{self.version}"


class BlockingKey(models.Model):
    """A key under which a record is found: records that share one are candidates. `key` is a stable 64-bit hash."""

    entity = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    rule = models.PositiveSmallIntegerField()
    key = models.BigIntegerField()

    class Meta:
        indexes = (
            models.Index("entity", "key", "record_id", name="records_of_a_key"),
            models.Index("entity", "record_id", name="keys_of_a_record"),
        )

    def __str__(self) -> str:
        """Name rule and record."""
        return f"{self.entity} {self.record_id} rule {self.rule}"


class CommonKey(models.Model):
    """A blocking key that so many records share that it brings no candidates any more, and is not locked either.

    It stays so until a matching run, alone, looks again: two that write at once must not see it differently.
    """

    entity = models.CharField(max_length=30)
    rule = models.PositiveSmallIntegerField()
    key = models.BigIntegerField()
    since = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("entity", "key", "rule"), name="common_key"),)

    def __str__(self) -> str:
        """Name entity type and rule."""
        return f"{self.entity} rule {self.rule}"


class Pulse(models.Model):
    """When something periodic ran last, by its name, and how much it found."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()
    found = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        """Name the task."""
        return self.name


class RunState(models.TextChoices):
    """How far a matching run is."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")


class MatchRun(models.Model):
    """One matching of an entity type's records: a plan made once, then applied in chunks that can be resumed.

    Taken by a worker through a lease; `attempt` fences a worker that was thought dead. `counts` and `timings` say
    what came of it, `blocking` what each blocking rule cost, found and left out.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    config = models.ForeignKey(MatchConfigVersion, models.PROTECT, null=True, blank=True, related_name="runs")
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    step = models.CharField(_("step"), max_length=20, default="plan")
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    lease_until = models.DateTimeField(_("lease"), null=True, blank=True)
    counts = models.JSONField(_("counts"), default=dict)
    timings = models.JSONField(_("seconds"), default=dict)
    blocking = models.JSONField(_("blocking"), default=dict)
    actor = models.CharField(_("actor"), max_length=200)
    created_at = models.DateTimeField(_("created"))
    planned_at = models.DateTimeField(_("planned"), null=True, blank=True)
    last_record_id = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="")

    class Meta:
        verbose_name = _("matching run")
        verbose_name_plural = _("matching runs")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("entity",), condition=Q(state__in=("queued", "running")), name="one_run_at_a_time"),)

    def __str__(self) -> str:
        """Name the run."""
        return f"{self.entity} #{self.pk}"


class MatchAttempt(models.Model):
    """Who is matching a source record that waits, how often that was tried, and what went wrong the last time.

    The record itself is the queue (`match_state`). A row is here only while a worker has the record, until `lease_until`, and after
    matching it failed: then the lease is the time before it is tried again. `attempts` counts those of one `version` of the record.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    record_id = models.BigIntegerField(_("source record"))
    version = models.PositiveIntegerField(_("version"))
    attempts = models.PositiveSmallIntegerField(_("attempts"))
    lease_until = models.DateTimeField(_("lease"))
    error = models.CharField(_("error"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("match attempt")
        verbose_name_plural = _("match attempts")
        constraints = (models.UniqueConstraint(fields=("entity", "record_id"), name="a_record_is_matched_once_at_a_time"),)

    def __str__(self) -> str:
        """Name the record."""
        return f"{self.entity} {self.record_id}"


class ChunkKind(models.TextChoices):
    """What a chunk of a plan holds."""

    MEMBERSHIPS = "memberships", _("memberships")
    KEYS = "keys", _("blocking keys")
    DECISIONS = "decisions", _("decisions")
    QUESTIONS = "questions", _("questions")


class RunChunk(models.Model):
    """A part of a run's plan (Arrow IPC bytes), applied in one transaction; in the order of `number`."""

    run = models.ForeignKey(MatchRun, models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=ChunkKind.choices)
    plan = models.BinaryField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("run", "number"), name="chunk_of_a_run"),)

    def __str__(self) -> str:
        """Name run and number."""
        return f"{self.run_id}/{self.number}"


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
    config = models.ForeignKey(MatchConfigVersion, models.PROTECT, related_name="+")
    run = models.ForeignKey(MatchRun, models.PROTECT, null=True, blank=True, related_name="+")
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
        return f"{self.entity} #{self.pk}"


class Judgement(models.Model):
    """What a steward said of two source records. Only people write it; it outranks every rule and outlives every link.

    A judgement that was taken back keeps its row, with the time and the person.
    """

    entity = models.CharField(_("entity type"), max_length=30)
    left_record_id = models.BigIntegerField()
    right_record_id = models.BigIntegerField()
    value = models.CharField(_("judgement"), max_length=10, choices=JudgementValue.choices)
    task = models.ForeignKey(ReviewTask, models.PROTECT, null=True, blank=True, related_name="judgements")
    steward = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("steward"))
    comment = models.TextField(_("comment"), blank=True, default="")
    judged_at = models.DateTimeField(_("judged"))
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords(bases=[ChangeColumns])

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
        return f"{self.entity} {self.left_record_id}-{self.right_record_id}: {self.value}"
