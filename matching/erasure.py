"""The use case of erasing somebody: a golden record with all its source records, for good, in one transaction with all that follows."""

from uuid import UUID

from golden_records import erasing, privacy, waiting
from golden_records.change import Change
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import Erasure, WhenSentAgain
from golden_records.privacy import Subject
from matching.completeness import config_in_force
from matching.doorbell import ring
from matching.keys import keys_of
from matching.locks import MOST_LOCKS, MatchGuard, Restart, in_transaction
from matching.tables import compared_references
from matching.tasks import match_source_record


def erase(entity: EntityType, *, canonical_id: UUID, change: Change, when_sent_again: WhenSentAgain = WhenSentAgain.SUPPRESS) -> Erasure:
    """Erase the golden record that answers for a canonical id, all ids that lead to it, and all their source records.

    It can't be undone. The ids answer that they were erased, for ever; of each source record a tombstone is left, by which it is
    recognised when its source sends it again, and `when_sent_again` says what becomes of it then. Judgements, questions and evidence on
    the records are gone. What refers to it stands without it. The reason of the change is kept for ever, and must not hold what is to be
    forgotten. Raises `UnknownGoldenRecord`, `Erased`, and `Busy` where the locks can't be had in time.
    """

    def work(guard: MatchGuard) -> Erasure:
        seen = privacy.subject_of(entity, canonical_id)
        _be_the_only_one(guard, seen)
        guard.goldens(entity, {*seen.golden_ids, *seen.former_ids})
        privacy.lock_beside(seen)
        guard.records(entity, seen.record_ids)
        # Read again under the locks: a record that came, went or changed since is not to be left behind.
        if privacy.subject_of(entity, canonical_id) != seen:
            raise Restart
        erasing.make_room(seen, when_sent_again)
        referring = _referring(seen)
        erasure = erasing.carry_out(seen, when_sent_again=when_sent_again, change=change)
        _match_again(referring, change)
        return erasure

    return in_transaction(work)


def _be_the_only_one(guard: MatchGuard, subject: Subject) -> None:
    """Take the locks of the records' identities and keys; of more than a transaction may take, be alone with the entity type instead."""
    keys = keys_of(subject.entity, subject.record_ids)
    if len(keys) + len(subject.records) > MOST_LOCKS:
        guard.enter_alone(subject.entity)
        return
    guard.enter(subject.entity)
    guard.identities(subject.entity, [(record.source, record.external_id) for record in subject.records])
    guard.keys(subject.entity, keys)


def _referring(subject: Subject) -> dict[str, list[int]]:
    """Give the records of other entity types to which it is evidence whose they are: a customer's projects."""
    found: dict[str, list[int]] = {}
    for other in ENTITIES.values():
        active = config_in_force(other)
        references = compared_references(other, active.config) if active else ()
        for spec in references:
            if spec.refers_to == subject.entity.name:
                found.setdefault(other.name, []).extend(_naming(other, spec.name, subject))
    return found


def _naming(other: EntityType, attribute: str, subject: Subject) -> list[int]:
    by_source: dict[int, list[str]] = {}
    for source_id, external_id in subject.names:
        by_source.setdefault(source_id, []).append(external_id)
    rows = (other.records.filter(source_id=source, **{f"{attribute}__any": names}) for source, names in by_source.items())
    return [record_id for each in rows for record_id in each.values_list("id", flat=True)]


def _match_again(referring: dict[str, list[int]], change: Change) -> None:
    """Let what referred to it wait to be matched: by what is left of its evidence, and under the keys of that."""
    for name, record_ids in referring.items():
        for record_id in waiting.look_again(ENTITIES[name], record_ids, change=change):
            ring(match_source_record, name, record_id)
