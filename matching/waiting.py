"""The queue of records that wait to be matched: taken one at a time, tried again, and set aside when it fails too often.

The record's own state is the queue. It is taken by one conditional statement, for `LEASE`: of two workers one gets it, and what a
dead one had is free again once the lease is over. Matching takes its own locks and looks again, so a record that two workers have
after all is matched once. One that fails is tried again later, each time after twice as long; the rest goes on.
"""

import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from structlog.contextvars import get_contextvars

from golden_records import waiting
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import Busy
from golden_records.models import MatchState, RecordState
from matching.locks import MatchGuard, in_transaction
from matching.models import MatchAttempt
from matching.realtime import match_waiting

LEASE: Final = timedelta(seconds=60)
ATTEMPTS: Final = 5
BACK_OFF: Final = timedelta(seconds=15)
_SOON: Final = timedelta(seconds=1)
_AT_ONCE: Final = 50
_KEPT_FOR: Final = timedelta(days=1)
_ROOT: Final = Path(__file__).resolve().parent.parent
_ATTEMPT: Final = MatchAttempt._meta.db_table

# A record is taken where it waits and nobody has it; a new version of it has all its attempts before it.
_TAKE: Final = (
    f"INSERT INTO {_ATTEMPT} (entity, record_id, version, attempts, lease_until, error) "  # noqa: S608 - names of our own tables
    "SELECT %s, id, version, 1, %s, '' FROM {records} WHERE id = %s AND match_state = %s AND state = %s "
    "ON CONFLICT (entity, record_id) DO UPDATE SET lease_until = excluded.lease_until, version = excluded.version, "
    f"attempts = CASE WHEN {_ATTEMPT}.version = excluded.version THEN {_ATTEMPT}.attempts + 1 ELSE 1 END "
    f"WHERE {_ATTEMPT}.lease_until < %s RETURNING version, attempts"
)

_logger = structlog.get_logger(__name__)


def match_all_waiting(entity: EntityType, *, seconds: float) -> bool:
    """Match the records that wait, the longest waiting first, for about `seconds`; says whether there are more to be had."""
    until = time.monotonic() + seconds
    while ids := list(_free(entity)[:_AT_ONCE]):
        taken = 0
        for record_id in ids:
            if time.monotonic() > until:
                return True
            taken += match_if_waiting(entity, record_id)
        if not taken:
            # Others are at all of them.
            return False
    return False


def match_if_waiting(entity: EntityType, record_id: int) -> bool:
    """Match a record if it waits and nobody has it; says whether it was taken. What goes wrong with it is kept, not raised.

    Raises `OperationalError` where the database is away: that is not the record's fault.
    """
    taken = _take(entity, record_id)
    if taken is None:
        return False
    version, attempt = taken
    if attempt > ATTEMPTS:
        # Each time whoever had it died of it, or was killed, before it could say why.
        _set_aside(entity, record_id, version, "the worker died while it matched the record")
        return True
    try:
        in_transaction(lambda guard: _match(entity, record_id, guard))
    except Busy:
        _mine(entity, record_id, version, attempt).update(attempts=attempt - 1, lease_until=timezone.now() + _SOON)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one record, the rest goes on
        _failed(entity, record_id, (version, attempt), error)
    return True


def call_back(entity: EntityType, record_ids: list[int], *, change: Change) -> int:
    """Let records that were set aside be tried again from the beginning; gives how many there were."""
    with transaction.atomic():
        called = waiting.call_back(entity, record_ids, change=change)
        MatchAttempt.objects.filter(entity=entity.name, record_id__in=record_ids).delete()
        return called


def why_set_aside(entity: EntityType, record_id: int) -> str:
    """Say what went wrong the last time that a record was matched; empty where nothing did."""
    return MatchAttempt.objects.filter(entity=entity.name, record_id=record_id).values_list("error", flat=True).first() or ""


def forget_attempts(entity: EntityType) -> None:
    """Remove the attempts at records that were matched on another road since."""
    waits = entity.records.filter(pk=OuterRef("record_id")).exclude(match_state=MatchState.MATCHED)
    old = MatchAttempt.objects.filter(entity=entity.name, lease_until__lt=timezone.now() - _KEPT_FOR)
    old.filter(~Exists(waits)).delete()


def _free(entity: EntityType) -> Any:
    had = MatchAttempt.objects.filter(entity=entity.name, record_id=OuterRef("pk"), lease_until__gte=timezone.now())
    return waiting.waiting(entity).filter(~Exists(had)).values_list("pk", flat=True)


def _take(entity: EntityType, record_id: int) -> tuple[int, int] | None:
    now = timezone.now()
    until, since = (connection.ops.adapt_datetimefield_value(moment) for moment in (now + LEASE, now))
    sql = _TAKE.format(records=connection.ops.quote_name(entity.record._meta.db_table))
    with connection.cursor() as cursor:
        cursor.execute(sql, [entity.name, until, record_id, MatchState.PENDING, RecordState.ACTIVE, since])
        taken: tuple[int, int] | None = cursor.fetchone()
    return taken


def _match(entity: EntityType, record_id: int, guard: MatchGuard) -> None:
    match_waiting(entity, record_id, guard=guard, change=change_of_queue("matching of a record that waited"))
    MatchAttempt.objects.filter(entity=entity.name, record_id=record_id).delete()


def change_of_queue(reason: str) -> Change:
    """Sign what the queue does, under the id of the request that rang, where one did."""
    actor = "engine:sweep"
    request_id = str(get_contextvars().get("request_id", ""))[:40]
    return Change(actor=actor, reason=reason, correlation_id=request_id) if request_id else Change(actor=actor, reason=reason)


def _failed(entity: EntityType, record_id: int, taken: tuple[int, int], error: Exception) -> None:
    version, attempt = taken
    told = _told(error)
    _logger.error("matching_failed", entity=entity.name, record=record_id, attempt=attempt, error=told)
    again_at = timezone.now() + BACK_OFF * 2 ** (attempt - 1)
    _mine(entity, record_id, version, attempt).update(error=told, lease_until=again_at)
    if attempt >= ATTEMPTS:
        _set_aside(entity, record_id, version, told)


def _set_aside(entity: EntityType, record_id: int, version: int, told: str) -> None:
    change = change_of_queue(f"could not be matched: {told}")
    with transaction.atomic():
        if waiting.set_aside(entity, record_id, version=version, change=change):
            MatchAttempt.objects.filter(entity=entity.name, record_id=record_id).update(error=told)
            _logger.error("record_set_aside", entity=entity.name, record=record_id, error=told)


def _mine(entity: EntityType, record_id: int, version: int, attempt: int) -> Any:
    return MatchAttempt.objects.filter(entity=entity.name, record_id=record_id, version=version, attempts=attempt)


def _told(error: Exception) -> str:
    """Say what went wrong and where, without the error's own words: they may hold values of a person."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_ROOT)]
    where = f" at {Path(ours[-1].filename).relative_to(_ROOT)}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{where}"[:300]
