"""The use cases of a source that sends records: one, stored and matched in one transaction; one or many, stored, and matched by workers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from django.utils import timezone

from golden_records import imports, sources
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import MdmError
from golden_records.history import ChangeKind
from golden_records.models import ImportJob, MatchState, RecordState, SourceRecord
from golden_records.sources import SourceRecordDraft
from golden_records.storing import Stored, StoreOutcome
from golden_records.taking import Row, Taken, take
from golden_records.tombstones import erased_record
from matching.doorbell import ring
from matching.effects import MatchedRecord
from matching.locks import MatchGuard, in_transaction
from matching.metrics import MATCH_SECONDS, RECORDS
from matching.realtime import match_record
from matching.selectors import MatchView, link_explanation, view
from matching.tasks import match_source_record, match_waiting_records

_CHANGES: Final = {StoreOutcome.CREATED: ChangeKind.CREATED, StoreOutcome.UPDATED: ChangeKind.CHANGED}


class SubmissionOutcome(StrEnum):
    """What became of a record that was sent."""

    CREATED = "created"
    LINKED = "linked"
    UNCHANGED = "unchanged"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Submission:
    """The answer to a source: whose the record is, how it got there, and what was left out of it (`problems`).

    `canonical_id` is a UUID, and None only of a record that was withdrawn before it was matched, and is sent late.
    """

    record: SourceRecord
    canonical_id: Any
    outcome: SubmissionOutcome
    match: MatchView | None
    problems: Sequence[dict[str, Any]]


def submit_source_record(draft: SourceRecordDraft, *, change: Change) -> Submission:
    """Take a record from a source, store it and find whose it is.

    The same record again changes nothing, and one that is older than what is stored (by the source's own time) neither. Raises
    `RejectedRecord` when it can't be understood, `Erased` when it was erased and is not to come back, `Busy` when others write the same
    customer and it can't be had in time.
    """
    understood = sources.understand(draft)

    def work(guard: MatchGuard) -> Submission:
        guard.enter(draft.entity, identity=(draft.source.code, draft.external_id))
        # What happens to the record and where it belongs are one change, and one row of its history.
        stored = _not_erased(draft.entity, sources.store_new(draft.entity, understood, change=change))
        unwritten = _CHANGES.get(stored.outcome)
        is_withdrawn = stored.record.state == RecordState.WITHDRAWN
        if unwritten is None and (is_withdrawn or stored.record.match_state == MatchState.MATCHED):
            return _unchanged(draft.entity, stored.record)
        matched = match_record(draft.entity, stored.record, guard=guard, change=change, unwritten=unwritten)
        return _submission(draft.entity, stored.record, matched)

    with MATCH_SECONDS.labels(draft.entity.name).time():
        submission = in_transaction(work)
    RECORDS.labels(draft.entity.name, submission.outcome).inc()
    return submission


def accept_source_record(draft: SourceRecordDraft, *, change: Change) -> Stored:
    """Take a record from a source and store it; a worker finds whose it is.

    Once this returns, the record is matched sooner or later, whatever becomes of broker and workers. Raises as
    `submit_source_record` does.
    """
    understood = sources.understand(draft)

    def work(guard: MatchGuard) -> Stored:
        guard.enter(draft.entity, identity=(draft.source.code, draft.external_id))
        stored = _not_erased(draft.entity, sources.store(draft.entity, [understood], change=change)[0])
        if stored.record.match_state == MatchState.PENDING:
            ring(match_source_record, draft.entity.name, stored.record.pk)
        return stored

    return in_transaction(work)


def accept_source_records(job: ImportJob, chunks: Iterable[Sequence[Row]], *, change: Change) -> Iterator[list[Taken]]:
    """Take many records in, chunk by chunk as they come, each chunk in one transaction; workers match them.

    Gives what became of the rows of each chunk once it is stored. Whatever ends it, the job says so, and what was stored is matched.
    Raises what `taking.take` raises, and what reading `chunks` does.
    """
    entities = set[str]()
    try:
        for rows in chunks:
            entities |= {row.as_sent.entity for row in rows if row.as_sent is not None}
            # Each chunk has its own moment: a matching run tells by it what was changed since it read.
            yield take(job, rows, change=replace(change, at=timezone.now()), of_file=False)
    except Exception as error:
        imports.fail(job, error.message if isinstance(error, MdmError) else type(error).__name__)
        raise
    else:
        imports.complete(job)
    finally:
        for name in sorted(entities):
            ring(match_waiting_records, name)


def _not_erased(entity: EntityType, stored: Stored) -> Stored:
    if stored.outcome is StoreOutcome.SUPPRESSED:
        RECORDS.labels(entity.name, stored.outcome).inc()
        raise erased_record(entity)
    return stored


def _unchanged(entity: EntityType, record: SourceRecord) -> Submission:
    match = link_explanation(entity, record)
    return Submission(record, record.golden_id, SubmissionOutcome.UNCHANGED, match, record.problems)


def _submission(entity: EntityType, record: SourceRecord, matched: MatchedRecord) -> Submission:
    if matched.tasks and not matched.linked:
        outcome = SubmissionOutcome.REVIEW
    else:
        outcome = SubmissionOutcome.LINKED if matched.linked else SubmissionOutcome.CREATED
    return Submission(record, matched.golden_id, outcome, _match_view(entity, record, matched), record.problems)


def _match_view(entity: EntityType, record: SourceRecord, matched: MatchedRecord) -> MatchView | None:
    evidence = matched.evidence
    if evidence is None or matched.counterpart is None:
        return None
    stored = {name: getattr(evidence, name) for name in ("levels", "weights", "stratum", "vetoes", "weight", "probability")}
    return view(entity, matched.config, stored, (record, matched.counterpart))
