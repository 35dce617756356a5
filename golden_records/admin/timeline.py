"""History as a story: who did what, when and why, with the values before and after."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Field, JSONField, Model
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext

from golden_records.authors import who
from golden_records.saying import named

NOT_TOLD: Final = frozenset(
    {"id", "version", "updated_at", "created_at", "lineage", "fingerprint", "completeness", "digest", "due_on", "pins", "sent_empty"}
)
"""Columns that change with every write and say nothing that the other columns do not."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One column before and after; `origin` says of a golden record's value where it came from then, and by which rule."""

    label: str
    before: str
    after: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: `kind` is "+" created, "~" changed or "-" deleted; `changes` is empty where only hidden columns changed."""

    at: datetime
    who: str
    kind: str
    reason: str
    correlation_id: str
    changes: tuple[FieldChange, ...]


def timeline(model: type[Model], key: object, *, limit: int, offset: int = 0) -> list[Entry]:
    """Tell the last changes of one object, newest first, in one query whatever the number of changes.

    `model` keeps history by django-simple-history. One row more than asked is read, since a change is the difference from
    the row before it.
    """
    history: Any = model.history  # type: ignore[attr-defined]  # put there by django-simple-history
    rows = list(history.filter(id=key).select_related("history_user").order_by("-history_date", "-history_id")[offset : offset + limit + 1])
    fields = [field for field in model._meta.concrete_fields if field.name not in NOT_TOLD]
    pairs = zip(rows[:limit], [*rows[1:], None][:limit], strict=False)
    return [_entry(row, before, fields) for row, before in pairs]


def _entry(row: Any, before: Any | None, fields: Iterable["Field[Any, Any]"]) -> Entry:
    changes = tuple(_changes(row, before, fields)) if before is not None or row.history_type == "+" else ()
    return Entry(
        at=row.history_date,
        who=who(row.actor, row.history_user.get_username() if row.history_user else ""),
        kind=row.history_type,
        reason=row.history_change_reason or "",
        correlation_id=row.correlation_id,
        changes=changes,
    )


def _changes(row: Any, before: Any | None, fields: Iterable["Field[Any, Any]"]) -> Iterable[FieldChange]:
    for field in fields:
        new = getattr(row, field.attname, None)
        old = getattr(before, field.attname, None) if before is not None else None
        if new != old and not (_is_missing(new) and _is_missing(old)):
            yield FieldChange(capfirst(gettext(str(field.verbose_name))), words(field, old), words(field, new), origin_of(row, field.name))


def origin_of(row: Any, name: str) -> str:
    """The lineage of a value as history has it: rule, version of the rules, source and record."""
    told = (getattr(row, "lineage", None) or {}).get(name)
    if told is None:
        return ""
    record = f" · {told['source']} #{told['record']}" if told["record"] is not None else ""
    return f"{named(told['rule'])} ({told['rules']}){record}"


def _is_missing(value: object) -> bool:
    return value is None or value in ("", [], {})


def words(field: "Field[Any, Any]", value: object) -> str:
    """A stored value as a person reads it; empty for a missing one."""
    if _is_missing(value):
        return ""
    if isinstance(field, JSONField):
        return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    return str(value)
