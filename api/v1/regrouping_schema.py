"""How merges, splits and moves are described in the schema, and how they and their previews are given."""

from collections.abc import Sequence
from typing import Any, Final

from rest_framework import serializers

from api.dictionary import AnyField, AnySerializer, serializer
from golden_records.entities import ENTITIES, entity_type
from golden_records.models import EventType, GoldenState, MergeReceipt, MoveReceipt
from matching.models import JudgementValue
from matching.regroup_plan import RegroupKind
from matching.regroup_preview import Conflict, Preview, Side

Receipt = MergeReceipt | MoveReceipt

_AMOUNT: Final[dict[str, Any]] = {"max_digits": 20, "decimal_places": 2, "coerce_to_string": True}
_ENTITY: Final[dict[str, AnyField]] = {"entity": serializers.ChoiceField(choices=list(ENTITIES))}
RECORD: Final = serializer(
    "RegroupedRecord",
    "A source record.",
    source=serializers.CharField(help_text="Code of the source system."),
    external_id=serializers.CharField(help_text="The source's own id."),
)
_LEAVING: Final[dict[str, AnyField]] = {
    "canonical_id": serializers.UUIDField(help_text="The golden record that they leave; it keeps its id."),
    "source_records": serializers.ListField(child=RECORD(), help_text="Those that leave; some active one must stay."),
}
_WISHES: Final[dict[RegroupKind, dict[str, AnyField]]] = {
    RegroupKind.MERGE: {
        "canonical_ids": serializers.ListField(child=serializers.UUIDField(), min_length=2, max_length=2),
        "survivor": serializers.UUIDField(required=False, allow_null=True, help_text="Which of the two goes on; the oldest if left out."),
    },
    RegroupKind.SPLIT: _LEAVING,
    RegroupKind.MOVE: {**_LEAVING, "to": serializers.UUIDField(help_text="The golden record that they join.")},
}
_CONFIRM: Final = "True where it is to be done against earlier judgements that the preview names; they give way to it."
_CARRY_OUT: Final[dict[str, AnyField]] = {
    "preview": serializers.CharField(help_text="`fingerprint` of the preview: exactly that is done, or nothing."),
    "reason": serializers.CharField(max_length=500, help_text="Why; the history keeps it."),
    "confirm": serializers.BooleanField(required=False, help_text=_CONFIRM),
}
WISHES: Final = {
    kind: serializer(f"{kind.value.title()}Wish", "What is to be looked at.", **_ENTITY, **fields) for kind, fields in _WISHES.items()
}
SENT: Final = {
    kind: serializer(f"{kind.value.title()}Sent", "What is to be done, and why.", **_ENTITY, **fields, **_CARRY_OUT)
    for kind, fields in _WISHES.items()
}
UNDO: Final = serializer("RegroupingUndo", "Why it is taken back.", reason=serializers.CharField(max_length=500))

_VALUE: Final = serializer(
    "ForeseenValue",
    "An attribute before and after.",
    attribute=serializers.CharField(),
    before=serializers.CharField(allow_null=True),
    after=serializers.CharField(allow_null=True),
)
_FIGURES: Final = serializer(
    "ForeseenFigures",
    "What projects bring in and cost, all months together, in one currency.",
    projects=serializers.IntegerField(),
    revenue=serializers.DecimalField(**_AMOUNT),
    cost=serializers.DecimalField(**_AMOUNT),
    margin=serializers.DecimalField(**_AMOUNT),
)
_CURRENCY: Final = serializer(
    "ForeseenCurrency", "Figures before and after.", currency=serializers.CharField(), before=_FIGURES(), after=_FIGURES()
)
_SIDE: Final = serializer(
    "ForeseenGolden",
    "A golden record before and after.",
    canonical_id=serializers.UUIDField(allow_null=True, help_text="Null for one that would be made."),
    version=serializers.IntegerField(allow_null=True, help_text="As it is now."),
    state_after=serializers.ChoiceField(choices=GoldenState.choices),
    successor=serializers.UUIDField(allow_null=True, help_text="What would answer for it, where it would be retired."),
    values=_VALUE(many=True),
    source_records_before=RECORD(many=True),
    source_records_after=RECORD(many=True),
    figures=_CURRENCY(many=True, help_text="Of its projects, or its own."),
)
_CONFLICT: Final = serializer(
    "ForeseenConflict",
    "An earlier judgement that says otherwise.",
    judgement=serializers.IntegerField(),
    value=serializers.ChoiceField(choices=JudgementValue.choices),
    by=serializers.CharField(),
    at=serializers.DateTimeField(),
    comment=serializers.CharField(),
    source_records=serializers.ListField(child=serializers.CharField()),
)
_EVENT: Final = serializer(
    "ForeseenEvent",
    "A change event that would be told.",
    type=serializers.ChoiceField(choices=EventType.choices),
    canonical_id=serializers.UUIDField(allow_null=True),
    source=serializers.CharField(allow_null=True),
    external_id=serializers.CharField(allow_null=True),
    attributes=serializers.ListField(child=serializers.CharField()),
)
PREVIEW: Final = serializer(
    "RegroupingPreview",
    "All that would change; nothing is done.",
    fingerprint=serializers.CharField(help_text="Stands for exactly this; to be sent as `preview` by who wants it done."),
    golden_records=_SIDE(many=True),
    projects=serializer(
        "ForeseenProject",
        "A project that would be for another customer.",
        canonical_id=serializers.UUIDField(),
        title=serializers.CharField(),
    )(many=True),
    conflicts=_CONFLICT(many=True, help_text="Where there are any, it is done only with `confirm`."),
    takes_two_stewards=serializers.BooleanField(help_text="A four-eyes rule covers it: to be done, it is refused to programs."),
    judgements=serializers.IntegerField(help_text="How many judgements would keep the engine from undoing it."),
    events=_EVENT(many=True),
)

_GIVEN: Final[dict[str, AnyField]] = {
    "id": serializers.IntegerField(),
    **_ENTITY,
    "kind": serializers.ChoiceField(choices=[each.value for each in RegroupKind]),
    "from": serializers.UUIDField(help_text="The golden record that was left; of a merge, the one that was absorbed."),
    "to": serializers.UUIDField(help_text="The golden record that was joined or made; of a merge, the survivor."),
    "done_at": serializers.DateTimeField(),
    "undone_at": serializers.DateTimeField(allow_null=True),
}
RECEIPT: Final = serializer("RegroupingReceipt", "What was done, without words.", **_GIVEN)
GIVEN: Final = serializer(
    "Regrouping",
    "What was done, by whom and why.",
    **_GIVEN,
    by=serializers.CharField(),
    reason=serializers.CharField(),
    source_records=RECORD(many=True, help_text="Those that moved, but for those that were erased since."),
)
PAGE: Final[type[AnySerializer]] = serializer(
    "RegroupingPage",
    "What was done, the oldest first.",
    results=GIVEN(many=True),
    next=serializers.CharField(allow_null=True, help_text="Null on the last page."),
)


def receipt(row: Receipt) -> dict[str, Any]:
    """Give a receipt without people's words: what a POST answers is kept for a week."""
    if isinstance(row, MergeReceipt):
        told = {"kind": RegroupKind.MERGE.value, "from": row.absorbed_id, "to": row.survivor_id, "done_at": row.merged_at}
    else:
        told = {"kind": row.kind, "from": row.from_id, "to": row.to_id, "done_at": row.moved_at}
    return {"id": row.pk, "entity": row.entity, **told, "undone_at": row.undone_at}


def given(rows: Sequence[Receipt]) -> list[dict[str, Any]]:
    """Give receipts with all that there is to say of them. One statement for each entity type."""
    names: dict[tuple[str, int], dict[str, str]] = {}
    for name in sorted({row.entity for row in rows}):
        ids = {record for row in rows if row.entity == name for record in row.moved_record_ids}
        found = entity_type(name).records.filter(id__in=ids).exclude(state="erased").values_list("id", "source__code", "external_id")
        names |= {(name, pk): {"source": source, "external_id": external_id} for pk, source, external_id in found}
    return [
        receipt(row)
        | {
            "by": row.merged_by if isinstance(row, MergeReceipt) else row.moved_by,
            "reason": row.reason,
            "source_records": [names[row.entity, record] for record in row.moved_record_ids if (row.entity, record) in names],
        }
        for row in rows
    ]


def previewed(preview: Preview, *, takes_two: bool) -> dict[str, Any]:
    """Give a preview, and whether it takes two stewards."""
    return {
        "fingerprint": preview.fingerprint,
        "golden_records": [_side(side) for side in preview.sides],
        "projects": [{"canonical_id": each.golden_id, "title": each.name} for each in preview.projects],
        "conflicts": [_conflict(each) for each in preview.conflicts],
        "takes_two_stewards": takes_two,
        "judgements": len(preview.plan.says),
        "events": [
            {
                "type": each.type,
                "canonical_id": None if each.golden_id == preview.new_id else each.golden_id,
                "source": each.source,
                "external_id": each.external_id,
                "attributes": list(each.attributes),
            }
            for each in preview.events
        ],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "canonical_id": side.golden_id,
        "version": side.version,
        "state_after": side.state_after,
        "successor": side.successor_id,
        "values": [{"attribute": each.spec.name, "before": each.before, "after": each.after} for each in side.values],
        "source_records_before": [{"source": each.source, "external_id": each.external_id} for each in side.records_before],
        "source_records_after": [{"source": each.source, "external_id": each.external_id} for each in side.records_after],
        "figures": [{"currency": name, "before": _figures(before), "after": _figures(after)} for name, before, after in side.currencies],
    }


def _figures(found: Any) -> dict[str, Any]:
    return {"projects": found.projects, "revenue": found.revenue, "cost": found.cost, "margin": found.margin}


def _conflict(found: Conflict) -> dict[str, Any]:
    told = {"judgement": found.judgement_id, "value": found.value, "by": found.author, "at": found.at, "comment": found.comment}
    return told | {"source_records": list(found.records)}
