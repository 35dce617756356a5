"""The use cases of a steward who confirms a golden record, and of one who takes that back: each in one transaction, under the locks."""

from uuid import UUID

from golden_records import endorsing
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.models import Endorsement
from golden_records.selectors import follow
from matching import four_eyes
from matching.locks import MatchGuard, Restart, in_transaction
from matching.regrouping import require_reason


def confirm(entity: EntityType, golden_id: UUID, *, version: int, change: Change) -> Endorsement:
    """Mark a golden record as confirmed, as it was looked at; see `golden_records.endorsing.endorse`. Raises `MissingReason`."""
    require_reason(change)

    def work(guard: MatchGuard) -> Endorsement:
        guard.enter(entity)
        guard.goldens(entity, [golden_id])
        return endorsing.endorse(entity, golden_id, version=version, change=change)

    return in_transaction(work)


def take_off(entity: EntityType, golden_id: UUID, *, change: Change, overrules: bool = False) -> Endorsement:
    """Take the mark of a canonical id off; see `golden_records.endorsing.take_off`.

    Where a four-eyes rule holds for what is confirmed, only one who may overrule it does that (`overrules`). Raises `MissingReason` and
    `NeedsSecond`.
    """
    require_reason(change)

    def work(guard: MatchGuard) -> Endorsement:
        guard.enter(entity)
        held = {golden_id, follow(entity, golden_id).pk}
        guard.goldens(entity, held)
        # Where it was merged since, more would have to be locked: in the order of ids, from the beginning.
        if follow(entity, golden_id).pk not in held:
            raise Restart
        told = four_eyes.uncover(entity, held, change=change, overrules=overrules)
        return endorsing.take_off(entity, golden_id, change=told)

    return in_transaction(work)
