"""Matching runs: planned once, applied chunk by chunk, resumed by whoever takes the lease. Written here alone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, models, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import Busy
from golden_records.garbage import no_search_for_cycles
from matching.active_config import ActiveConfig, activate, active_config, config_version, shipped_config, store, unlearned_model
from matching.apply import Applying, apply_chunk, key_latecomers
from matching.chunks import Chunk
from matching.engines import choice
from matching.engines.choice import Engine
from matching.foreseen import counted
from matching.keys import forget_common_keys
from matching.locks import MatchGuard, in_transaction
from matching.models import MatchRun, RunChunk, RunKind, RunState
from matching.plan import Way, make_plan
from matching.population import Population, population

LEASE: Final = timedelta(seconds=90)
APPLY: Final = "apply"
REHEARSED: Final = "rehearsed"
"""Steps after the plan: it is applied, or shown until a person publishes it."""
_HEARTBEAT_SECONDS: Final = 20
_ATTEMPTS: Final = 5
_LEARN_AGAIN_AT: Final = 2.0
_FEWEST_TO_LEARN_FROM: Final = 50
_logger = structlog.get_logger(__name__)


class LostLease(Exception):
    """Another worker has taken the run over: this one stops, and what it had not committed is gone."""


def start(entity: EntityType, *, actor: str) -> MatchRun:
    """Queue a run for an entity type, or give the one that is under way."""
    try:
        with transaction.atomic():
            return MatchRun.objects.create(entity=entity.name, actor=actor, created_at=timezone.now())
    except IntegrityError:
        return MatchRun.objects.get(entity=entity.name, kind=RunKind.RUN, state__in=(RunState.QUEUED, RunState.RUNNING))


def waiting_runs() -> list[int]:
    """Give the runs that nobody works on: queued ones, and those whose worker let its lease go by."""
    lost = Q(state=RunState.RUNNING, lease_until__lt=timezone.now())
    return list(MatchRun.objects.filter(Q(state=RunState.QUEUED) | lost).order_by("id").values_list("id", flat=True))


def work_on(
    run_id: int, *, say: Callable[[str], None] = lambda _: None, seconds: float | None = None, engine: Engine | None = None
) -> MatchRun:
    """Take a run and carry it on, to its end or for about `seconds`. Does nothing where another worker holds it.

    It is planned with `engine`, else with the one that the settings name. Killed at any point, nothing is half done: the next
    worker plans again, or goes on with the first chunk not applied.
    """
    attempt = _take(run_id)
    run = MatchRun.objects.select_related("config").get(pk=run_id)
    if attempt is None:
        return run
    try:
        _carry_on(run, say, seconds, engine)
    except LostLease:
        raise
    except Exception as error:
        _give_back(run, error)
        raise
    run.refresh_from_db()
    return run


def _carry_on(run: MatchRun, say: Callable[[str], None], seconds: float | None, engine: Engine | None) -> None:
    started = time.monotonic()
    if run.step == "plan":
        with _heartbeat(run):
            _plan(run, say, engine or configured_engine())
    if run.step == REHEARSED:
        _rest(run)
        return
    total = run.chunks.count()
    while (chunk := run.chunks.filter(applied_at__isnull=True).first()) is not None:
        if seconds is not None and time.monotonic() - started > seconds:
            _held(run).update(state=RunState.QUEUED, lease_until=None)
            return
        _apply(run, chunk)
        say(f"applying {chunk.number} of {total}")
    if run.kind == RunKind.REHEARSAL:
        _key_latecomers(run)
    _finish(run)


def _give_back(run: MatchRun, error: Exception) -> None:
    """Leave the run for another try, or for a person once it has failed too often: it must not fail for ever unseen."""
    # That others are writing is no fault of the run: it gets its turn.
    state = RunState.FAILED if run.attempt >= _ATTEMPTS and not isinstance(error, Busy) else RunState.QUEUED
    _held(run).update(state=state, lease_until=None, error=f"{type(error).__name__}: {error}"[:2000])


def _take(run_id: int) -> int | None:
    now = timezone.now()
    free = Q(state=RunState.QUEUED) | Q(state=RunState.RUNNING, lease_until__lt=now)
    taken = MatchRun.objects.filter(free, pk=run_id).update(state=RunState.RUNNING, attempt=F("attempt") + 1, lease_until=now + LEASE)
    return MatchRun.objects.values_list("attempt", flat=True).get(pk=run_id) if taken else None


def configured_engine() -> Engine:
    """Give the engine that the settings name. Raises `MissingEngine`."""
    return choice.engine(settings.MATCH_ENGINE, master=settings.SPARK_MASTER, memory_mib=settings.MATCH_MEMORY_MIB)


def _held(run: MatchRun) -> "models.QuerySet[MatchRun]":
    return MatchRun.objects.filter(pk=run.pk, attempt=run.attempt, state=RunState.RUNNING)


def _keep(run: MatchRun, **fields: object) -> None:
    if _held(run).update(lease_until=timezone.now() + LEASE, **fields) != 1:
        raise LostLease


@contextmanager
def _heartbeat(run: MatchRun) -> Iterator[None]:
    """Keep the lease while a plan is made, which reads and computes but can't be cut into steps."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(_HEARTBEAT_SECONDS):
            try:
                _held(run).update(lease_until=timezone.now() + LEASE)
            except (InterfaceError, OperationalError) as error:
                # Others write, or the database is away for a moment: the lease outlasts several beats.
                _logger.warning("heartbeat_missed", run=run.pk, error=type(error).__name__)
                connection.close()
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _plan(run: MatchRun, say: Callable[[str], None], engine: Engine) -> None:
    entity = entity_type(run.entity)
    begun = time.monotonic()
    say("reading")
    run.planned_at, run.last_record_id = in_transaction(lambda guard: _line(entity, run.kind, guard))
    people = population(entity)
    rehearsal = run.kind == RunKind.REHEARSAL
    active = config_version(run.config_id) if rehearsal and run.config_id else _config_for(entity)
    read = time.monotonic()
    learn = _should_learn(entity, people, active)
    plan = make_plan(entity, people, active, Way(engine, learn, rehearsal), say=say)
    timings = {"read": round(read - begun, 3), **{name: round(value, 3) for name, value in plan.timings.items()}}
    with transaction.atomic():
        if learn:
            keep = store if rehearsal else activate
            active = keep(entity, plan.model, label=f"run{run.pk}", reviewed=active.reviewed)
            run.counts["learned_from"] = len(people.ids)
        run.counts |= plan.counts
        run.timings = timings | {"plan": round(time.monotonic() - begun, 3)}
        run.step, run.config_id, run.blocking = REHEARSED if rehearsal else APPLY, active.id, plan.blocking
        fields = ("counts", "timings", "blocking", "step", "config_id", "planned_at", "last_record_id")
        _keep(run, **{name: getattr(run, name) for name in fields})
        run.chunks.all().delete()
        RunChunk.objects.bulk_create(
            [RunChunk(run=run, number=number, kind=chunk.kind, plan=chunk.to_bytes()) for number, chunk in enumerate(plan.chunks, 1)],
            batch_size=50,
        )


def _rest(run: MatchRun) -> None:
    """Leave a rehearsal as planned, with what it would do, for a person to publish."""
    counts = run.counts | counted(run, Change(actor=run.actor, reason=""))
    if _held(run).update(state=RunState.REHEARSED, lease_until=None, counts=counts) != 1:
        raise LostLease


def _line(entity: EntityType, kind: str, guard: MatchGuard) -> tuple[datetime, int]:
    """Draw the line between what the plan sees and what comes after: alone, so that nobody stands on it."""
    guard.enter_alone(entity)
    if kind == RunKind.RUN:
        forget_common_keys(entity)
    return timezone.now(), entity.records.aggregate(last=Max("id"))["last"] or 0


def _config_for(entity: EntityType) -> ActiveConfig:
    """Give the config in force; where the reviewed file has a newer version, that one is put in force.

    What was published after a rehearsal has a greater version than the file, and stays until the file has one.
    """
    active = active_config(entity)
    shipped = shipped_config(entity)
    if active.config.version > shipped.version or shipped.to_document() == active.as_reviewed.to_document():
        return active
    return activate(entity, unlearned_model(entity), label="shipped")


def _should_learn(entity: EntityType, people: Population, active: ActiveConfig) -> bool:
    """Learn at first, after a change of config, and when there are twice as many records as were learned from."""
    if len(people.ids) < _FEWEST_TO_LEARN_FROM:
        return False
    runs = MatchRun.objects.filter(entity=entity.name, config_id=active.id, counts__has_key="learned_from")
    learned_from = runs.order_by("-id").values_list("counts__learned_from", flat=True).first()
    return learned_from is None or len(people.ids) >= _LEARN_AGAIN_AT * learned_from


def _apply(run: MatchRun, chunk: RunChunk) -> None:
    begun = time.monotonic()

    def work(guard: MatchGuard) -> tuple[dict[str, int], dict[str, float]]:
        guard.enter_alone(entity_type(run.entity))
        counts = apply_chunk(Chunk.from_bytes(chunk.kind, bytes(chunk.plan)), _applying(run, guard))
        total = run.counts | {name: run.counts.get(name, 0) + count for name, count in counts.items()}
        timings = run.timings | {"apply": round(run.timings.get("apply", 0.0) + time.monotonic() - begun, 3)}
        RunChunk.objects.filter(pk=chunk.pk).update(applied_at=timezone.now())
        _keep(run, counts=total, timings=timings)
        return total, timings

    with no_search_for_cycles():
        run.counts, run.timings = in_transaction(work)


def _key_latecomers(run: MatchRun) -> None:
    def work(guard: MatchGuard) -> None:
        guard.enter_alone(entity_type(run.entity))
        forget_common_keys(entity_type(run.entity))
        key_latecomers(_applying(run, guard))

    in_transaction(work)


def _applying(run: MatchRun, guard: MatchGuard) -> Applying:
    assert run.config_id is not None  # noqa: S101 - a run that has chunks has a plan
    assert run.planned_at is not None  # noqa: S101 - as above
    entity, active = entity_type(run.entity), config_version(run.config_id)
    change = Change(actor=f"engine:{entity.name}@{active.version}", reason=f"matching run {run.pk}", correlation_id=f"run-{run.pk}")
    return Applying(entity, active, run.pk, (run.planned_at, run.last_record_id), change, guard)


def _finish(run: MatchRun) -> None:
    with transaction.atomic():
        if _held(run).update(state=RunState.COMPLETED, step="done", lease_until=None, finished_at=timezone.now()) != 1:
            raise LostLease
        run.chunks.all().delete()
