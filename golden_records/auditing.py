"""Keeping the audit log: what people and programs did besides changing golden records, in the transaction of what they did.

Changes of whatever has a history come here by themselves (`golden_records.history`), where their model says what is told of them:

    audited = ("value", "left_record_id")      # names of columns; no values of golden or source records

Reads of personal data are told by whoever gives them away (`reading`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Final
from uuid import UUID

from django.db import models, transaction

from golden_records import bulk
from golden_records.change import Change
from golden_records.doorbell import ring_at_commit
from golden_records.models import AuditAction, AuditEntry, UnsealedEntry

_SALT_BYTES: Final = 16
_ACTIONS: Final = {"+": AuditAction.CREATED, "~": AuditAction.CHANGED, "-": AuditAction.DELETED}


@dataclass(frozen=True, slots=True)
class Reading:
    """Personal data that was given to a program: of what kind, of which golden records, and which attributes.

    `subject` is the source's own id where one source record was read; `content` says how much was read, never what it was.
    """

    kind: str
    golden_ids: Sequence[UUID]
    attributes: Sequence[str]
    subject: str | None = None
    content: Mapping[str, Any] | None = None


def reading(read: Reading, *, change: Change) -> None:
    """Keep that somebody was given personal data; `change` says who, why and by which request."""
    row = {
        "action": AuditAction.READ.value,
        "kind": read.kind,
        "subject": read.subject,
        "golden_ids": [str(golden_id) for golden_id in read.golden_ids],
        "attributes": list(read.attributes),
        "content": read.content,
    }
    _keep([row], change)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did which is no row of its own: what, to what kind of thing, its name, and what is told of it."""

    action: AuditAction
    kind: str
    subject: str
    content: Mapping[str, Any]


def tell(deed: Deed, *, change: Change) -> None:
    """Keep what somebody did; no value of a golden or source record may be in it."""
    content = dict(deed.content)
    row = {"action": deed.action.value, "kind": deed.kind, "subject": deed.subject, "attributes": list(content), "content": content}
    _keep([row], change)


def told_of(model: type[models.Model], rows: Iterable[models.Model], *, change: Change, kind: str) -> None:
    """Keep what happened to rows of a model that says what is told of it (`audited`); of others, nothing is kept here."""
    columns: tuple[str, ...] = getattr(model, "audited", ())
    if not columns:
        return
    entries = [
        {
            "action": _ACTIONS[kind].value,
            "kind": model._meta.model_name,
            "subject": str(row.pk),
            "attributes": list(columns),
            "content": {name: _as_json(getattr(row, name)) for name in columns},
        }
        for row in rows
    ]
    _keep(entries, change)


def _keep(entries: Sequence[Mapping[str, Any]], change: Change) -> None:
    signed = {"at": change.at, "actor": change.actor, "reason": change.reason, "correlation_id": change.correlation_id}
    rows = [{**entry, **signed, "salt": token_hex(_SALT_BYTES)} for entry in entries]
    if not rows:
        return
    with transaction.atomic(savepoint=False):
        ring_at_commit()
        bulk.insert_noted(bulk.Beside(AuditEntry, rows, noted=UnsealedEntry))


def _as_json(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)
