"""Rows that could not be taken: kept as they were sent, mended, replayed or dismissed."""

from django.db import transaction

from golden_records.change import Change
from golden_records.errors import RejectedRecord
from golden_records.keeping import BadRow, fingerprint_of, keep_rows
from golden_records.models import QuarantinedRow, QuarantineState
from golden_records.sources import SourceRecordDraft


def keep(draft: SourceRecordDraft, rejected: RejectedRecord, *, change: Change) -> QuarantinedRow:
    """Keep a record that was rejected, until somebody mends it; the same record again waits once."""
    problems = rejected.data.get("problems")
    row = BadRow(
        source=draft.source,
        entity=draft.entity.name,
        payload=draft.payload if draft.payload is not None else draft.attributes or {},
        problems=problems if isinstance(problems, list) else [],
        external_id=draft.external_id,
        is_mapped=draft.payload is None,
        source_updated_at=draft.source_updated_at,
    )
    with transaction.atomic():
        keep_rows([row], change=change)
        waiting = QuarantinedRow.objects.filter(source=row.source, entity=row.entity, fingerprint=fingerprint_of(row))
        return waiting.get(state=QuarantineState.OPEN)
