"""What matches, and when: runs with their chunks, records that are tried again, periodic tasks."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from golden_records.saying import named
from matching.models.configs import MatchConfigVersion


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
    REHEARSED = "rehearsed", _("rehearsed")
    DISCARDED = "discarded", _("discarded")


class RunKind(models.TextChoices):
    """Whether a run applies its plan by itself, or shows it and waits for a person to publish it."""

    RUN = "run", _("run")
    REHEARSAL = "rehearsal", _("rehearsal")


class MatchRun(models.Model):
    """One matching of an entity type's records: a plan made once, then applied in chunks that can be resumed.

    Taken by a worker through a lease; `attempt` fences a worker that was thought dead. `counts` and `timings` say
    what came of it, `blocking` what each blocking rule cost, found and left out.

    A rehearsal plans with a config that is not in force, and keeps its plan until that is published, discarded or made anew.
    """

    audited: ClassVar = ("entity", "kind", "state", "config_id")

    entity = models.CharField(_("entity type"), max_length=30)
    kind = models.CharField(_("kind"), max_length=10, choices=RunKind.choices, default=RunKind.RUN)
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
        constraints = (
            models.UniqueConstraint(fields=("entity", "kind"), condition=Q(state__in=("queued", "running")), name="one_run_at_a_time"),
        )

    def __str__(self) -> str:
        """Name the run."""
        return f"{named(self.entity)} #{self.pk}"


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
    MOVES = "moves", _("moves between golden records")


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
