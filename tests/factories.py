"""Makers of the things that stories are about, through the doors of the domain: what they make is what the product makes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.contrib.auth.models import Group, User
from django.db import transaction

from golden_records import golden
from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.golden import Membership
from golden_records.models import LinkSource, SourceRecord, SourceSystem
from golden_records.models.golden import new_canonical_id
from golden_records.sources import SourceRecordDraft, store, understand
from matching import review_queue
from matching.access import STEWARDS, ensure_groups
from matching.active_config import active_config
from matching.core.decide import decide
from matching.core.prepare import prepare
from matching.core.score import score_pairs
from matching.decisions import DecidedBy, evidence_of, write_decisions
from matching.models import ReviewTask, TaskKind
from matching.review_queue import AskedPair
from matching.tables import active_records, attribute_table

PASSWORD = "correct horse battery staple"


def a_change(reason: str = "for a test") -> Change:
    """Somebody does something now."""
    return Change(actor="command:test", reason=reason)


def a_source(code: str = "crm", *, trust: int = 50) -> SourceSystem:
    """A source system; the same one for the same code."""
    source, _ = SourceSystem.objects.get_or_create(code=code, defaults={"name": code.upper(), "trust": trust})
    return source


@transaction.atomic
def a_record(
    external_id: str, *, source: str = "crm", entity: str = "customer", updated: datetime | None = None, **attributes: object
) -> SourceRecord:
    """A source record alone in a golden record of its own."""
    kind = entity_type(entity)
    draft = SourceRecordDraft(
        entity=kind, source=a_source(source), external_id=external_id, attributes=attributes, source_updated_at=updated
    )
    stored = store(kind, [understand(draft)], change=a_change("sent"))[0].record
    return into(stored, new_canonical_id())


@transaction.atomic
def into(record: SourceRecord, golden_id: UUID, *, link: dict[str, object] | None = None) -> SourceRecord:
    """Put a record into a golden record; the record as it is then."""
    entity = next(kind for kind in map(entity_type, ("customer", "project")) if isinstance(record, kind.record))
    golden.assign(entity, [Membership(record.pk, golden_id, LinkSource.AUTO, link or {})], change=a_change("linked"))
    records: Any = entity.record._default_manager
    found: SourceRecord = records.select_related("source", "golden").get(pk=record.pk)
    return found


@transaction.atomic
def a_task(left: SourceRecord, right: SourceRecord, *, kind: TaskKind = TaskKind.POSSIBLE_MATCH) -> ReviewTask:
    """An open question on the golden records of two records, with the engine's real evidence on the pair."""
    entity = next(each for each in map(entity_type, ("customer", "project")) if isinstance(left, each.record))
    active = active_config(entity)
    first, second = sorted((left.pk, right.pk))
    one = prepare(attribute_table(entity, active_records(entity).filter(pk=first)), active.config)
    other = prepare(attribute_table(entity, active_records(entity).filter(pk=second)), active.config)
    scored = score_pairs(one, other, np.zeros(1, np.int32), np.zeros(1, np.int32), active.model)
    evidence = evidence_of(scored, 0, decide(scored, active.model), (first, second), active.model)
    change = a_change("found")
    write_decisions(entity, [evidence], DecidedBy(active.id, None, change.at))
    return review_queue.ask(entity, [AskedPair(first, second, kind)], change=change)[0]


def a_person(name: str = "ada") -> User:
    """Somebody who logs in and may look at nothing yet."""
    return User.objects.create_user(name, password=PASSWORD, is_staff=True)


def a_steward(name: str = "grace") -> User:
    """A data steward."""
    ensure_groups()
    steward = a_person(name)
    steward.groups.add(Group.objects.get(name=STEWARDS))
    return steward
