"""How overrides are described in the schema, and how they are given."""

from collections.abc import Sequence
from typing import Any, Final

from rest_framework import serializers

from api.dictionary import AnyField, serializer
from golden_records.entities import ENTITIES, entity_type
from golden_records.models import Override, OverrideEnd, OverrideLife, OverrideState

_ATTRIBUTE: Final = "Name of an attribute, or of a group, as `address`, whose attributes stand together."
_VALUES: Final = "By attribute; null says that there is no value. Of a group, what is left out has none."


def _record(help_text: str, **more: Any) -> AnyField:
    return serializer(
        "OverridingRecord",
        "A source record.",
        source=serializers.CharField(help_text="Code of the source system."),
        external_id=serializers.CharField(help_text="The source's own id."),
    )(help_text=help_text, **more)


SENT: Final = serializer(
    "OverrideSent",
    "What is to stand: either `values`, or what `source_record` says.",
    attribute=serializers.CharField(help_text=_ATTRIBUTE),
    values=serializers.DictField(child=serializers.CharField(allow_null=True), required=False, help_text=_VALUES),
    source_record=_record("A record of the golden record: its value stands, also when it changes.", required=False),
    reason=serializers.CharField(max_length=500, help_text="Why; the history keeps it."),
    life=serializers.ChoiceField(choices=OverrideLife.choices, required=False, help_text="How long it stands."),
    until=serializers.DateField(required=False, help_text="The last day, of `until_date`."),
)
END: Final = serializer("OverrideEndSent", "Why it is ended.", reason=serializers.CharField(max_length=500))

_RECEIPT: Final[dict[str, AnyField]] = {
    "id": serializers.UUIDField(),
    "entity": serializers.ChoiceField(choices=list(ENTITIES)),
    "canonical_id": serializers.UUIDField(help_text="The golden record on which it was made."),
    "attribute": serializers.CharField(help_text=_ATTRIBUTE),
    "state": serializers.ChoiceField(choices=OverrideState.choices),
    "life": serializers.ChoiceField(choices=OverrideLife.choices),
    "until": serializers.DateField(allow_null=True, help_text="The last day."),
}
RECEIPT: Final = serializer("OverrideReceipt", "An override without its values.", **_RECEIPT)
GIVEN: Final = serializer(
    "Override",
    "What a steward says stands.",
    **_RECEIPT,
    values=serializers.DictField(child=serializers.CharField(allow_null=True), allow_null=True, help_text=_VALUES),
    source_record=_record("Whose value stands; null where values do.", allow_null=True),
    reason=serializers.CharField(),
    owner=serializers.CharField(help_text="Who made it."),
    created_at=serializers.DateTimeField(),
    end=serializers.ChoiceField(choices=OverrideEnd.choices, allow_null=True, help_text="Why it no longer stands."),
    ended_at=serializers.DateTimeField(allow_null=True),
    ended_by=serializers.CharField(allow_null=True),
)
PAGE: Final = serializer(
    "OverridePage", "Overrides.", results=GIVEN(many=True), next=serializers.CharField(allow_null=True, help_text="Null on the last page.")
)


def receipt(row: Override) -> dict[str, Any]:
    """Give an override without values: what a POST answers is kept for a week."""
    own = {"id": row.pk, "entity": row.entity, "canonical_id": row.golden_id, "attribute": row.unit}
    return own | {"state": row.state, "life": row.life, "until": row.until}


def given(rows: Sequence[Override]) -> list[dict[str, Any]]:
    """Give overrides with all that there is to say of them. One statement for each entity type."""
    records: dict[tuple[str, int], dict[str, str]] = {}
    for name in sorted({row.entity for row in rows}):
        ids = {row.record_id for row in rows if row.entity == name and row.record_id is not None}
        found = entity_type(name).records.filter(id__in=ids).values_list("id", "source__code", "external_id") if ids else ()
        records |= {(name, pk): {"source": source, "external_id": external_id} for pk, source, external_id in found}
    return [receipt(row) | _rest(row, records) for row in rows]


def _rest(row: Override, records: dict[tuple[str, int], dict[str, str]]) -> dict[str, Any]:
    return {
        "values": row.values,
        "source_record": records.get((row.entity, row.record_id)) if row.record_id is not None else None,
        "reason": row.reason,
        "owner": row.owner,
        "created_at": row.created_at,
        "end": row.end or None,
        "ended_at": row.ended_at,
        "ended_by": row.ended_by or None,
    }
