"""Background work. Messages carry ids only: the row is the queue, so each task may be lost, come twice or come late."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from golden_records import imports, publishing, remapping
from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.hierarchy.links import with_hierarchy
from golden_records.models import StepwiseState
from golden_records.waiting import waiting
from matching import hierarchy, mapping_runs, measuring, rule_runs, runs, turning, valuing, verifying
from matching.doorbell import ring
from matching.models import MatchRun, Pulse, RunKind, RunState
from matching.reports import jobs
from matching.waiting import forget_attempts, match_all_waiting, match_if_waiting

_logger = structlog.get_logger(__name__)

SWEPT: Final = "sweep"
VERIFIED: Final = "verify: "
"""Names of pulses: of the sweep, and the beginning of those of the checks."""

# A worker that is told to stop ends what it holds: it must not hold anything for long.
_WORK_SECONDS: Final = 15.0
_QUEUE_SECONDS: Final = 15.0
_ONE_BY_ONE: Final = 200
_SHARE_OF_A_RUN: Final = 250
_AFTER_A_FAILED_RUN: Final = timedelta(hours=1)
_RUN_LIMIT: Final = 3600


@shared_task(name="matching.tasks.match_source_record")
def match_source_record(entity_name: str, record_id: int) -> None:
    """Match one record that waits; one that does not wait any more, or that somebody has, is no work."""
    match_if_waiting(entity_type(entity_name), record_id)


@shared_task(name="matching.tasks.match_waiting_records")
def match_waiting_records(entity_name: str) -> None:
    """Match all that waits: in a run where it is much, else one by one. Where a run is under way, it sees to them."""
    entity = entity_type(entity_name)
    if MatchRun.objects.filter(entity=entity_name, kind=RunKind.RUN, state__in=(RunState.QUEUED, RunState.RUNNING)).exists():
        return
    if _run_pays(entity):
        ring(work_on_run, runs.start(entity, actor="engine:sweep").pk)
    elif match_all_waiting(entity, seconds=_QUEUE_SECONDS):
        ring(match_waiting_records, entity_name)


@shared_task(name="matching.tasks.work_on_run", time_limit=_RUN_LIMIT, soft_time_limit=_RUN_LIMIT - 60)
def work_on_run(run_id: int) -> None:
    """Carry a matching run on for a while, and ring again where it is not done: a worker must not be held for hours."""
    run = runs.work_on(run_id, seconds=_WORK_SECONDS)
    if run.state == RunState.QUEUED:
        ring(work_on_run, run_id)


@shared_task(name="matching.tasks.sweep")
def sweep() -> None:
    """Find what was left: runs that nobody works on, records that wait longer than they should, and calls that were lost."""
    Pulse.objects.update_or_create(name=SWEPT, defaults={"at": timezone.now()})
    imports.close_lost_calls()
    for run_id in runs.waiting_runs():
        ring(work_on_run, run_id)
    for run_id in publishing.running():
        ring(work_on_rules, run_id)
    for run_id in remapping.running():
        ring(work_on_mapping, run_id)
    for kind, pk in measuring.waiting_work():
        ring(learn, kind, pk)
    jobs.forget_old()
    for job_id in jobs.waiting_reports():
        ring(make_report, str(job_id))
    ring(value_tasks)
    left_since = timezone.now() - timedelta(seconds=settings.SWEEP_SECONDS)
    for entity in ENTITIES.values():
        forget_attempts(entity)
        if waiting(entity).filter(updated_at__lt=left_since).exists():
            ring(match_waiting_records, entity.name)


@shared_task(name="matching.tasks.rematch")
def rematch() -> None:
    """Match every entity type anew: finds what one-by-one matching could not see, and learns again when there is much more."""
    for entity in ENTITIES.values():
        ring(work_on_run, runs.start(entity, actor="engine:nightly").pk)


@shared_task(name="matching.tasks.turn", time_limit=_RUN_LIMIT)
def turn(entity_name: str | None = None) -> None:
    """Bring golden records up to the day, of one entity type or of all, for a while; ring again for what is left."""
    for name in (entity_name,) if entity_name else tuple(ENTITIES):
        if turning.turn(entity_type(name), seconds=_WORK_SECONDS):
            ring(turn, name)


@shared_task(name="matching.tasks.work_on_rules", time_limit=_RUN_LIMIT)
def work_on_rules(run_id: int) -> None:
    """Carry survivorship rules, or a preview of some, to more golden records, and ring again for what is left."""
    if rule_runs.work_on(run_id, seconds=_WORK_SECONDS).state == StepwiseState.RUNNING:
        ring(work_on_rules, run_id)


@shared_task(name="matching.tasks.work_on_mapping", time_limit=_RUN_LIMIT)
def work_on_mapping(run_id: int) -> None:
    """Carry a mapping to more stored records, and ring again for what is left; those that changed wait to be matched."""
    run = mapping_runs.work_on(run_id, seconds=_WORK_SECONDS)
    if run.state == StepwiseState.RUNNING:
        ring(work_on_mapping, run_id)


@shared_task(name="matching.tasks.settle_hierarchy")
def settle_hierarchy() -> None:
    """Bring the hierarchy up to the change feed, for a while; ring again for what is left. The sealer rings after it sealed something."""
    left = [entity for entity in with_hierarchy() if hierarchy.follow(entity, seconds=_WORK_SECONDS)]
    if left:
        ring(settle_hierarchy)


@shared_task(name="matching.tasks.make_report", time_limit=_RUN_LIMIT, soft_time_limit=_RUN_LIMIT - 60)
def make_report(job_id: str) -> None:
    """Make a report that somebody asked for; one that is made, or that another worker makes, is no work."""
    jobs.work_on(UUID(job_id))


@shared_task(name="matching.tasks.value_tasks", time_limit=_RUN_LIMIT)
def value_tasks(after_id: int = 0) -> None:
    """Work out for a while what answers to new questions are worth; ring again for what is left."""
    left = valuing.work_on(after_id=after_id, only_new=True, seconds=_WORK_SECONDS)
    if left is not None:
        ring(value_tasks, left)


@shared_task(name="matching.tasks.value_all_tasks", time_limit=_RUN_LIMIT)
def value_all_tasks(after_id: int = 0) -> None:
    """Work out anew for a while what answers to all open questions are worth, as revenue changes; ring again for what is left."""
    left = valuing.work_on(after_id=after_id, only_new=False, seconds=_WORK_SECONDS)
    if left is not None:
        ring(value_all_tasks, left)


@shared_task(name="matching.tasks.learn", time_limit=_RUN_LIMIT, soft_time_limit=_RUN_LIMIT - 60)
def learn(kind: str, pk: int) -> None:
    """Draw a sample of checks, or measure quality from answers; what is done is no work."""
    measuring.carry_out(kind, pk)


@shared_task(name="matching.tasks.verify", time_limit=_RUN_LIMIT, soft_time_limit=_RUN_LIMIT - 60)
def verify() -> None:
    """Check everything that must always hold, and log what does not: by names of checks and ids, never by values."""
    # All of it first: on SQLite nothing can be written while it is read.
    for finding in list(verifying.verify()):
        Pulse.objects.update_or_create(name=f"{VERIFIED}{finding.check.name}", defaults={"at": timezone.now(), "found": finding.count})
        told = {"check": finding.check.name, "offences": finding.count, "seconds": round(finding.seconds, 1)}
        if not finding.count:
            _logger.info("verified", **told)
        else:
            _logger.error("invariant_broken", **told, named=[{"entity": each.entity, **each.ids} for each in finding.offences])


def _run_pays(entity: EntityType) -> bool:
    """A run reads and compares everything there is: that is worth it where much waits, seen against the whole.

    After a run that failed, records are matched one by one for a while, so that the one which it failed for is found and set aside.
    """
    failed_lately = MatchRun.objects.filter(entity=entity.name, created_at__gt=timezone.now() - _AFTER_A_FAILED_RUN).order_by("-id")
    if failed_lately.values_list("state", flat=True).first() == RunState.FAILED:
        return False
    # All are counted only where it may matter: that costs as much as the table is long.
    return _more_wait_than(entity, _ONE_BY_ONE) and _more_wait_than(entity, entity.records.count() // _SHARE_OF_A_RUN)


def _more_wait_than(entity: EntityType, many: int) -> bool:
    return len(waiting(entity).values_list("pk", flat=True)[: many + 1]) > many
