"""What the change feed has to say to the hierarchy: whose parent may be another since a place in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from golden_records import outbox
from golden_records.entities import EntityType
from golden_records.hierarchy.links import parent_attribute
from golden_records.hierarchy.settling import lock_hierarchy
from golden_records.models import ChangeEvent, EventType, HierarchyProgress, Parentage, ParentState

_PLACES: Final = 2_000
"""The places of the feed that are looked at at once."""

_NAMES_RECORD: Final = (EventType.LINKED, EventType.UNLINKED)
# After these, those whose parent it is or was may have another one.
_CHILDREN_TOO: Final = frozenset(
    {EventType.UNLINKED, EventType.MERGED, EventType.UNMERGED, EventType.SPLIT, EventType.RETIRED, EventType.WITHDRAWN, EventType.ERASED}
)
_REFUSED: Final = (ParentState.LOOP, ParentState.GONE)


@dataclass(frozen=True, slots=True)
class Concerned:
    """The golden records that are to be settled for the feed between two places; `until` is where to go on."""

    golden_ids: list[UUID]
    since: int
    until: int


def settled_up_to(entity: EntityType) -> int:
    """Give the place of the feed up to which the hierarchy is settled."""
    return HierarchyProgress.objects.filter(pk=entity.name).values_list("seq", flat=True).first() or 0


def concerned(entity: EntityType) -> Concerned:
    """Find what is to be settled next. Nothing is locked: whoever settles must go on from the same place (`moved_on`)."""
    since = settled_up_to(entity)
    until = min(outbox.head(), since + _PLACES)
    told = ChangeEvent.objects.filter(seal__seq__gt=since, seal__seq__lte=until, entity=entity.name)
    events = list(told.values_list("type", "golden_id", "source", "external_id")) if until > since else []
    if not events:
        return Concerned([], since, until)
    goldens = {golden_id for _type, golden_id, _source, _external_id in events}
    found = _with_a_parent(entity, goldens)
    shaken = {golden_id for kind, golden_id, _source, _external_id in events if kind in _CHILDREN_TOO}
    found |= _ids(Parentage.objects.filter(parent_id__any=shaken)) if shaken else set()
    found |= _naming(entity, {(str(source), str(external_id)) for kind, _golden, source, external_id in events if kind in _NAMES_RECORD})
    if found or shaken:
        # What could not stand may be able to now.
        found |= _ids(Parentage.objects.filter(entity=entity.name, state__in=_REFUSED))
    return Concerned(sorted(found), since, until)


def moved_on(entity: EntityType, dealt_with: Concerned) -> bool:
    """Keep that the hierarchy is settled up to there; says whether nobody else has done so meanwhile: else it must be taken back."""
    if lock_hierarchy(entity) != dealt_with.since:
        return False
    return HierarchyProgress.objects.filter(pk=entity.name).update(seq=dealt_with.until) == 1


def is_unsettled(entity: EntityType, golden_id: UUID) -> bool:
    """Whether something happened to a golden record that the hierarchy has not heard of."""
    told = ChangeEvent.objects.filter(golden_id=golden_id).exclude(type=EventType.REPARENTED)
    return bool(told.filter(Q(seal__isnull=True) | Q(seal__seq__gt=settled_up_to(entity))).exists())


def naming_a_parent(entity: EntityType) -> Any:
    """Ask for the golden records that name a parent, or ever did."""
    spec: Any = parent_attribute(entity)
    known = Exists(Parentage.objects.filter(golden_id=OuterRef("pk")))
    return entity.goldens.filter(Q(**{f"{spec.name}__isnull": False}) | known)


def _with_a_parent(entity: EntityType, golden_ids: Iterable[UUID]) -> set[UUID]:
    return set(naming_a_parent(entity).filter(id__any=golden_ids).order_by().values_list("id", flat=True))


def _naming(entity: EntityType, names: set[tuple[str, str]]) -> set[UUID]:
    """Find the golden records whose source records name one of these as their parent."""
    spec: Any = parent_attribute(entity)
    if not names:
        return set()
    sources, own_ids = {source for source, _ in names}, [own_id for _, own_id in names]
    wanted = {"source__code__in": sources, f"{spec.name}__any": own_ids, "golden__isnull": False}
    rows = entity.records.filter(**wanted).order_by().values_list("source__code", spec.name, "golden_id")
    return {golden_id for source, own_id, golden_id in rows if (source, own_id) in names}


def _ids(rows: Any) -> set[UUID]:
    return set(rows.order_by().values_list("golden_id", flat=True))
