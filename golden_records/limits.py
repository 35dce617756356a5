"""Limits: what a person may see of entity types and sources, and the one place that narrows rows to it.

Each model that holds something of golden or source records says in `NARROWED` how its rows are narrowed. A golden record that mixes
sources is seen by whoever sees one of them; the values that came from the others are hidden (`golden_records.shielding`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value

from golden_records import viewing
from golden_records.change import Change
from golden_records.entities import ENTITIES, EntityType
from golden_records.errors import MdmError
from golden_records.history import ChangeKind, write_history
from golden_records.models import (
    AccessLimit,
    AuditEntry,
    ChangeEvent,
    Endorsement,
    ImportJob,
    MergeReceipt,
    MoveReceipt,
    Override,
    QuarantinedRow,
    RulesRun,
    SourceMapping,
    SourceSystem,
    SurvivorshipVersion,
)
from golden_records.viewing import Viewer

SOURCE_OWNERS: Final = "source owner"
"""The group whose members see nothing until a limit says which sources are theirs."""

FEW: Final = 5_000
"""Of sources that sent no more records, all that they sent is looked up; of others, each row of a list is asked."""

_OF_FACTS: Final = "project_fact"

Rows = QuerySet[Any]
Narrowing = Callable[[Rows, Viewer], Rows]


class InvalidLimit(MdmError):
    """The limit names no one, or an entity type or a source that is not there."""

    code = "invalid_limit"
    title = "The limit can't be saved"


def personal_permission(entity: str) -> str:
    """Name the permission to see the personal attributes of an entity type."""
    return f"golden_records.view_personal_data_{entity}"


def viewer_of(user: AbstractBaseUser | AnonymousUser) -> Viewer | None:
    """Say what is kept from somebody; None for nothing. One statement beside those of their permissions, two for a limited person."""
    if not isinstance(user, User) or not user.is_active or user.is_superuser:
        return None
    masked = frozenset(name for name in ENTITIES if not user.has_perm(personal_permission(name)))
    entities, sources = _allowed(user)
    if entities is None and sources is None and not masked:
        return None
    ids = SourceSystem.objects.filter(code__in=sources).values_list("pk", flat=True) if sources else ()
    return Viewer(str(user.pk), entities=entities, sources=sources, source_ids=frozenset(ids), masked=masked)


@dataclass(frozen=True, slots=True)
class _Allowed:
    entities: frozenset[str] | None
    sources: frozenset[str] | None


def _allowed(user: User) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    own = AccessLimit.objects.order_by().filter(user=user).values_list(Value(""), "entities", "sources")
    groups = Group.objects.order_by().filter(user=user).values_list("name", "access_limit__entities", "access_limit__sources")
    rows = list(groups.union(own, all=True))
    mine = _Allowed(None, None)
    theirs: list[_Allowed] = []
    for name, entities, sources in rows:
        limit = _Allowed(frozenset(entities or ()) or None, frozenset(sources or ()) or None)
        if not name:
            mine = limit
        elif limit.entities is not None or limit.sources is not None:
            theirs.append(limit)
    sources = _narrowed(_summed(each.sources for each in theirs), mine.sources)
    if sources is None and any(name == SOURCE_OWNERS for name, *_ in rows):
        sources = frozenset()
    return _narrowed(_summed(each.entities for each in theirs), mine.entities), sources


def _summed(some: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """What groups allow adds up; one that does not limit this allows all."""
    found = list(some)
    if not found or any(each is None for each in found):
        return None
    return frozenset().union(*(each for each in found if each is not None))


def _narrowed(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


# --- narrowing rows ---


def within(rows: Rows) -> Rows:
    """Keep of some rows those that whoever asks may see; all where nothing is kept from them."""
    seen_by = viewing.viewer()
    if seen_by is None or not seen_by.is_limited:
        return rows
    narrow = NARROWED.get(rows.model)
    return narrow(rows, seen_by) if narrow is not None else rows


def sees(model: type[models.Model], key: object) -> bool:
    """Whether whoever asks may see one row."""
    seen_by = viewing.viewer()
    if seen_by is None or not seen_by.is_limited or model not in NARROWED:
        return True
    return within(model._default_manager.filter(pk=key)).exists()


def sees_all_of(entity: EntityType, golden_ids: Iterable[Any]) -> bool:
    """Whether whoever asks may see every source record of some golden records: needed to regroup them."""
    seen_by = viewing.viewer()
    if seen_by is None or not seen_by.is_limited:
        return True
    if not seen_by.sees_entity(entity.name):
        return False
    return seen_by.sources is None or not entity.records.filter(golden_id__in=golden_ids).exclude(source_id__in=seen_by.source_ids).exists()


def known_to(rows: Rows, entity: EntityType, source_ids: Iterable[int], *, by: str = "pk") -> Rows:
    """Keep the rows whose golden record, named by the column `by`, holds a record of one of some sources."""
    ids = list(source_ids)
    sent = entity.records.filter(source_id__in=ids)
    if sent.order_by()[: FEW + 1].count() <= FEW:
        return rows.filter(**{f"{by}__in": sent.values("golden_id")})
    # "+ 0" keeps databases without statistics from looking for all that the sources sent, once for each row.
    return rows.filter(Exists(entity.records.annotate(sent_by=F("source_id") + 0).filter(golden_id=OuterRef(by), sent_by__in=ids)))


def _by_entity(rows: Rows, seen_by: Viewer) -> Rows:
    return rows if seen_by.entities is None else rows.filter(entity__in=seen_by.entities)


def _by_source(rows: Rows, seen_by: Viewer) -> Rows:
    if seen_by.entities is not None:
        facts = {_OF_FACTS} if "project" in seen_by.entities else set()
        rows = rows.filter(entity__in=seen_by.entities | facts)
    return rows if seen_by.sources is None else rows.filter(source_id__in=seen_by.source_ids)


def _sources(rows: Rows, seen_by: Viewer) -> Rows:
    return rows if seen_by.sources is None else rows.filter(pk__in=seen_by.source_ids)


def _goldens(entity: EntityType) -> Narrowing:
    def narrow(rows: Rows, seen_by: Viewer) -> Rows:
        if not seen_by.sees_entity(entity.name):
            return rows.none()
        return rows if seen_by.sources is None else known_to(rows, entity, seen_by.source_ids)

    return narrow


def _records(entity: EntityType) -> Narrowing:
    def narrow(rows: Rows, seen_by: Viewer) -> Rows:
        if not seen_by.sees_entity(entity.name):
            return rows.none()
        return rows if seen_by.sources is None else rows.filter(source_id__in=seen_by.source_ids)

    return narrow


def naming(column: str) -> Narrowing:
    """Make what narrows rows that name, beside their `entity`, a golden record in a column."""

    def narrow(rows: Rows, seen_by: Viewer) -> Rows:
        rows = _by_entity(rows, seen_by)
        if seen_by.sources is None:
            return rows
        any_of = Q(pk__in=())
        for entity in ENTITIES.values():
            of_sources = entity.records.filter(golden_id=OuterRef(column), source_id__in=seen_by.source_ids)
            any_of |= Q(Exists(of_sources), entity=entity.name)
        return rows.filter(any_of)

    return narrow


def on_pairs(rows: Rows, seen_by: Viewer) -> Rows:
    """Keep the rows on pairs of source records of which both may be seen."""
    rows = _by_entity(rows, seen_by)
    if seen_by.sources is None:
        return rows
    any_of = Q(pk__in=())
    for entity in ENTITIES.values():
        sent = entity.records.filter(source_id__in=seen_by.source_ids)
        left, right = (Exists(sent.filter(pk=OuterRef(f"{side}_record_id"))) for side in ("left", "right"))
        any_of |= Q(left, right, entity=entity.name)
    return rows.filter(any_of)


def of_entity(rows: Rows, seen_by: Viewer) -> Rows:
    """Keep the rows on entity types that may be seen: they hold no value of a record."""
    return _by_entity(rows, seen_by)


def nothing(rows: Rows, seen_by: Viewer) -> Rows:
    """Keep nothing: what is told there is told of everything at once."""
    del seen_by
    return rows.none()


NARROWED: Final[dict[type[models.Model], Narrowing]] = {
    SourceSystem: _sources,
    SourceMapping: _by_source,
    ImportJob: _by_source,
    QuarantinedRow: _by_source,
    ChangeEvent: naming("golden_id"),
    Override: naming("golden_id"),
    Endorsement: naming("golden_id"),
    MergeReceipt: naming("survivor_id"),
    MoveReceipt: naming("to_id"),
    SurvivorshipVersion: of_entity,
    RulesRun: of_entity,
    AuditEntry: nothing,
    **{entity.golden: _goldens(entity) for entity in ENTITIES.values()},
    **{entity.record: _records(entity) for entity in ENTITIES.values()},
}
"""How each table is narrowed for a limited person; other packages add theirs. A table that is not here is nobody's secret."""


# --- keeping limits ---


@transaction.atomic
def save_limit(limit: AccessLimit, *, change: Change) -> AccessLimit:
    """Keep a limit, new or changed, with its history and the audit log. Raises `InvalidLimit` with everything that is wrong."""
    known = set(SourceSystem.objects.values_list("code", flat=True))
    problems = [f"There is no entity type '{name}'." for name in limit.entities if name not in ENTITIES]
    problems += [f"There is no source system '{code}'." for code in limit.sources if code not in known]
    if (limit.user_id is None) == (limit.group_id is None):
        problems.append("A limit is of one person or of one group.")
    if problems:
        raise InvalidLimit(" ".join(problems), remedy="Correct it and save again.", problems=problems)
    limit.entities, limit.sources = sorted(set(limit.entities)), sorted(set(limit.sources))
    is_new = not AccessLimit.objects.filter(pk=limit.pk).exists()
    kind = ChangeKind.CREATED if is_new else ChangeKind.CHANGED
    if is_new:
        AccessLimit.objects.bulk_create([limit])
    else:
        AccessLimit.objects.bulk_update([limit], ("user", "group", "entities", "sources"))
    write_history(AccessLimit, [limit], change=change, kind=kind)
    return limit


@transaction.atomic
def remove_limit(limit: AccessLimit, *, change: Change) -> None:
    """Take a limit away, with its history and the audit log."""
    write_history(AccessLimit, [limit], change=change, kind=ChangeKind.DELETED)
    AccessLimit.objects.filter(pk=limit.pk).delete()
