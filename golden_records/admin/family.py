"""Where a golden record stands in its hierarchy, and what its group comes to, for its page."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from golden_records import limits, viewing
from golden_records.admin.base import without_lineage
from golden_records.entities import EntityType
from golden_records.hierarchy.links import parent_attribute
from golden_records.hierarchy.reading import children_of, standing_of
from golden_records.hierarchy.rollup import Group, group_of
from golden_records.models import GoldenRecord, GoldenState, Parentage, ParentOrigin, ParentState

SHOWN: Final = 50
_REFUSED: Final = (ParentState.LOOP, ParentState.UNKNOWN, ParentState.GONE)


@dataclass(frozen=True, slots=True)
class Family:
    """The golden records above it, its parent first, those right below it, and the sums of the group and of itself with those below.

    `refused` is the parent that is named and could not stand, with the golden records of the loop that it would close.
    """

    ancestors: tuple[GoldenRecord, ...]
    children: tuple[GoldenRecord, ...]
    has_more: bool
    told: Parentage | None
    refused: Parentage | None
    loop: tuple[GoldenRecord, ...]
    group: Group | None

    @property
    def parent(self) -> GoldenRecord | None:
        """Its parent."""
        return self.ancestors[0] if self.ancestors else None

    @property
    def ultimate_parent(self) -> GoldenRecord | None:
        """The one at the top, where that is another one."""
        return self.ancestors[-1] if self.ancestors else None

    @property
    def is_named_by_steward(self) -> bool:
        """Whether what is known of the parent is a steward's word."""
        return self.told is not None and self.told.origin == ParentOrigin.STEWARD


def _is_limited() -> bool:
    seen_by = viewing.viewer()
    return seen_by is not None and seen_by.is_limited


def family(entity: EntityType, golden: GoldenRecord) -> Family | None:
    """Collect it; None where the entity type has no hierarchy, or the golden record is not active. A constant number of queries."""
    if parent_attribute(entity) is None or golden.state != GoldenState.ACTIVE:
        return None
    standing = standing_of(entity, golden.pk)
    children = tuple(without_lineage(limits.within(children_of(entity, golden.pk))).order_by("id")[: SHOWN + 1])
    told = standing.told
    refused = told if told is not None and told.state in _REFUSED else None
    loop = [UUID(each) for each in (refused.loop or ())] if refused is not None else []
    found: dict[UUID, Any] = dict(entity.goldens.in_bulk([*standing.ancestors, *loop])) if standing.ancestors or loop else {}
    # Its sums are of all sources: they would tell a limited person of those that they do not see.
    in_group = bool(standing.ancestors or children) and not _is_limited()
    return Family(
        ancestors=tuple(found[each] for each in standing.ancestors if each in found),
        children=children[:SHOWN],
        has_more=len(children) > SHOWN,
        told=told,
        refused=refused,
        loop=tuple(found[each] for each in loop if each in found),
        group=group_of(entity, standing.ultimate_parent_id) if in_group else None,
    )
