"""Writing golden records: which source records belong to them, and what survives. Nobody else writes them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from golden_records import bulk
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import Busy, StaleWrite, UnknownSourceRecord
from golden_records.history import ChangeKind, write_history_of
from golden_records.members import Link, LinkedMember, members_of
from golden_records.models import GoldenState, LinkSource, MatchState
from golden_records.rulebook import rules_of
from golden_records.survivorship.members import Member
from golden_records.survivorship.rules import SurvivorshipRules
from golden_records.survivorship.survive import Survived, survive

_CONTENT: Final = ("state", "successor_id", "lineage", "completeness", "member_count")
_LINK: Final = ("golden_id", "match_state", "link_source", "link", "linked_at")

GoldenRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Membership:
    """Where a source record belongs, who put it there, and the evidence."""

    record_id: int
    golden_id: UUID
    link_source: LinkSource
    link: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Assigned:
    """The golden records that were made, that changed, and that were retired because nothing is left of them."""

    created: list[UUID]
    changed: list[UUID]
    retired: list[UUID]


def assign(entity: EntityType, memberships: Sequence[Membership], *, change: Change, revive: UUID | None = None) -> Assigned:
    """Put source records into golden records, make those that do not exist yet, and recompute every one that is touched.

    A golden record that is left without an active member is retired, with the one that got most of its members as
    successor (the oldest, where several got as many). Golden records are locked in the order of their ids; the caller
    owns the transaction. At most nine statements, however many records. `revive` names a retired golden record that
    may come back. Raises `StaleWrite` for any other that is not active, `Busy` where a record was moved by somebody
    else at the same time; nothing has been written then.
    """
    placed = {membership.record_id: membership for membership in memberships}
    targets = {membership.golden_id for membership in memberships}
    goldens = _locked(entity, targets, list(placed))
    members = members_of(entity, targets | goldens.keys(), placed)
    _check(placed, goldens, members, revive)
    groups, homes = _regroup(placed, members, goldens)
    plan = _Plan(entity, change)
    for golden_id in sorted(goldens.keys() | targets):
        if groups[golden_id]:
            plan.stand(golden_id, groups[golden_id], goldens.get(golden_id))
        elif golden_id in goldens:
            plan.retire(goldens[golden_id], successor=_heir(homes.get(golden_id)))
    plan.write()
    _write_links(entity, placed, members, change)
    return plan.done


def rebuild(entity: EntityType, golden_ids: Iterable[UUID], *, change: Change) -> list[UUID]:
    """Compute active golden records again from their members, and write those that come out different; names them."""
    goldens = {golden_id: row for golden_id, row in _locked(entity, set(golden_ids), []).items() if row["state"] == GoldenState.ACTIVE}
    groups, _ = _regroup({}, members_of(entity, goldens), goldens)
    plan = _Plan(entity, change)
    for golden_id in sorted(goldens):
        if groups[golden_id]:
            plan.stand(golden_id, groups[golden_id], goldens[golden_id])
    plan.write()
    return plan.done.changed


class _Plan:
    """What is to be written to the golden records of one entity type; one statement for each kind of change."""

    def __init__(self, entity: EntityType, change: Change) -> None:
        self._entity = entity
        self._rules = rules_of(entity)
        self._change = change
        self._inserts: list[GoldenRow] = []
        self._updates: list[GoldenRow] = []
        self._retired: list[UUID] = []

    def stand(self, golden_id: UUID, members: Sequence[Member], before: GoldenRow | None) -> None:
        survived = survive(self._rules, members)
        content: GoldenRow = {
            **survived.values,
            "id": golden_id,
            "state": GoldenState.ACTIVE,
            "successor_id": None,
            "lineage": _lineage(survived, self._rules),
            "completeness": round(len(survived.winners) / len(survived.values), 4),
            "member_count": len(members),
        }
        if before is None:
            at = self._change.at
            self._inserts.append({**content, "version": 1, "created_at": at, "updated_at": at})
        elif any(before[name] != value for name, value in content.items()):
            self._revise(before, content)

    def retire(self, before: GoldenRow, successor: UUID | None) -> None:
        self._retired.append(before["id"])
        self._revise(before, {"state": GoldenState.RETIRED, "successor_id": successor, "member_count": 0})

    def _revise(self, before: GoldenRow, content: GoldenRow) -> None:
        self._updates.append({**before, **content, "version": before["version"] + 1, "updated_at": self._change.at})

    def write(self) -> None:
        golden, names = self._entity.golden, self._entity.attribute_names
        bulk.insert(golden, self._inserts, returning=("id",))
        bulk.update(golden, self._updates, columns=(*names, *_CONTENT, "version", "updated_at"))
        write_history_of(golden, _ids(self._inserts), change=self._change, kind=ChangeKind.CREATED)
        write_history_of(golden, _ids(self._updates), change=self._change, kind=ChangeKind.CHANGED)

    @property
    def done(self) -> Assigned:
        retired = set(self._retired)
        changed = [golden_id for golden_id in _ids(self._updates) if golden_id not in retired]
        return Assigned(created=_ids(self._inserts), changed=changed, retired=sorted(retired))


def _locked(entity: EntityType, golden_ids: set[UUID], record_ids: list[int]) -> dict[UUID, GoldenRow]:
    """Lock these golden records, and those that these source records are in now, in the order of their ids."""
    named = Q(id__in=golden_ids)
    if record_ids:
        records: Any = entity.record._default_manager
        named |= Q(id__in=records.filter(id__in=record_ids, golden_id__isnull=False).values("golden_id"))
    rows = entity.golden._default_manager.select_for_update().filter(named).order_by("id")
    columns = ("id", *_CONTENT, "version", *entity.attribute_names)
    return {row["id"]: row for row in rows.values(*columns)}


def _check(
    placed: Mapping[int, Membership], goldens: Mapping[UUID, GoldenRow], members: Sequence[LinkedMember], revive: UUID | None
) -> None:
    for row in goldens.values():
        if row["state"] != GoldenState.ACTIVE and row["id"] != revive:
            message = f"Golden record {row['id']} is {row['state']}."
            raise StaleWrite(message, remedy="Look up its successor.", golden=str(row["id"]))
    missing = placed.keys() - {each.member.record_id for each in members}
    if missing:
        message = f"There is no source record {min(missing)}."
        raise UnknownSourceRecord(message, record=min(missing))
    for each in members:
        home = each.link.golden_id
        if home is not None and home not in goldens:
            message = f"Source record {each.member.record_id} was moved by somebody else at the same time."
            raise Busy(message, remedy="Try again.", record=each.member.record_id)


def _regroup(
    placed: Mapping[int, Membership], members: Sequence[LinkedMember], goldens: Mapping[UUID, GoldenRow]
) -> tuple[dict[UUID, list[Member]], dict[UUID, Counter[UUID]]]:
    """Give the active members of each golden record after the move, and where the members of each one went."""
    groups: dict[UUID, list[Member]] = {golden_id: [] for golden_id in goldens}
    homes: dict[UUID, Counter[UUID]] = {}
    for each in members:
        membership = placed.get(each.member.record_id)
        home = membership.golden_id if membership is not None else each.link.golden_id
        if home is None:
            continue
        group = groups.setdefault(home, [])
        if each.is_active:
            group.append(each.member)
        if each.link.golden_id is not None and each.link.golden_id != home:
            homes.setdefault(each.link.golden_id, Counter())[home] += 1
    return groups, homes


def _heir(homes: Counter[UUID] | None) -> UUID | None:
    return min(homes, key=lambda golden_id: (-homes[golden_id], golden_id)) if homes else None


def _lineage(survived: Survived, rules: SurvivorshipRules) -> dict[str, dict[str, object]]:
    return {
        name: {"record": winner.record_id, "source": winner.source, "rule": winner.rule, "rules": rules.version}
        for name, winner in survived.winners.items()
    }


def _write_links(entity: EntityType, placed: Mapping[int, Membership], members: Sequence[LinkedMember], change: Change) -> None:
    rows = []
    for each in members:
        membership = placed.get(each.member.record_id)
        if membership is None:
            continue
        link = _link(membership, each.link, change)
        if link != each.link:
            rows.append({"id": each.member.record_id} | {name: getattr(link, name) for name in _LINK})
    bulk.update(entity.record, rows, columns=_LINK)
    write_history_of(entity.record, _ids(rows), change=change, kind=ChangeKind.CHANGED)


def _link(membership: Membership, before: Link, change: Change) -> Link:
    evidence = (membership.golden_id, membership.link_source, membership.link)
    same = evidence == (before.golden_id, before.link_source, before.link)
    return Link(
        golden_id=membership.golden_id,
        match_state=MatchState.MATCHED,
        link_source=membership.link_source,
        link=membership.link,
        linked_at=before.linked_at if same else change.at,
    )


def _ids(rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [row["id"] for row in rows]
