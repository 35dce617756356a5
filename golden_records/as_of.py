"""Golden records as they were: values, members and lineage at a moment of the past, out of the history that every write keeps.

A moment lies after every change that was begun up to it. Nine statements at most, however long the history is, and one more for each
further step of a chain of merges.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Max

from golden_records import endorsing, selectors
from golden_records.entities import ENTITIES, EntityType
from golden_records.errors import UnknownGoldenRecord
from golden_records.models import GoldenState, RecordState
from golden_records.selectors import AttributeLineage
from golden_records.survivorship.survive import Contender

_LONGEST_CHAIN: Final = 100


@dataclass(frozen=True, slots=True)
class GoldenTold:
    """A golden record with its source records, where its values come from, and the marks "confirmed", now or at a moment of the past.

    `golden`, `members` and `marks` are rows of the tables, or of their history; `asked_id` is another id where that was retired.
    """

    golden: Any
    asked_id: UUID
    members: Sequence[Any]
    lineage: Mapping[str, AttributeLineage]
    references: Mapping[str, UUID | None]
    marks: Sequence[Any]

    @property
    def followed(self) -> bool:
        """Whether the id that was asked for is retired."""
        return bool(self.golden.id != self.asked_id)


def golden_as_of(entity: EntityType, canonical_id: UUID, moment: datetime) -> GoldenTold:
    """Give a golden record as it was at a moment; one that was retired by then answers with its successor of then.

    Raises `UnknownGoldenRecord` where there was none yet, and `Erased` whatever the moment.
    """
    golden = _followed(entity, canonical_id, moment)
    if selectors.follow(entity, golden.id).state == GoldenState.ERASED:
        raise selectors.erased(entity, canonical_id)
    members = _members(entity, golden.id, moment)
    lineage = {name: _lineage(name, golden, members) for name in entity.attribute_names}
    marks = endorsing.standing_as_of(entity, golden.id, moment)
    return GoldenTold(golden, canonical_id, members, lineage, _references(entity, golden, moment), marks)


def _followed(entity: EntityType, canonical_id: UUID, moment: datetime) -> Any:
    found = _then(entity, canonical_id, moment)
    for _ in range(_LONGEST_CHAIN):
        if found.state != GoldenState.RETIRED or found.successor_id is None:
            return found
        found = _then(entity, found.successor_id, moment)
    message = f"The successors of golden {entity.name} {canonical_id} go round in a circle."
    raise UnknownGoldenRecord(message, golden=str(canonical_id))


def _then(entity: EntityType, canonical_id: UUID, moment: datetime) -> Any:
    entries: Any = entity.golden.history  # type: ignore[attr-defined]  # each has one
    found = entries.filter(id=canonical_id, history_date__lte=moment).order_by("-history_id").first()
    if found is None:
        message = f"There was no golden {entity.name} {canonical_id} at {moment.isoformat()}."
        raise UnknownGoldenRecord(message, remedy="Ask for a later moment.", golden=str(canonical_id))
    return found


def _members(entity: EntityType, golden_id: UUID, moment: datetime) -> list[Any]:
    entries: Any = entity.record.history  # type: ignore[attr-defined]  # as above
    ever = entries.filter(golden_id=golden_id, history_date__lte=moment).order_by().values("id").distinct()
    last = _last(entries.filter(id__in=ever), moment)
    return list(entries.filter(history_id__in=last, golden_id=golden_id).select_related("source").order_by("id"))


def _last(entries: Any, moment: datetime) -> list[int]:
    """Give the newest entry of each record up to a moment."""
    newest = entries.filter(history_date__lte=moment).order_by().values("id").annotate(newest=Max("history_id"))
    return list(newest.values_list("newest", flat=True))


def _lineage(name: str, golden: Any, members: Iterable[Any]) -> AttributeLineage:
    entry, standing = golden.lineage.get(name, {}), getattr(golden, name)
    others = tuple(
        Contender(member.id, member.source.code, value, value == standing)
        for member in members
        if member.state == RecordState.ACTIVE and member.id != entry.get("record") and (value := getattr(member, name)) is not None
    )
    return AttributeLineage(
        value=standing,
        record_id=entry.get("record"),
        source=entry.get("source"),
        rule=entry.get("rule"),
        rules=entry.get("rules"),
        pin=entry.get("pin"),
        others=others,
    )


def _references(entity: EntityType, golden: Any, moment: datetime) -> dict[str, UUID | None]:
    return {
        spec.name: _referred(ENTITIES[spec.refers_to], golden.lineage.get(spec.name), getattr(golden, spec.name), moment)
        for spec in entity.attributes
        if spec.refers_to is not None
    }


def _referred(target: EntityType, winner: Mapping[str, Any] | None, own_id: str | None, moment: datetime) -> UUID | None:
    if winner is None or own_id is None:
        return None
    if winner["record"] is None:
        # A steward named it, by its canonical id.
        return UUID(own_id)
    record_id = target.records.filter(source__code=winner["source"], external_id=own_id).values_list("id", flat=True).first()
    entries: Any = target.record.history  # type: ignore[attr-defined]  # as above
    last = _last(entries.filter(id=record_id), moment) if record_id is not None else []
    found: UUID | None = entries.filter(history_id__in=last).values_list("golden_id", flat=True).first()
    return found
