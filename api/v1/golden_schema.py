"""What `golden_records.py` gives, as the schema declares it."""

from functools import cache
from typing import Final

from rest_framework import serializers

from api.dictionary import AnyField, AnySerializer, component_name, given_attributes, serializer
from api.v1.confirmation_schema import GIVEN as CONFIRMATION
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import GoldenState, LinkSource, RecordState

CROSS_REFERENCE: Final = serializer(
    "CrossReference",
    "A source record that belongs to the golden record.",
    source=serializers.CharField(help_text="Code of the source system."),
    external_id=serializers.CharField(help_text="The source's own id."),
    state=serializers.ChoiceField(choices=RecordState.choices),
    linked_by=serializers.ChoiceField(choices=LinkSource.choices, allow_null=True),
    since=serializers.DateTimeField(allow_null=True),
    probability=serializers.FloatField(allow_null=True, help_text="Null where it stands alone, or a steward decided."),
)


CONTENDER: Final = serializer(
    "Contender",
    "What another record says.",
    value=serializers.CharField(),
    source=serializers.CharField(),
    external_id=serializers.CharField(allow_null=True),
    agrees=serializers.BooleanField(help_text="Whether it says the same as the winner."),
)


ATTRIBUTE_LINEAGE: Final = serializer(
    "AttributeLineage",
    "Where the value of an attribute comes from, and why.",
    value=serializers.CharField(allow_null=True, help_text="Null where somebody said that there is none, and that stands."),
    source=serializers.CharField(allow_null=True, help_text="Null where a steward's own value stands."),
    external_id=serializers.CharField(allow_null=True, help_text="The winning record, as its source knows it."),
    rule=serializers.CharField(help_text="The survivorship rule that decided; `pinned`: an override."),
    rules_version=serializers.CharField(help_text="The version of the survivorship rules by which it was decided."),
    override=serializers.UUIDField(allow_null=True, help_text="The override that it stands by."),
    others=CONTENDER(many=True, help_text="What the other records say."),
)


def given_golden_record(entity: EntityType) -> type[AnySerializer]:
    """Declare a golden record with its lineage and cross-references."""
    return serializer(
        component_name(entity),
        **_summary(entity),
        requested_id=serializers.UUIDField(help_text="The id that was asked for."),
        retired=serializers.BooleanField(
            help_text="Whether the id that was asked for is retired: this is its successor, or itself where all its records were withdrawn."
        ),
        lineage=_lineage(entity)(help_text="Of each attribute that has a value, or of which somebody said that it has none."),
        cross_references=CROSS_REFERENCE(many=True),
        confirmations=CONFIRMATION(many=True, help_text="Who confirmed it; empty where nobody did. It says nothing of versions since."),
    )


def given_golden_records(entity: EntityType) -> type[AnySerializer]:
    """Declare a page of golden records."""
    name = component_name(entity)
    summary = serializer(f"{name}Summary", **_summary(entity))
    return serializer(
        f"{name}Page",
        results=summary(many=True),
        next=serializers.CharField(allow_null=True, help_text="Address of the next page; null on the last."),
    )


def _summary(entity: EntityType) -> dict[str, AnyField]:
    return {
        "canonical_id": serializers.UUIDField(),
        "entity": serializers.ChoiceField(choices=list(ENTITIES)),
        "state": serializers.ChoiceField(choices=GoldenState.choices),
        "version": serializers.IntegerField(min_value=1),
        "created_at": serializers.DateTimeField(),
        "updated_at": serializers.DateTimeField(),
        "completeness": serializers.FloatField(min_value=0, max_value=1, help_text="Share of the attributes that have a value."),
        "source_records": serializers.IntegerField(min_value=0, help_text="How many belong to it."),
        "attributes": given_attributes(entity)(),
        "references": _references(entity)(help_text="Canonical ids of what the attributes name by a source's own id."),
    }


@cache
def _references(entity: EntityType) -> type[AnySerializer]:
    fields = {
        spec.name: serializers.UUIDField(allow_null=True, help_text=f"Of the golden {spec.refers_to}; null where it is not known.")
        for spec in entity.attributes
        if spec.refers_to is not None
    }
    return serializer(f"{component_name(entity)}References", **fields)


def _lineage(entity: EntityType) -> type[AnySerializer]:
    fields = {spec.name: ATTRIBUTE_LINEAGE(required=False) for spec in entity.attributes}
    return serializer(f"{component_name(entity)}Lineage", **fields)
