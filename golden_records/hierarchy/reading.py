"""Where a golden record stands in the hierarchy: its parent, all above it, and those right below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from golden_records.entities import EntityType
from golden_records.hierarchy.links import leading_to, ways_up
from golden_records.models import GoldenState, Parentage


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a golden record stands. `ancestors` are those above it, its parent first; `told` is what is known of its parent."""

    golden_id: UUID
    ancestors: tuple[UUID, ...]
    told: Parentage | None

    @property
    def parent_id(self) -> UUID | None:
        """Its parent; None where it has none that stands."""
        return self.ancestors[0] if self.ancestors else None

    @property
    def ultimate_parent_id(self) -> UUID:
        """The one at the top, above which there is none; that may be itself."""
        return self.ancestors[-1] if self.ancestors else self.golden_id


def standing_of(entity: EntityType, golden_id: UUID) -> Standing:
    """Say where an active golden record stands. Two statements.

    What was merged away is followed, also before the hierarchy has heard of it.
    """
    told = Parentage.objects.filter(golden_id=golden_id, entity=entity.name).first()
    _itself, *above = ways_up(entity, [golden_id]).path(golden_id)
    return Standing(golden_id, tuple(above), told)


def children_of(entity: EntityType, golden_id: UUID) -> Any:
    """Ask for the active golden records right below one, also below what was merged into it; a query over golden records."""
    named = Parentage.objects.filter(parent_id__in=leading_to(entity, golden_id), entity=entity.name)
    return entity.goldens.filter(pk__in=named.values("golden_id"), state=GoldenState.ACTIVE).exclude(pk=golden_id)


def refused(entity: EntityType, states: Sequence[str]) -> Any:
    """Ask for the parents that are told and could not stand, of these kinds."""
    return Parentage.objects.filter(entity=entity.name, state__in=states)
