"""Source records that wait to be matched, and those that could not be: set aside, and called back."""

from collections.abc import Sequence
from typing import Any

from golden_records import bulk
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.history import ChangeKind, history_of
from golden_records.models import MatchState, RecordState


def waiting(entity: EntityType) -> Any:
    """Ask for the records that wait to be matched, the one that has waited longest first."""
    return entity.records.filter(match_state=MatchState.PENDING, state=RecordState.ACTIVE).order_by("updated_at", "id")


def set_aside(entity: EntityType, record_id: int, *, version: int, change: Change) -> bool:
    """Take a record out of those that wait, with the reason in its history; says whether it still waited in this version.

    It stays where it is linked, if it is. The caller owns the transaction.
    """
    waits = waiting(entity).filter(pk=record_id, version=version).select_for_update()
    return _turn(entity, list(waits.values_list("pk", flat=True)), MatchState.FAILED, change) > 0


def call_back(entity: EntityType, record_ids: Sequence[int], *, change: Change) -> int:
    """Let records that were set aside wait again; gives how many. The caller owns the transaction."""
    failed = entity.records.filter(pk__in=record_ids, match_state=MatchState.FAILED).order_by("id").select_for_update()
    return _turn(entity, list(failed.values_list("pk", flat=True)), MatchState.PENDING, change)


def look_again(entity: EntityType, record_ids: Sequence[int], *, change: Change) -> list[int]:
    """Let matched records wait again, because what they refer to has changed; gives which. The caller owns the transaction.

    Each has a new version: what was planned with what it referred to is not carried out.
    """
    matched = entity.records.filter(pk__in=record_ids, state=RecordState.ACTIVE, match_state=MatchState.MATCHED)
    found = dict(matched.order_by("id").select_for_update().values_list("pk", "version"))
    rows = [{"id": pk, "version": version + 1, "updated_at": change.at, "match_state": MatchState.PENDING} for pk, version in found.items()]
    history = history_of(entity.record, change=change, kind=ChangeKind.CHANGED)
    bulk.update(entity.record, rows, columns=("version", "updated_at", "match_state"), copy_to=history)
    return list(found)


def _turn(entity: EntityType, record_ids: Sequence[int], state: MatchState, change: Change) -> int:
    rows = [{"id": record_id, "match_state": state} for record_id in record_ids]
    bulk.update(entity.record, rows, columns=("match_state",), copy_to=history_of(entity.record, change=change, kind=ChangeKind.CHANGED))
    return len(rows)
