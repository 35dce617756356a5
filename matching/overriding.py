"""The use cases of a steward who overrides a value, and of one who ends that: each in one transaction, under the locks."""

from uuid import UUID

from golden_records import overriding
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.models import Override
from golden_records.overriding import Wish
from matching.locks import MatchGuard, Restart, in_transaction


def override(entity: EntityType, golden_id: UUID, wish: Wish, *, change: Change) -> Override:
    """Let a steward's word stand; see `golden_records.overriding`. Raises `Busy` where the golden record can't be had in time."""

    def work(guard: MatchGuard) -> Override:
        guard.enter(entity)
        guard.goldens(entity, [golden_id])
        return overriding.override(entity, golden_id, wish, change=change)

    return in_transaction(work)


def end_override(override_id: UUID, *, change: Change) -> Override:
    """End an override by hand; raises `UnknownOverride`, and `NothingToUndo` where it no longer stands."""

    def work(guard: MatchGuard) -> Override:
        made = overriding.find(override_id)
        entity = entity_type(made.entity)
        guard.enter(entity)
        held = {made.golden_id, overriding.stands_at(made)}
        guard.goldens(entity, held)
        # Where it was merged since, more would have to be locked: in the order of ids, from the beginning.
        if overriding.stands_at(made) not in held:
            raise Restart
        return overriding.end(made, change=change)

    return in_transaction(work)
