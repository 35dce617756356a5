"""Import jobs: who imports a file or takes the records of a call in, how far it got, and that no two do it at once."""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from golden_records.change import Change
from golden_records.entities import ENTITIES
from golden_records.errors import Busy
from golden_records.models import ImportJob, ImportState, MatchState, RecordState, SourceSystem

LEASE: Final = timedelta(seconds=60)
# A client may be slow, and nobody else can take its call over.
LEASE_OF_A_CALL: Final = timedelta(minutes=10)
COUNTS: Final = ("created", "updated", "unchanged", "stale", "quarantined", "refused", "suppressed")
OF_A_CALL: Final = "NDJSON"


class TakenOver(Busy):
    """Another process has taken the import over: this one stops, and what it had not finished is not written."""

    code = "import_taken_over"
    title = "Another process imports this file"


def begin(*, source: SourceSystem, entity: str, path: Path, digest: str, restart: bool, change: Change) -> ImportJob:
    """Take the import of a file: the one that was left unfinished, where it was left, or a new one.

    An import that is running elsewhere is left alone: raises `Busy`. It is taken over once its process is gone (known
    at once on the same machine, otherwise when its lease is over). With `restart`, what was left unfinished is closed
    and the file is read from its beginning; rows that are there already come out unchanged.
    """
    with transaction.atomic():
        jobs = ImportJob.objects.select_for_update().filter(source=source, entity=entity, file_digest=digest)
        unfinished = jobs.exclude(state=ImportState.COMPLETED).order_by("-id").first()
        if unfinished is not None and unfinished.finished_at is None and _is_alive(unfinished):
            raise _busy(unfinished)
        if unfinished is not None and not restart:
            return _resume(unfinished, change)
        if unfinished is not None and unfinished.state == ImportState.RUNNING:
            _close(unfinished, ImportState.FAILED, "restarted from the beginning")
        return _new(source, entity, path, digest, change)


def begin_call(*, change: Change) -> ImportJob:
    """Begin to take in the records of one call."""
    return ImportJob.objects.create(
        file_name=OF_A_CALL, actor=change.actor, worker=_worker(), lease_until=change.at + LEASE_OF_A_CALL, started_at=change.at
    )


def close_lost_calls() -> int:
    """Close the jobs of calls whose process died, or whose client was not heard of for too long; gives how many."""
    lost = ImportJob.objects.filter(state=ImportState.RUNNING, source=None, lease_until__lt=timezone.now())
    return lost.update(state=ImportState.FAILED, error="the call was lost", finished_at=timezone.now(), lease_until=None)


def record_progress(job: ImportJob, rows: int, counts: Mapping[str, int]) -> None:
    """Count the rows of a chunk, in the chunk's own transaction, and keep the lease.

    Raises `TakenOver` where the job is no longer this process's; the chunk is rolled back then.
    """
    mine = ImportJob.objects.filter(pk=job.pk, attempt=job.attempt, state=ImportState.RUNNING, rows_done=job.rows_done)
    added = {name: F(name) + counts[name] for name in COUNTS}
    lease = LEASE if job.source_id else LEASE_OF_A_CALL
    if mine.update(rows_done=job.rows_done + rows, lease_until=timezone.now() + lease, **added) != 1:
        message = f"The import of {job.file_name} goes on in another process."
        raise TakenOver(message, remedy="Let it finish.", job=job.pk)


def advance(job: ImportJob, rows: int, counts: Mapping[str, int]) -> None:
    """Tell the job in memory what `record_progress` wrote, once the chunk is committed."""
    job.rows_done += rows
    for name in COUNTS:
        setattr(job, name, getattr(job, name) + counts[name])


def complete(job: ImportJob) -> None:
    """Close a job whose file was read to its end."""
    _close(job, ImportState.COMPLETED, "")


def fail(job: ImportJob, reason: str) -> None:
    """Close a job that stopped; it goes on where it stopped when the file is imported again."""
    _close(job, ImportState.FAILED, reason)


def still_to_match(job: ImportJob) -> dict[str, int]:
    """Count the records that came in while the job ran: those that wait to be matched still, and those that could not be.

    What others sent meanwhile counts as well: nothing says of a record which call it came by. Once the first is 0, all of the job's
    records have been matched, or failed.
    """
    counts = {"waiting": 0, "failed": 0}
    for entity in [ENTITIES[job.entity]] if job.entity in ENTITIES else ENTITIES.values():
        came = entity.records.order_by().filter(
            state=RecordState.ACTIVE, updated_at__gte=job.started_at, updated_at__lte=job.finished_at or timezone.now()
        )
        counts["waiting"] += came.filter(match_state=MatchState.PENDING).count()
        counts["failed"] += came.filter(match_state=MatchState.FAILED).count()
    return counts


def _new(source: SourceSystem, entity: str, path: Path, digest: str, change: Change) -> ImportJob:
    try:
        with transaction.atomic():
            return ImportJob.objects.create(
                source=source,
                entity=entity,
                file_name=path.name,
                file_digest=digest,
                actor=change.actor,
                worker=_worker(),
                lease_until=timezone.now() + LEASE,
                started_at=change.at,
            )
    except IntegrityError:
        raise _busy(None) from None


def _resume(job: ImportJob, change: Change) -> ImportJob:
    job.state, job.error, job.finished_at, job.actor = ImportState.RUNNING, "", None, change.actor
    job.attempt, job.worker, job.lease_until = job.attempt + 1, _worker(), timezone.now() + LEASE
    job.save(update_fields=["state", "error", "finished_at", "actor", "attempt", "worker", "lease_until"])
    return job


def _close(job: ImportJob, state: ImportState, error: str) -> None:
    job.state, job.error, job.finished_at, job.lease_until = state, error, timezone.now(), None
    mine = ImportJob.objects.filter(pk=job.pk, attempt=job.attempt, state=ImportState.RUNNING)
    mine.update(state=state, error=error, finished_at=job.finished_at, lease_until=None)


def _busy(job: ImportJob | None) -> Busy:
    message = "This file is being imported by another process."
    return Busy(message, remedy="Wait until it is done.", job=job.pk if job is not None else None)


def _worker() -> str:
    return f"{socket.gethostname()[:80]}:{os.getpid()}"


def _is_alive(job: ImportJob) -> bool:
    """Say whether the process that holds the job may still be at work."""
    if job.lease_until is None or job.lease_until < timezone.now():
        return False
    host, _, process = job.worker.rpartition(":")
    if host != socket.gethostname()[:80] or not process.isdigit():
        return True
    return int(process) != os.getpid() and _exists(int(process))


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
