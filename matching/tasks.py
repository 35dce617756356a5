"""Background work. Messages carry ids only: the row is the queue, so each task may be lost, come twice or come late."""

from datetime import timedelta
from typing import Final

import structlog
from celery import shared_task
from django.utils import timezone

from golden_records.change import Change
from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.models import MatchState, RecordState
from matching import runs, verifying
from matching.locks import in_transaction
from matching.models import MatchRun, Pulse, RunState
from matching.realtime import match_waiting

_logger = structlog.get_logger(__name__)

_WORK_SECONDS: Final = 60.0
_ONE_BY_ONE: Final = 200
_LEFT_FOR: Final = timedelta(seconds=30)
_RUN_LIMIT: Final = 3600


@shared_task(name="matching.tasks.match_source_record")
def match_source_record(entity_name: str, record_id: int) -> None:
    """Match one record that waits; one that does not wait any more is no work."""
    entity = entity_type(entity_name)
    change = Change(actor="engine:sweep", reason="matching of a record that was left waiting")
    in_transaction(lambda guard: match_waiting(entity, record_id, guard=guard, change=change))


@shared_task(name="matching.tasks.work_on_run", time_limit=_RUN_LIMIT, soft_time_limit=_RUN_LIMIT - 60)
def work_on_run(run_id: int) -> None:
    """Carry a matching run on for a minute, and ring again where it is not done: a worker must not be held for hours."""
    run = runs.work_on(run_id, seconds=_WORK_SECONDS)
    if run.state == RunState.QUEUED:
        work_on_run.delay(run_id)


@shared_task(name="matching.tasks.sweep")
def sweep() -> None:
    """Find what was left: runs that nobody works on, and records that wait longer than they should."""
    Pulse.objects.update_or_create(name="sweep", defaults={"at": timezone.now()})
    for run_id in runs.waiting_runs():
        work_on_run.delay(run_id)
    for entity in ENTITIES.values():
        _sweep_records(entity)


@shared_task(name="matching.tasks.rematch")
def rematch() -> None:
    """Match every entity type anew: finds what one-by-one matching could not see, and learns again when there is much more."""
    for entity in ENTITIES.values():
        work_on_run.delay(runs.start(entity, actor="engine:nightly").pk)


@shared_task(name="matching.tasks.verify", time_limit=_RUN_LIMIT, soft_time_limit=_RUN_LIMIT - 60)
def verify() -> None:
    """Check everything that must always hold, and log what does not: by names of checks and ids, never by values."""
    for finding in verifying.verify():
        told = {"check": finding.check.name, "offences": finding.count, "seconds": round(finding.seconds, 1)}
        if not finding.count:
            _logger.info("verified", **told)
        else:
            _logger.error("invariant_broken", **told, named=[{"entity": each.entity, **each.ids} for each in finding.offences])


def _sweep_records(entity: EntityType) -> None:
    if MatchRun.objects.filter(entity=entity.name, state__in=(RunState.QUEUED, RunState.RUNNING)).exists():
        return
    waiting = entity.records.filter(match_state=MatchState.PENDING, state=RecordState.ACTIVE, updated_at__lt=timezone.now() - _LEFT_FOR)
    ids = list(waiting.order_by("id").values_list("id", flat=True)[: _ONE_BY_ONE + 1])
    if len(ids) > _ONE_BY_ONE:
        work_on_run.delay(runs.start(entity, actor="engine:sweep").pk)
        return
    for record_id in ids:
        match_source_record.delay(entity.name, record_id)
