"""Moving source records by hand out of one golden record, into one of their own (a split) or into another, and taking that back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from golden_records import golden, overriding
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import Erased, NothingToUndo, StaleWrite
from golden_records.golden import Membership
from golden_records.history import ChangeKind, write_history
from golden_records.locking import lock_known_goldens
from golden_records.merging import earlier_links, going_along, records_in
from golden_records.models import GoldenState, LinkSource, MoveKind, MoveReceipt
from golden_records.selectors import follow


@dataclass(frozen=True, slots=True)
class Wish:
    """Which source records go from which golden record to which, as what; `set_aside` are the earlier judgements that give way to it."""

    kind: MoveKind
    from_id: UUID
    to_id: UUID
    record_ids: Sequence[int]
    set_aside: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Undone:
    """Which source records went back, from which golden record to which."""

    record_ids: tuple[int, ...]
    left_id: UUID
    back_in_id: UUID


def move(entity: EntityType, wish: Wish, *, change: Change) -> MoveReceipt:
    """Put source records of one golden record into another (of a split: one that is made by this), and keep a receipt of it.

    The golden record that they leave keeps its id; some of its active records must stay. The links are a person's from now on. The
    caller owns the transaction, and holds both golden records. Raises `StaleWrite` where a golden record is not active, or a record is
    not where it is said to be.
    """
    wanted = {wish.from_id} if wish.kind == MoveKind.SPLIT else {wish.from_id, wish.to_id}
    for golden_id, row in lock_known_goldens(entity, wanted).items():
        if row["state"] != GoldenState.ACTIVE:
            message = f"Golden record {golden_id} is {row['state']}."
            raise StaleWrite(message, remedy="Look up its successor.", golden=str(golden_id))
    if strangers := set(wish.record_ids) - set(records_in(entity, wish.from_id)):
        message = f"Source record {min(strangers)} is not in golden record {wish.from_id}."
        raise StaleWrite(message, remedy="Look at the golden record again.", record=min(strangers))
    # Not `create`: that would write history by itself, without the actor.
    receipt = MoveReceipt.objects.bulk_create(
        [
            MoveReceipt(
                entity=entity.name,
                kind=wish.kind,
                from_id=wish.from_id,
                to_id=wish.to_id,
                moved_record_ids=sorted(wish.record_ids),
                set_aside=list(wish.set_aside),
                moved_by=change.actor,
                user_id=change.user_id,
                reason=change.reason,
                moved_at=change.at,
            )
        ]
    )[0]
    evidence = {"move": receipt.pk}
    placed = [Membership(record, wish.to_id, LinkSource.MANUAL, evidence, keeps_waiting=True) for record in receipt.moved_record_ids]
    golden.assign(entity, placed, change=change)
    write_history(MoveReceipt, [receipt], change=change, kind=ChangeKind.CREATED)
    return receipt


def homes_of(receipt: MoveReceipt) -> tuple[UUID, UUID]:
    """Give where the records that left are now, and where they came from is now: what the two ids of the receipt answer with."""
    entity = entity_type(receipt.entity)
    return follow(entity, receipt.to_id).pk, follow(entity, receipt.from_id).pk


def going_back(receipt: MoveReceipt, chains: Mapping[int, frozenset[int]] | None = None) -> list[int]:
    """Give the records that an undo of this takes back: those that are still there, and those that must stay with them."""
    present, _ = homes_of(receipt)
    return going_along(receipt.moved_record_ids, set(records_in(entity_type(receipt.entity), present)), chains)


def undo_move(receipt: MoveReceipt, *, change: Change, chains: Mapping[int, frozenset[int]] | None = None) -> Undone:
    """Take a split or a move back: the records that are still where they went are again where they were, with the links of then, and
    overrides that ended by it stand again.

    "Where they were" is what answers for that id now. What was learned of them since stays, and so do records that joined them since,
    but for those that must stay with one that goes back: `chains` names them. A golden record that is left without records is retired,
    and answers with the one that they went back to. The caller owns the transaction, and holds the golden records. Raises `Erased`
    where records were erased, `NothingToUndo` where it was undone already, none of the records is there, or the two are one by now.
    """
    entity = entity_type(receipt.entity)
    present, back = homes_of(receipt)
    goldens = lock_known_goldens(entity, {receipt.from_id, receipt.to_id, present, back})
    # Read again under the locks: of two who undo the same, the second finds it undone.
    receipt.refresh_from_db()
    if GoldenState.ERASED in {goldens[present]["state"], goldens[back]["state"]}:
        message = f"The {receipt.kind} of {receipt.from_id} can't be undone: its records were erased."
        raise Erased(message, move=receipt.pk)
    moved = going_along(receipt.moved_record_ids, set(records_in(entity, present)), chains)
    if receipt.undone_at is not None or present == back or not moved:
        message = f"The {receipt.kind} of {receipt.from_id} has nothing left to undo."
        remedy = "The two are one golden record since: undo that merge first." if present == back else ""
        raise NothingToUndo(message, remedy=remedy, move=receipt.pk)
    links = earlier_links(entity, moved, receipt.from_id)
    undone = (LinkSource.MANUAL, {"undone_move": receipt.pk})
    placed = [Membership(record, back, *links.get(record, undone), keeps_waiting=True) for record in moved]
    golden.assign(entity, placed, change=change, revive=back if goldens[back]["state"] == GoldenState.RETIRED else None)
    overriding.stand_again(entity, set(goldens), lapsed_at=receipt.moved_at, change=change)
    receipt.undone_at = change.at
    MoveReceipt.objects.filter(pk=receipt.pk).update(undone_at=change.at)
    write_history(MoveReceipt, [receipt], change=change, kind=ChangeKind.CHANGED)
    return Undone(tuple(moved), present, back)
