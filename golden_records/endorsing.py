"""The mark "confirmed": a steward looked at a golden record, and it is right. Set and taken off here alone.

A merge takes no mark away: it stays with its canonical id, and counts for the golden record that answers for that id. So a golden record
is confirmed where it, or one that leads to it, has the mark. The mark says something of one version, and keeps nobody from anything.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.db.models.expressions import RawSQL

from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import NothingToUndo, StaleWrite
from golden_records.history import ChangeKind, write_history
from golden_records.locking import lock_known_goldens
from golden_records.models import Endorsement, GoldenState, MergeReceipt

_SAID: Final = ("stands", "version", "reason", "owner", "user", "said_at")
_LEADING: Final = """
WITH RECURSIVE former(asked, id) AS (
    SELECT id, id FROM {goldens} WHERE id IN ({asked})
    UNION
    SELECT former.asked, golden.id FROM {goldens} golden JOIN former ON golden.successor_id = former.id
)
SELECT mark.*, former.asked FROM {marks} mark JOIN former ON mark.golden_id = former.id
WHERE mark.entity = %s AND mark.stands ORDER BY mark.said_at, mark.id
"""
_CONFIRMED: Final = """
WITH RECURSIVE confirmed(id) AS (
    SELECT golden_id FROM {marks} WHERE entity = %s AND stands
    UNION
    SELECT golden.successor_id FROM {goldens} golden JOIN confirmed ON golden.id = confirmed.id WHERE golden.successor_id IS NOT NULL
)
SELECT id FROM confirmed
"""


def endorse(entity: EntityType, golden_id: UUID, *, version: int, change: Change) -> Endorsement:
    """Say that a golden record is right as it is at a version, or say so again of a later one; `change` has who and why.

    The caller owns the transaction. Raises `UnknownGoldenRecord`, and `StaleWrite` where it is not active or has another version by now.
    """
    row = lock_known_goldens(entity, [golden_id])[golden_id]
    if row["state"] != GoldenState.ACTIVE:
        message = f"Golden record {golden_id} is {row['state']}."
        raise StaleWrite(message, remedy="Look up its successor.", golden=str(golden_id))
    if (now := row["version"]) != version:
        message = f"Golden record {golden_id} has version {now} by now, and you looked at version {version}."
        raise StaleWrite(message, remedy="Look at it again.", golden=str(golden_id), version=now)
    return _say(entity, golden_id, stands=True, version=version, change=change)


def take_off(entity: EntityType, golden_id: UUID, *, change: Change) -> Endorsement:
    """Take the mark of a canonical id off, also of one that is retired by now; `change` has who and why.

    The caller owns the transaction. Raises `UnknownGoldenRecord`, and `NothingToUndo` where it has none.
    """
    row = lock_known_goldens(entity, [golden_id])[golden_id]
    if not Endorsement.objects.filter(entity=entity.name, golden_id=golden_id, stands=True).exists():
        message = f"Golden record {golden_id} is not marked as confirmed."
        raise NothingToUndo(message, golden=str(golden_id))
    return _say(entity, golden_id, stands=False, version=row["version"], change=change)


def standing(entity: EntityType, golden_ids: Collection[UUID]) -> dict[UUID, list[Endorsement]]:
    """Give the marks of those of some golden records that are confirmed: their own, and those of ids that lead to them. One statement."""
    ids = list(golden_ids)
    if not ids:
        return {}
    query = _named(_LEADING, entity, asked=", ".join(["%s"] * len(ids)))
    found: dict[UUID, list[Endorsement]] = {}
    rows: Any = Endorsement.objects.raw(query, [*map(_written, ids), entity.name])
    for mark in rows:
        asked = mark.asked
        found.setdefault(asked if isinstance(asked, UUID) else UUID(asked), []).append(mark)
    return found


def standing_as_of(entity: EntityType, golden_id: UUID, moment: datetime) -> Sequence[Any]:
    """Give the marks of a golden record at a moment of the past, out of history: its own, and those of what was merged into it by then."""
    merged = MergeReceipt.objects.filter(Q(undone_at__isnull=True) | Q(undone_at__gt=moment), entity=entity.name, merged_at__lte=moment)
    ids = last = {golden_id}
    while last:
        last = set(merged.filter(survivor_id__in=last).values_list("absorbed_id", flat=True)) - ids
        ids = ids | last
    history: Any = Endorsement.history
    entries = history.filter(entity=entity.name, golden_id__in=ids, history_date__lte=moment)
    newest = entries.order_by().values("golden_id").annotate(newest=Max("history_id")).values("newest")
    return list(history.filter(history_id__in=newest, stands=True).order_by("said_at", "id"))


def confirmed(entity: EntityType, rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Keep of some golden records those that are confirmed, by their own mark or by one that leads to them."""
    return rows.filter(pk__in=RawSQL(_named(_CONFIRMED, entity), [entity.name]))  # noqa: S611 - words of ours, and names of tables


def _named(query: str, entity: EntityType, **parts: str) -> str:
    quote = connection.ops.quote_name
    return query.format(goldens=quote(entity.golden._meta.db_table), marks=quote(Endorsement._meta.db_table), **parts)


def _written(golden_id: UUID) -> UUID | str:
    return golden_id if connection.features.has_native_uuid_field else golden_id.hex


def _say(entity: EntityType, golden_id: UUID, *, stands: bool, version: int, change: Change) -> Endorsement:
    # The golden record is held: nobody else writes what is said of it.
    found = Endorsement.objects.filter(entity=entity.name, golden_id=golden_id).first()
    mark = found or Endorsement(entity=entity.name, golden_id=golden_id)
    mark.stands, mark.version, mark.reason = stands, version, change.reason
    mark.owner, mark.user_id, mark.said_at = change.actor, change.user_id, change.at
    # Not `save`: that would write history by itself, without the actor.
    if found is None:
        Endorsement.objects.bulk_create([mark])
    else:
        Endorsement.objects.bulk_update([mark], _SAID)
    write_history(Endorsement, [mark], change=change, kind=ChangeKind.CREATED if found is None else ChangeKind.CHANGED)
    return mark
