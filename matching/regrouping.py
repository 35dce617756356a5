"""The use cases of a steward who merges, splits or moves by hand, and takes that back: each in one transaction, under the locks.

    preview = look(entity, wish, change=change)             # what would change; nothing is written
    carry_out(entity, wish, fingerprint=preview.fingerprint, change=change)

What is carried out is what was shown, or nothing: `PreviewOutdated` where it is no longer so.
"""

from collections.abc import Mapping
from uuid import UUID

from golden_records import merging, moving
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import ForbiddenMerge, MdmError
from golden_records.merging import Terms
from golden_records.models import MergeReceipt, MoveKind, MoveReceipt
from matching import four_eyes, judgements, review_queue
from matching.locks import MatchGuard, Restart, in_transaction
from matching.models import Judgement, JudgementValue
from matching.regroup_plan import Regrouping, RegroupKind, RegroupPlan
from matching.regroup_preview import Preview, look

LONGEST_REASON = 500


class PreviewOutdated(MdmError):
    """What was looked at is no longer what would be done."""

    code = "preview_outdated"
    title = "Changed since the preview"


class AgainstJudgements(MdmError):
    """People said otherwise before; it is done only by who says that he knows."""

    code = "against_judgements"
    title = "Earlier judgements say otherwise"


class MissingReason(MdmError):
    """Nobody said why."""

    code = "missing_reason"
    title = "A reason is missing"


class UnknownReceipt(MdmError):
    """There is no merge, split or move of this number."""

    code = "unknown_receipt"
    title = "Unknown merge, split or move"


def carry_out(
    entity: EntityType, wish: Regrouping, *, fingerprint: str, change: Change, confirmed: bool = False, overrules: bool = False
) -> MergeReceipt | MoveReceipt:
    """Do what a preview showed; `change` says who and why. What people said before and says otherwise gives way where `confirmed`.

    The engine leaves it so: what it says of pairs of records is kept as judgements. Where it takes two stewards, it is done only by one
    who may, and does, overrule that (`overrules`). Raises `MissingReason`, `PreviewOutdated`, `NeedsSecond`, `AgainstJudgements` with the
    earlier judgements, and what `look` raises.
    """
    require_reason(change)

    def work(guard: MatchGuard) -> MergeReceipt | MoveReceipt:
        guard.enter(entity)
        goldens = guard.goldens(entity, wish.golden_ids)
        guard.records(entity, review_queue.neighbours(entity, wish.golden_ids))
        preview = look(entity, wish, change=change, goldens=goldens)
        if preview.fingerprint != fingerprint:
            message = "What would change is not what the preview showed: records, values or judgements have changed since."
            raise PreviewOutdated(message, remedy="Look at the preview again.", preview=preview.fingerprint)
        told = four_eyes.by_one(entity, wish.golden_ids, change=change, overrules=overrules)
        if preview.conflicts and not confirmed:
            raise _against(preview)
        return _done(entity, preview.plan, told)

    return in_transaction(work)


def undo_move(receipt_id: int, *, change: Change, overrules: bool = False) -> MoveReceipt:
    """Take a split or a move back, with what it said of pairs of records; judgements that gave way to it stand again, where still so.

    Raises `UnknownReceipt`, `NothingToUndo`, `Erased`, `NeedsSecond` as `carry_out`, and `ForbiddenMerge` where people said since that
    those who would come together are different.
    """

    def work(guard: MatchGuard) -> MoveReceipt:
        receipt = find_move(receipt_id)
        entity = entity_type(receipt.entity)
        guard.enter(entity)
        held = _touched(receipt)
        guard.goldens(entity, held)
        # Who merged meanwhile made more of them touched: in the order of ids, from the beginning.
        if not _touched(receipt) <= held:
            raise Restart
        guard.records(entity, review_queue.neighbours(entity, held))
        told = four_eyes.by_one(entity, held, change=change, overrules=overrules)
        judgements.take_back(judgements.of_receipt(receipt), change=told)
        present, back = moving.homes_of(receipt)
        homes = dict(entity.records.filter(golden_id__in=(present, back)).values_list("id", "golden_id"))
        chains = judgements.chains(entity, [record for record, home in homes.items() if home == present])
        _refuse_different(entity, homes, set(moving.going_back(receipt, chains)), back)
        moving.undo_move(receipt, change=told, chains=chains)
        judgements.stand_again(entity, receipt.set_aside, change=told)
        review_queue.realign(entity, held, change=told)
        return receipt

    return in_transaction(work)


def find_move(receipt_id: int) -> MoveReceipt:
    """Find a split or a move; raises `UnknownReceipt`."""
    found = MoveReceipt.objects.filter(pk=receipt_id).first()
    if found is None:
        message = f"There is no split or move {receipt_id}."
        raise UnknownReceipt(message, receipt=receipt_id)
    return found


def find_merge(receipt_id: int) -> MergeReceipt:
    """Find a merge; raises `UnknownReceipt`."""
    found = MergeReceipt.objects.filter(pk=receipt_id).first()
    if found is None:
        message = f"There is no merge {receipt_id}."
        raise UnknownReceipt(message, receipt=receipt_id)
    return found


def require_reason(change: Change) -> None:
    """Raise `MissingReason` where nobody said why, in few enough words."""
    if not change.reason.strip() or len(change.reason) > LONGEST_REASON:
        message = f"Say why, in at most {LONGEST_REASON} characters."
        raise MissingReason(message, remedy="Write a reason.")


def _done(entity: EntityType, planned: RegroupPlan, change: Change) -> MergeReceipt | MoveReceipt:
    judgements.take_back(list(Judgement.objects.filter(pk__in=planned.set_aside).order_by("id")), change=change)
    receipt: MergeReceipt | MoveReceipt
    if planned.kind is RegroupKind.MERGE:
        terms = Terms(set_aside=planned.set_aside)
        receipt = merging.merge(entity, survivor_id=planned.to_id, absorbed_id=planned.from_id, change=change, terms=terms)
    else:
        kind = MoveKind(planned.kind.value)
        wish = moving.Wish(kind, planned.from_id, planned.to_id, planned.moved, planned.set_aside)
        receipt = moving.move(entity, wish, change=change)
    judgements.follow_from(receipt, planned.says, change=change)
    review_queue.realign(entity, {planned.from_id, planned.to_id}, change=change)
    return receipt


def _touched(receipt: MoveReceipt) -> set[UUID]:
    return {receipt.from_id, receipt.to_id, *moving.homes_of(receipt)}


def _refuse_different(entity: EntityType, homes: Mapping[int, UUID], going: set[int], back: UUID) -> None:
    together = going | {record for record, home in homes.items() if home == back}
    for said in judgements.standing(entity, going):
        pair = (said.left_record_id, said.right_record_id)
        if said.value == JudgementValue.DIFFERENT and together >= set(pair):
            message = f"{said.author} judged records of these two to be different on {said.judged_at:%Y-%m-%d}."
            raise ForbiddenMerge(message, remedy="Take that back first.", judgement=said.pk)


def _against(preview: Preview) -> AgainstJudgements:
    first = preview.conflicts[0]
    said = f"{first.author} judged {first.records[0]} and {first.records[1]} to be {first.value.label} on {first.at:%Y-%m-%d}"
    more = f", and {len(preview.conflicts) - 1} more judgements say otherwise" if len(preview.conflicts) > 1 else ""
    remedy = "Look at the preview, and confirm that they give way."
    return AgainstJudgements(f"{said}{more}.", remedy=remedy, judgements=[each.judgement_id for each in preview.conflicts])
