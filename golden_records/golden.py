"""Writing golden records: which source records belong to them, and what survives. Nobody else writes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from golden_records import bulk, outbox, pins
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import Busy, StaleWrite, UnknownSourceRecord
from golden_records.golden_events import Placing, Telling
from golden_records.golden_plan import Assigned, GoldenPlan, heirs_of, regroup
from golden_records.history import ChangeKind, history_of
from golden_records.locking import GoldenRow, lock_goldens, lock_records
from golden_records.members import Link, LinkedMember, members_of, rules_for
from golden_records.models import GoldenState, LinkSource, MatchState
from golden_records.pins import NONE, Entry

_LINK: Final = ("golden_id", "match_state", "link_source", "link", "linked_at")


@dataclass(frozen=True, slots=True)
class Membership:
    """Where a source record belongs, who put it there, and the evidence.

    `unwritten` is what happened to the record itself earlier in the same transaction, where that is not in its history
    yet: it is kept there together with the link, as one change. `sent` tells that this comes of what its source sent: that
    source is then named as the cause of what changes. `keeps_waiting`: it is moved, and not matched by that; one that waits
    to be matched goes on waiting.
    """

    record_id: int
    golden_id: UUID
    link_source: LinkSource
    link: dict[str, Any]
    unwritten: ChangeKind | None = None
    sent: bool = False
    keeps_waiting: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Golden records that the caller has locked, as they are, and the source records of theirs, read since.

    Also of the source records that are to move: every one of them, and every one that shares a golden record with it; where
    `records_locked`, the caller has locked those that are to move as well.
    """

    goldens: Mapping[UUID, GoldenRow]
    members: Sequence[LinkedMember]
    records_locked: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an assignment would do: golden records as they are and as they would be, by id, and what would be told.

    Those of `before` that nothing would change are in `after` as they are; one that would be made is in `after` alone.
    """

    before: Mapping[UUID, GoldenRow]
    after: Mapping[UUID, GoldenRow]
    events: Sequence[outbox.Event]


def assign(
    entity: EntityType, memberships: Sequence[Membership], *, change: Change, revive: UUID | None = None, held: Held | None = None
) -> Assigned:
    """Put source records into golden records, make those that do not exist yet, and recompute every one that is touched.

    A golden record that is left without an active member is retired, with the one that got most of its members as
    successor (the oldest, where several got as many; none, where nobody active moved). One that was retired before, with
    withdrawn records in it, gets a successor the same way, if it had none. Golden records are locked in the order of their
    ids; the caller owns the transaction. At most ten statements on PostgreSQL, however many records; those that lock and
    read are spared where the caller has done so (`held`). `revive` names a retired golden record that may come back. Raises
    `StaleWrite` where records are to go to any other that is not active, `Busy` where a record was moved by somebody else
    at the same time; nothing has been written then.
    """
    placed = {membership.record_id: membership for membership in memberships}
    targets = {membership.golden_id for membership in memberships}
    goldens, members = _held(entity, targets, placed) if held is None else _concerned(held, targets, placed)
    _check(placed, goldens, members, revive)
    plan, telling = _planned(entity, placed, goldens, members, change=change, revive=revive)
    plan.write()
    links = _links(placed, members, change)
    if sum(map(len, links.values())) > 1 and not (held is not None and held.records_locked):
        # An import writes some of them too, and waits for nothing else: in the order of ids as here.
        lock_records(entity, [row["id"] for linked in links.values() for row in linked])
    _write_links(entity, links, change, outbox.beside(telling.of_links(), change=change))
    return plan.done


def foresee(entity: EntityType, memberships: Sequence[Membership], *, change: Change, held: Held) -> Foreseen:
    """Say what `assign` would do with what is held, by the same steps, and write nothing."""
    placed = {membership.record_id: membership for membership in memberships}
    goldens, members = _concerned(held, {membership.golden_id for membership in memberships}, placed)
    _check(placed, goldens, members, None)
    plan, telling = _planned(entity, placed, goldens, members, change=change, revive=None)
    return Foreseen(dict(goldens), {**goldens, **plan.rows}, [*telling.of_created, *telling.of_changed, *telling.of_links()])


def rebuild(entity: EntityType, golden_ids: Iterable[UUID], *, change: Change, pinned: Mapping[UUID, Sequence[Entry]] = NONE) -> list[UUID]:
    """Compute active golden records again from their members, and write those that come out different; names them.

    One whose source records were all withdrawn is retired, and answers as it was. `pinned` has the overrides of those whose overrides
    are to be others than they carry.
    """
    goldens = {
        golden_id: row for golden_id, row in lock_goldens(entity, golden_ids=golden_ids).items() if row["state"] == GoldenState.ACTIVE
    }
    members = members_of(entity, goldens)
    groups, _ = regroup({}, members, goldens)
    plan = GoldenPlan(entity, rules_for(entity, members), change, Telling(entity, ()))
    plan.pins = pinned
    for golden_id in sorted(goldens):
        if groups[golden_id]:
            plan.stand(golden_id, groups[golden_id], goldens[golden_id])
        else:
            plan.retire(goldens[golden_id], ())
    plan.write()
    return sorted({*plan.done.changed, *plan.done.retired})


def _planned(
    entity: EntityType,
    placed: Mapping[int, Membership],
    goldens: Mapping[UUID, GoldenRow],
    members: Sequence[LinkedMember],
    *,
    change: Change,
    revive: UUID | None,
) -> tuple[GoldenPlan, Telling]:
    homes_of = {record_id: membership.golden_id for record_id, membership in placed.items()}
    groups, homes = regroup(homes_of, members, goldens)
    telling = Telling(entity, _placings(placed, members), known=goldens)
    heirs = {golden_id: heirs_of(homes.get(golden_id), groups) for golden_id in goldens if not groups[golden_id]}
    first = {golden_id: some[0] for golden_id, some in heirs.items() if some}
    plan = GoldenPlan(entity, rules_for(entity, members), change, telling)
    plan.pins = pins.after_move(entity, goldens, first, revive=revive)
    for golden_id in sorted(goldens.keys() | set(homes_of.values())):
        if groups[golden_id]:
            plan.stand(golden_id, groups[golden_id], goldens.get(golden_id))
        elif golden_id in goldens:
            plan.retire(goldens[golden_id], heirs[golden_id], anew=golden_id == revive)
    return plan, telling


def _held(entity: EntityType, targets: set[UUID], placed: Mapping[int, Membership]) -> tuple[Mapping[UUID, GoldenRow], list[LinkedMember]]:
    goldens = lock_goldens(entity, golden_ids=targets, record_ids=placed)
    return goldens, members_of(entity, targets | goldens.keys(), placed)


def _concerned(held: Held, targets: set[UUID], placed: Mapping[int, Membership]) -> tuple[Mapping[UUID, GoldenRow], list[LinkedMember]]:
    """Give what this assignment touches of what is held: where records come from, and where they go."""
    left = {each.link.golden_id for each in held.members if each.member.record_id in placed}
    concerned = targets | left
    goldens = {golden_id: held.goldens[golden_id] for golden_id in held.goldens if golden_id in concerned}
    return goldens, [each for each in held.members if each.link.golden_id in goldens or each.member.record_id in placed]


def _check(
    placed: Mapping[int, Membership], goldens: Mapping[UUID, GoldenRow], members: Sequence[LinkedMember], revive: UUID | None
) -> None:
    targets = {membership.golden_id for membership in placed.values()}
    for row in goldens.values():
        if row["id"] in targets and row["state"] != GoldenState.ACTIVE and row["id"] != revive:
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


def _placings(placed: Mapping[int, Membership], members: Sequence[LinkedMember]) -> list[Placing]:
    found = ((each, placed.get(each.member.record_id)) for each in members)
    return [Placing(each, membership.golden_id, membership.sent) for each, membership in found if membership is not None]


def _links(placed: Mapping[int, Membership], members: Sequence[LinkedMember], change: Change) -> dict[ChangeKind, list[Mapping[str, Any]]]:
    """Give the links that are to be written, by what is kept of them in history."""
    rows: dict[ChangeKind, list[Mapping[str, Any]]] = {}
    for each in members:
        membership = placed.get(each.member.record_id)
        if membership is None:
            continue
        link = _link(membership, each, change)
        if link != each.link or membership.unwritten is not None:
            row = {"id": each.member.record_id} | {name: getattr(link, name) for name in _LINK}
            rows.setdefault(membership.unwritten or ChangeKind.CHANGED, []).append(row)
    return rows


def _write_links(entity: EntityType, rows: Mapping[ChangeKind, Sequence[Mapping[str, Any]]], change: Change, beside: bulk.Beside) -> None:
    for number, (kind, linked) in enumerate(rows.items()):
        # The events of all links come with the first statement: what moved is among the rows of one of them.
        told = beside if number == 0 else None
        bulk.update(entity.record, linked, columns=_LINK, copy_to=history_of(entity.record, change=change, kind=kind), beside=told)


def _link(membership: Membership, placed: LinkedMember, change: Change) -> Link:
    before = placed.link
    evidence = (membership.golden_id, membership.link_source, membership.link)
    same = evidence == (before.golden_id, before.link_source, before.link)
    return Link(
        golden_id=membership.golden_id,
        match_state=before.match_state if membership.keeps_waiting else MatchState.MATCHED,
        link_source=membership.link_source,
        link=membership.link,
        # Of a withdrawn record, which follows the others, the link has ended.
        linked_at=(before.linked_at if same and before.linked_at else change.at) if placed.is_active else None,
    )
