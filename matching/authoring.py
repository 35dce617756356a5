"""Records that stewards write themselves: source records of a source of the hub's own, by the ordinary road.

So survivorship, history, audit, judgements and erasure hold for them as for any other, and taking one back is withdrawing it.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.models import SourceRecord, SourceSystem
from golden_records.source_systems import save_source
from golden_records.sources import SourceRecordDraft
from matching.intake import Submission, submit_source_record
from matching.withdrawal import withdraw_source_record

SOURCE: Final = "steward"
_SETTINGS: Final = {"name": "Stewards"}


def own_source(change: Change) -> SourceSystem:
    """The source of what stewards write, made at its first use; its trust is then set as that of any other."""
    held = SourceSystem.objects.filter(code=SOURCE).first()
    if held is not None:
        return held
    try:
        with transaction.atomic():
            return save_source(SOURCE, _SETTINGS, change=change)
    except IntegrityError:
        # Another made it at the same time.
        return SourceSystem.objects.get(code=SOURCE)


def draft_of(entity: EntityType, number: UUID, values: Mapping[str, str], *, source: SourceSystem | None = None) -> SourceRecordDraft:
    """What a steward describes, as a record that a source would send; `number` is its id there. What is blank is not said."""
    said = {name: value for name, value in values.items() if value.strip()}
    return SourceRecordDraft(entity, source or SourceSystem(code=SOURCE, **_SETTINGS), str(number), attributes=said)


def create(entity: EntityType, number: UUID, values: Mapping[str, str], *, change: Change) -> Submission:
    """Store what a steward describes and match it; the same number again changes nothing.

    Raises `RejectedRecord` with all that is wrong with it, and `Busy`.
    """
    return submit_source_record(draft_of(entity, number, values, source=own_source(change)), change=change)


def take_back(entity: EntityType, external_id: str, *, change: Change) -> SourceRecord:
    """Withdraw a record that a steward wrote: its golden record goes on without it, or is retired with its last record."""
    return withdraw_source_record(entity, source=SOURCE, external_id=external_id, withdrawn_at=None, change=change)
