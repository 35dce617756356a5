"""Keeping how stewards work: four-eyes rules and reason codes, with their history and in the audit log."""

from typing import Any

from golden_records import history
from golden_records.change import Change
from matching.models import FourEyesRule, ReasonCode


def keep(row: FourEyesRule | ReasonCode, *, change: Change) -> None:
    """Write a new row, or a row that was changed. The caller owns the transaction."""
    model: Any = type(row)
    is_new = row.pk is None
    if is_new:
        model.objects.bulk_create([row])
    else:
        model.objects.bulk_update([row], [field.name for field in model._meta.concrete_fields if not field.primary_key])
    history.write_history(model, [row], change=change, kind="+" if is_new else "~")
