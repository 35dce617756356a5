"""What changes golden records although no source record changed: the day, and that sources confirmed what they said."""

import time
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from golden_records import confirming, golden, pins
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden_content import day_of
from golden_records.models import GoldenState
from matching.locks import MatchGuard, Restart, in_transaction

_AT_ONCE: Final = 500
_ACTOR: Final = "engine:survivorship"


def turn(entity: EntityType, *, seconds: float) -> bool:
    """Rebuild the golden records that the day changes, and those of confirmed source records; says whether some are left.

    Chunk by chunk, each in its transaction, so that nobody waits for long, and whoever ends it loses nothing.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not (_turn_some(entity) or _confirm_some(entity)):
            return False
    return True


def _turn_some(entity: EntityType) -> bool:
    change = Change(actor=_ACTOR, reason="the day has changed what survives", at=timezone.now())
    today = day_of(change.at)
    due = entity.goldens.filter(due_on__lte=today, state=GoldenState.ACTIVE).order_by("due_on", "id")
    golden_ids: list[UUID] = list(due.values_list("id", flat=True)[:_AT_ONCE])

    def work(guard: MatchGuard) -> None:
        guard.enter(entity)
        guard.goldens(entity, golden_ids)
        golden.rebuild(entity, golden_ids, change=change)
        if not golden_ids:
            pins.lapse_asleep(entity, today, change=change)

    in_transaction(work)
    return bool(golden_ids)


def _confirm_some(entity: EntityType) -> bool:
    record_ids = confirming.waiting(entity, limit=_AT_ONCE)
    change = Change(actor=_ACTOR, reason="sources confirmed what they had sent", at=timezone.now())

    def work(guard: MatchGuard) -> None:
        guard.enter(entity)
        goldens = guard.goldens(entity, record_ids=record_ids)
        records: Any = entity.records.filter(id__any=record_ids, golden_id__isnull=False)
        if not set(records.values_list("golden_id", flat=True)) <= goldens.keys():
            raise Restart
        confirming.take_over(entity, record_ids)
        golden.rebuild(entity, goldens, change=change)

    if record_ids:
        in_transaction(work)
    return bool(record_ids)
