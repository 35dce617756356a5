"""The use cases of survivorship rules: put in force alone in the entity type, and carried to all golden records chunk by chunk."""

import time
from uuid import UUID

from django.utils import timezone

from golden_records import publishing
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.models import RulesRun, RulesRunKind, StepwiseState
from matching.locks import MatchGuard, Restart, in_transaction


def publish(entity: EntityType, text: str, *, based_on: int, change: Change) -> RulesRun:
    """Put rules in force; see `golden_records.publishing`. Whoever comes later goes by them, and a run sees to what was there before."""

    def work(guard: MatchGuard) -> RulesRun:
        guard.enter_alone(entity)
        return publishing.publish(entity, text, based_on=based_on, change=change)

    return in_transaction(work)


def work_on(run_id: int, *, seconds: float) -> RulesRun:
    """Carry a run on, to its end or for about `seconds`: killed at any point, it goes on after the last chunk that was done."""
    until = time.monotonic() + seconds
    while True:
        run = RulesRun.objects.get(pk=run_id)
        if run.state != StepwiseState.RUNNING or time.monotonic() >= until:
            return run
        _one_chunk(run, publishing.next_ids(run))


def _one_chunk(run: RulesRun, golden_ids: list[UUID]) -> None:
    entity = entity_type(run.entity)
    reason = f"survivorship rules published by {run.actor}"
    change = Change(actor="engine:survivorship", reason=reason, correlation_id=f"rules-{run.pk}", at=timezone.now())

    def work(guard: MatchGuard) -> None:
        # Another worker may have done this chunk: it is not done twice.
        if RulesRun.objects.values_list("cursor", flat=True).get(pk=run.pk) != run.cursor:
            return
        if run.kind == RulesRunKind.REBUILD:
            guard.enter(entity)
            guard.goldens(entity, golden_ids)
        if not publishing.step(run, golden_ids, change=change):
            raise Restart

    in_transaction(work)
