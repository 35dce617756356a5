"""Merging two golden records, and taking a merge back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Max

from golden_records import golden, overriding
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import Erased, NothingToUndo, StaleWrite
from golden_records.golden import Membership
from golden_records.history import ChangeKind, write_history
from golden_records.locking import lock_known_goldens
from golden_records.models import GoldenState, LinkSource, MergeReceipt
from golden_records.selectors import follow


@dataclass(frozen=True, slots=True)
class Terms:
    """What a merge is made with: `link` is the evidence that is kept with each record that moves, as a person's (the merge itself, where
    there is none); `links` has those that move by evidence of their own; `set_aside` are the earlier judgements that give way to it.
    """

    link: dict[str, Any] | None = None
    links: Sequence[Membership] = ()
    set_aside: Sequence[int] = ()


BY_HAND: Final = Terms()


def merge(entity: EntityType, *, survivor_id: UUID, absorbed_id: UUID, change: Change, terms: Terms = BY_HAND) -> MergeReceipt:
    """Bring the source records of one golden record into another, and keep a receipt by which it can be taken back.

    The absorbed one is retired and answers with the survivor from now on. The caller owns the transaction. Raises
    `UnknownGoldenRecord`, and `StaleWrite` where one of the two is not active or both are the same.
    """
    if survivor_id == absorbed_id:
        message = f"Golden record {survivor_id} can't be merged with itself."
        raise StaleWrite(message, golden=str(survivor_id))
    for golden_id, row in lock_known_goldens(entity, (survivor_id, absorbed_id)).items():
        if row["state"] != GoldenState.ACTIVE:
            message = f"Golden record {golden_id} is {row['state']}."
            raise StaleWrite(message, remedy="Look up its successor.", golden=str(golden_id))
    moved = records_in(entity, absorbed_id)
    # Not `create`: that would write history by itself, without the actor.
    receipt = MergeReceipt.objects.bulk_create(
        [
            MergeReceipt(
                entity=entity.name,
                survivor_id=survivor_id,
                absorbed_id=absorbed_id,
                moved_record_ids=moved,
                set_aside=list(terms.set_aside),
                merged_by=change.actor,
                user_id=change.user_id,
                reason=change.reason,
                merged_at=change.at,
            )
        ]
    )[0]
    evidence = terms.link if terms.link is not None else {"merge": receipt.pk}
    own = {each.record_id: each for each in terms.links}
    by_hand = (Membership(record, survivor_id, LinkSource.MANUAL, evidence, keeps_waiting=True) for record in moved)
    golden.assign(entity, [own.get(each.record_id, each) for each in by_hand], change=change)
    write_history(MergeReceipt, [receipt], change=change, kind=ChangeKind.CREATED)
    return receipt


def undo_merge(receipt: MergeReceipt, *, change: Change, chains: Mapping[int, frozenset[int]] | None = None) -> tuple[UUID, UUID]:
    """Take a merge back: the absorbed golden record is active again, with those of its records that are still there.

    "There" is the survivor, or what the survivor was merged into since. The links of the records are again what they were before the
    merge, and overrides that ended by it stand again; what was learned of them since then, and records that joined the survivor since,
    stay, but for those that must stay with a record that leaves: `chains` names them. Gives the golden record that they left and the one
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
    there = set(records_in(entity, present))
    moved = going_along(receipt.moved_record_ids, there, chains)
    nothing = not moved or (len(moved) == len(there) and not set(moved) <= set(receipt.moved_record_ids))
    if receipt.undone_at is not None or nothing or goldens[receipt.absorbed_id]["state"] != GoldenState.RETIRED:
        message = f"The merge of {receipt.absorbed_id} into {receipt.survivor_id} has nothing left to undo."
        raise NothingToUndo(message, merge=receipt.pk)
    golden.assign(entity, _earlier_memberships(entity, receipt, moved), change=change, revive=receipt.absorbed_id)
    overriding.stand_again(entity, set(goldens), lapsed_at=receipt.merged_at, change=change)
    receipt.undone_at = change.at
    MergeReceipt.objects.filter(pk=receipt.pk).update(undone_at=change.at)
    write_history(MergeReceipt, [receipt], change=change, kind=ChangeKind.CHANGED)
    return present, receipt.absorbed_id


def going_along(record_ids: Iterable[int], there: set[int], chains: Mapping[int, frozenset[int]] | None) -> list[int]:
    """Give those of some records that are there, and those there that must stay with one of them (`chains`), in order."""
    return sorted({other for record in record_ids if record in there for other in {record, *(chains or {}).get(record, ())} & there})


def records_in(entity: EntityType, golden_id: UUID) -> list[int]:
    """Give the source records of a golden record, withdrawn ones too, in the order of their ids."""
    records: Any = entity.record._default_manager
    return list(records.filter(golden_id=golden_id).order_by("id").values_list("id", flat=True))


def earlier_links(entity: EntityType, record_ids: Iterable[int], golden_id: UUID) -> dict[int, tuple[LinkSource, dict[str, Any]]]:
    """Give the links that records had when they were last in a golden record, out of history."""
    history: Any = entity.record
    rows = history.history.filter(id__in=record_ids, golden_id=golden_id)
    last = rows.values("id").annotate(last=Max("history_id")).values("last")
    earlier = history.history.filter(history_id__in=last).values_list("id", "link_source", "link")
    return {record: (LinkSource(link_source), link) for record, link_source, link in earlier}


def _earlier_memberships(entity: EntityType, receipt: MergeReceipt, moved: list[int]) -> list[Membership]:
    links = earlier_links(entity, moved, receipt.absorbed_id)
    undone = (LinkSource.MANUAL, {"undone_merge": receipt.pk})
    return [Membership(record, receipt.absorbed_id, *links.get(record, undone), keeps_waiting=True) for record in moved]
