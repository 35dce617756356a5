"""What must always hold of golden records that were erased: nothing of them is left but that they were there."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q

from golden_records.entities import ENTITIES, EntityType
from golden_records.erasing import EMPTIED_EVENT, EMPTIED_RECORD, RECEIPTS, receipts_of
from golden_records.models import ChangeEvent, Erasure, EventType, GoldenState, ProjectFact, ProjectRecord, RecordState
from golden_records.offences import Check, Offence
from golden_records.tombstones import PREFIXES

_ERASE_BY_HAND: Final = "Somebody wrote to the database beside the service, or brought rows back from a backup: empty what is left of it."


def _no_values() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        golden, record = _goldens(entity), _records(entity)
        holding = _any_value(entity) | ~Q(lineage={}) | Q(pins__isnull=False)
        yield from _offences(entity, "golden", entity.goldens.filter(holding, pk__any=golden), "It was erased, and has a value.")
        entries = _history(entity.golden).filter(holding | ~Q(member_count=0), id__any=golden)
        yield from _offences(entity, "golden", entries, "It was erased, and its history has a value.", "id")
        sent = reduce(or_, (~Q(**{name: value}) for name, value in EMPTIED_RECORD.items() if value is not None))
        holding = _any_value(entity) | sent | Q(source_updated_at__isnull=False) | ~_is_tombstone()
        yield from _offences(entity, "record", entity.records.filter(holding, pk__any=record), "It was erased, and says something.")
        entries = _history(entity.record).filter(holding, id__any=record)
        yield from _offences(entity, "record", entries, "It was erased, and its history says something.", "id")
        facts = ProjectFact.objects.filter(record_id__any=record) if entity.record is ProjectRecord else ()
        yield from (Offence(entity.name, {"fact": fact.pk}, "Its project was erased.", _ERASE_BY_HAND) for fact in facts)


def _nothing_told() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        golden = _goldens(entity)
        holding = reduce(or_, (Q(**{f"{name}__isnull": False}) for name in EMPTIED_EVENT))
        events = ChangeEvent.objects.filter(holding, golden_id__any=golden).exclude(type=EventType.ERASED)
        yield from _offences(entity, "event", events, "It tells of a golden record that was erased.")
        for model in RECEIPTS:
            receipts = receipts_of(model, golden).filter(entity=entity.name).exclude(reason="")
            yield from _offences(
                entity, model._meta.model_name, receipts, "It has a reason, and what it brought together or apart was erased."
            )


def _together() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        apart = Q(state=RecordState.ERASED) ^ Q(golden__state=GoldenState.ERASED)
        known = Q(state=RecordState.ERASED) | Q(golden_id__any=_goldens(entity))
        told = "Of it and its golden record, one was erased and the other was not."
        yield from _offences(entity, "record", entity.records.filter(apart, known), told)
        entered = {str(each) for row in Erasure.objects.filter(entity=entity.name) for each in (row.golden_id, *row.other_ids)}
        for golden in _goldens(entity):
            if str(golden) not in entered:
                yield Offence(entity.name, {"golden": str(golden)}, "It is erased, and no erasure is entered.", _ERASE_BY_HAND)
        erased = entity.goldens.filter(pk__any=entered).exclude(state=GoldenState.ERASED)
        yield from _offences(entity, "golden", erased, "Its erasure is entered, and it is not erased.")
        told_of = ChangeEvent.objects.filter(golden_id=OuterRef("pk"), type=EventType.ERASED)
        silent = entity.goldens.filter(~Exists(told_of), state=GoldenState.ERASED)
        yield from _offences(entity, "golden", silent, "It is erased, and the feed does not say so.")


def _offences(entity: EntityType, kind: str, rows: Any, told: str, key: str = "pk") -> Iterator[Offence]:
    for each in rows.order_by(key).values_list(key, flat=True).distinct():
        yield Offence(entity.name, {kind: each if isinstance(each, int) else str(each)}, told, _ERASE_BY_HAND)


def _goldens(entity: EntityType) -> list[Any]:
    """Give the ids of the erased golden records; none, most often, and then nothing is looked for."""
    return list(entity.goldens.filter(state=GoldenState.ERASED).order_by("pk").values_list("pk", flat=True))


def _records(entity: EntityType) -> list[int]:
    return list(entity.records.filter(state=RecordState.ERASED).order_by("pk").values_list("pk", flat=True))


def _any_value(entity: EntityType) -> Q:
    return reduce(or_, (Q(**{f"{name}__isnull": False}) for name in entity.attribute_names))


def _is_tombstone() -> Q:
    return reduce(or_, (Q(external_id__startswith=prefix) for prefix in PREFIXES.values()))


def _history(model: Any) -> Any:
    return model.history.model.objects


CHECKS: Final = (
    Check("erased values", "No value, name or figure is left of what was erased, nor in its history.", _no_values),
    Check("erased events", "What was told of what was erased is empty, and so are the reasons of its merges.", _nothing_told),
    Check("erased together", "A golden record is erased with all its source records, entered as such, and the feed tells it.", _together),
)
"""The checks of erasures in this package, in the order in which they are told."""
