"""Merging two golden records, and taking a merge back."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max

from golden_records import golden
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import Erased, NothingToUndo, StaleWrite
from golden_records.golden import Membership
from golden_records.history import ChangeKind, write_history
from golden_records.locking import lock_known_goldens
from golden_records.models import GoldenState, LinkSource, MergeReceipt
from golden_records.selectors import follow


def merge(
    entity: EntityType, *, survivor_id: UUID, absorbed_id: UUID, change: Change, link: dict[str, Any], links: Sequence[Membership] = ()
) -> MergeReceipt:
    """Bring the source records of one golden record into another, and keep a receipt by which it can be taken back.

    The absorbed one is retired and answers with the survivor from now on. `link` is the evidence that is kept with each
    record that moves, as a person's; `links` has those that move by evidence of their own. The caller owns the transaction.
    Raises `UnknownGoldenRecord`, and `StaleWrite` where one of the two is not active or both are the same.
    """
    if survivor_id == absorbed_id:
        message = f"Golden record {survivor_id} can't be merged with itself."
        raise StaleWrite(message, golden=str(survivor_id))
    for golden_id, row in lock_known_goldens(entity, (survivor_id, absorbed_id)).items():
        if row["state"] != GoldenState.ACTIVE:
            message = f"Golden record {golden_id} is {row['state']}."
            raise StaleWrite(message, remedy="Look up its successor.", golden=str(golden_id))
    moved = _records_in(entity, absorbed_id)
    own = {each.record_id: each for each in links}
    by_hand = (Membership(record, survivor_id, LinkSource.MANUAL, link, keeps_waiting=True) for record in moved)
    golden.assign(entity, [own.get(each.record_id, each) for each in by_hand], change=change)
    # Not `create`: that would write history by itself, without the actor.
    receipt = MergeReceipt.objects.bulk_create(
        [
            MergeReceipt(
                entity=entity.name,
                survivor_id=survivor_id,
                absorbed_id=absorbed_id,
                moved_record_ids=moved,
                merged_by=change.actor,
                user_id=change.user_id,
                reason=change.reason,
                merged_at=change.at,
            )
        ]
    )[0]
    write_history(MergeReceipt, [receipt], change=change, kind=ChangeKind.CREATED)
    return receipt


def undo_merge(receipt: MergeReceipt, *, change: Change, chains: Mapping[int, frozenset[int]] | None = None) -> tuple[UUID, UUID]:
    """Take a merge back: the absorbed golden record is active again, with those of its records that are still there.

    "There" is the survivor, or what the survivor was merged into since. The links of the records are again what they
    were before the merge; what was learned of them since then, and records that joined the survivor since, stay, but for
    those that must stay with a record that leaves: `chains` names them. Gives the golden record that they left and the one
    that is back. The caller owns the transaction. Raises `Erased` where its records were erased, `NothingToUndo` where the
    merge was undone already, none of its records is there any more, or all that are there must go together.
    """
    entity = entity_type(receipt.entity)
    present = follow(entity, receipt.survivor_id).pk
    goldens = lock_known_goldens(entity, (present, receipt.absorbed_id))
    # Read again under the locks: of two who undo the same merge, the second finds it undone.
    receipt.refresh_from_db()
    if GoldenState.ERASED in {row["state"] for row in goldens.values()}:
        message = f"The merge of {receipt.absorbed_id} into {receipt.survivor_id} can't be undone: its records were erased."
        raise Erased(message, merge=receipt.pk)
    there = set(_records_in(entity, present))
    moved = sorted({other for record in receipt.moved_record_ids if record in there for other in _with(record, chains, there)})
    nothing = not moved or (len(moved) == len(there) and not set(moved) <= set(receipt.moved_record_ids))
    if receipt.undone_at is not None or nothing or goldens[receipt.absorbed_id]["state"] != GoldenState.RETIRED:
        message = f"The merge of {receipt.absorbed_id} into {receipt.survivor_id} has nothing left to undo."
        raise NothingToUndo(message, merge=receipt.pk)
    golden.assign(entity, _earlier_memberships(entity, receipt, moved), change=change, revive=receipt.absorbed_id)
    receipt.undone_at = change.at
    MergeReceipt.objects.filter(pk=receipt.pk).update(undone_at=change.at)
    write_history(MergeReceipt, [receipt], change=change, kind=ChangeKind.CHANGED)
    return present, receipt.absorbed_id


def _with(record: int, chains: Mapping[int, frozenset[int]] | None, there: set[int]) -> set[int]:
    return {record, *(chains or {}).get(record, ())} & there


def _records_in(entity: EntityType, golden_id: UUID) -> list[int]:
    records: Any = entity.record._default_manager
    return list(records.filter(golden_id=golden_id).order_by("id").values_list("id", flat=True))


def _earlier_memberships(entity: EntityType, receipt: MergeReceipt, moved: list[int]) -> list[Membership]:
    """Give the links that the records had when they were last in the absorbed golden record, out of history."""
    history: Any = entity.record
    rows = history.history.filter(id__in=moved, golden_id=receipt.absorbed_id)
    last = rows.values("id").annotate(last=Max("history_id")).values("last")
    earlier = history.history.filter(history_id__in=last).values_list("id", "link_source", "link")
    links = {record: (LinkSource(link_source), link) for record, link_source, link in earlier}
    undone = (LinkSource.MANUAL, {"undone_merge": receipt.pk})
    return [Membership(record, receipt.absorbed_id, *links.get(record, undone), keeps_waiting=True) for record in moved]
