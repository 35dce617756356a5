"""What `hierarchy.py` takes and gives, as the schema declares it."""

from typing import Any, Final

from rest_framework import serializers

from api.dictionary import AnyField, serializer
from golden_records.hierarchy.reading import Standing
from golden_records.hierarchy.rollup import AMOUNTS, Group
from golden_records.models import Parentage, ParentOrigin, ParentState

_TOLD: Final[dict[str, AnyField]] = {
    "state": serializers.ChoiceField(
        choices=ParentState.choices,
        help_text="`unknown`: its source has sent no such record; `gone`: it is retired or erased; `loop`: it would be its own ancestor.",
    ),
    "origin": serializers.ChoiceField(choices=ParentOrigin.choices, allow_null=True, help_text="Whose word it is; a steward's wins."),
    "override": serializers.UUIDField(allow_null=True, help_text="The override by which a steward named it."),
    "loop": serializers.ListField(
        child=serializers.UUIDField(), allow_null=True, help_text="With `loop`: the golden records on it, this one first and last."
    ),
    "since": serializers.DateTimeField(help_text="When it became so."),
}
TOLD: Final = serializer("ToldParent", "What is known of a parent that is or was named.", **_TOLD)
HIERARCHY: Final = serializer(
    "Hierarchy",
    "Where a golden record stands.",
    canonical_id=serializers.UUIDField(),
    parent=serializers.UUIDField(allow_null=True, help_text="Null where it has none, or one that could not stand: see `told`."),
    ultimate_parent=serializers.UUIDField(help_text="The one at the top; itself where it has no parent."),
    ancestors=serializers.ListField(child=serializers.UUIDField(), help_text="All above it, the parent first."),
    told=TOLD(allow_null=True, help_text="Null where nobody ever named a parent."),
)
CHILDREN: Final = serializer(
    "Children",
    "Those right below a golden record.",
    canonical_id=serializers.UUIDField(help_text="Of the parent."),
    results=serializers.ListField(child=serializers.UUIDField()),
    next=serializers.CharField(allow_null=True, help_text="Address of the next page; null on the last."),
)
REFUSED: Final = serializer(
    "RefusedParents",
    "Parents that are named and could not stand.",
    results=serializer("RefusedParent", canonical_id=serializers.UUIDField(help_text="Whose parent it would be."), **_TOLD)(many=True),
    next=serializers.CharField(allow_null=True, help_text="Address of the next page; null on the last."),
)


def _amount(**more: Any) -> AnyField:
    return serializers.DecimalField(max_digits=20, decimal_places=2, coerce_to_string=True, **more)


GROUP: Final = serializer(
    "Group",
    "What a golden record and all below it come to.",
    head=serializers.UUIDField(help_text="The one at the top of what is added up."),
    members=serializers.IntegerField(min_value=1, help_text="Golden records, the head among them."),
    projects=serializers.IntegerField(min_value=0, help_text="Golden projects of the members."),
    figures=serializer(
        "GroupFigures",
        "Sums in one currency; amounts of different currencies are never added.",
        currency=serializers.CharField(allow_null=True, help_text="Null: of projects that name none."),
        projects=serializers.IntegerField(min_value=1, help_text="That have figures."),
        **{name: _amount() for name in AMOUNTS},
        margin=_amount(help_text="Revenue less cost."),
        margin_share=serializers.FloatField(allow_null=True, help_text="Of revenue; null without revenue."),
    )(many=True),
)
SENT: Final = serializer(
    "ParentSent",
    "What a steward says.",
    parent=serializers.UUIDField(allow_null=True, help_text="Canonical id; null says that there is no parent."),
    reason=serializers.CharField(max_length=500, help_text="Why; the history keeps it."),
)
CLEARED: Final = serializer("ParentCleared", "Why a steward's word is taken back.", reason=serializers.CharField(max_length=500))


def told(row: Parentage) -> dict[str, Any]:
    """Give what is known of a parent that is named."""
    return {"state": row.state, "origin": row.origin, "override": row.override_id, "loop": row.loop, "since": row.updated_at}


def given_standing(standing: Standing) -> dict[str, Any]:
    """Give where a golden record stands."""
    return {
        "canonical_id": standing.golden_id,
        "parent": standing.parent_id,
        "ultimate_parent": standing.ultimate_parent_id,
        "ancestors": standing.ancestors,
        "told": told(standing.told) if standing.told is not None else None,
    }


def given_group(group: Group) -> dict[str, Any]:
    """Give what a group comes to."""
    return {
        "head": group.head_id,
        "members": group.members,
        "projects": group.projects,
        "figures": [
            {"currency": each.currency, "projects": each.projects, **each.sums, "margin": each.margin, "margin_share": each.margin_share}
            for each in group.figures
        ],
    }
