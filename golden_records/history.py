"""Writing history: one row per record and change, beside what django-simple-history writes for forms."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any

from django.db import models

from golden_records import auditing, bulk
from golden_records.change import Change


@cache
def _history_model(model: Any) -> type[models.Model]:
    # Whenever a model is asked for its history, django-simple-history makes a class of manager anew: half a millisecond.
    history: type[models.Model] = model.history.model
    return history


class ChangeKind(StrEnum):
    """What happened to a record, in the letters of django-simple-history."""

    CREATED = "+"
    CHANGED = "~"
    DELETED = "-"


def write_history(model: type[models.Model], objects: Iterable[models.Model], *, change: Change, kind: str) -> None:
    """Keep the present state of these records in the history of their model, with who, why and when.

    They must have been written already (for a deletion: not yet deleted), in the caller's transaction. The database
    copies its own rows, so that history is what the table holds, in one statement however many they are. Where the model says what is
    told of it, the audit log tells it too: see `golden_records.auditing`.
    """
    rows = list(objects)
    write_history_of(model, [row.pk for row in rows], change=change, kind=kind)
    auditing.told_of(model, rows, change=change, kind=kind)


def write_history_of(model: type[models.Model], ids: Iterable[Any], *, change: Change, kind: str) -> None:
    """Keep what was written in bulk, whose rows are known by their primary keys alone; the audit log tells nothing of it."""
    bulk.copy(model, ids, history_of(model, change=change, kind=kind))


def history_of(model: type[models.Model], *, change: Change, kind: str) -> bulk.Copy:
    """Name the history of a model as what gets a copy of rows while they are written: one statement for both."""
    return bulk.Copy(
        _history_model(model),
        {
            "history_date": change.at,
            "history_type": ChangeKind(kind).value,
            "history_change_reason": change.reason,
            "history_user_id": change.user_id,
            "actor": change.actor,
            "correlation_id": change.correlation_id,
        },
    )
