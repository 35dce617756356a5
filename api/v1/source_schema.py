"""What `source_records.py` takes and gives, as the schema declares it."""

from typing import Final

from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from api.dictionary import AnySerializer, component_name, given_attributes, sent_attributes, serializer
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import LinkSource, MatchState, RecordState

OUTCOMES: Final = (
    ("created", "a new golden record was made for it"),
    ("linked", "it belongs to a golden record that was there, or still does"),
    ("unchanged", "the same, or something newer, was there already"),
    ("review", "a steward is asked whether it is one with another; until then it has its own golden record"),
)
MOMENT: Final = "When the source changed it: ISO 8601 with a time zone. What is older than what is held is not taken."
MOMENT_OF_WITHDRAWAL: Final = (
    "When the source withdrew it: ISO 8601 with a time zone. A record that the source changed since stays, and what it sent "
    "before does not bring the record back."
)
EXAMPLES: Final = [
    OpenApiExample(
        "a record in the data dictionary's names",
        value={"attributes": {"status": "active"}, "source_updated_at": "2025-03-31T09:30:00Z"},
        request_only=True,
    ),
    OpenApiExample("a record in the source's own columns", value={"payload": {"Status__c": "Active"}}, request_only=True),
]


STEP: Final = serializer(
    "Step",
    "One step of the sum that the match weight is.",
    comparison=serializers.CharField(help_text="The comparison of the match config; or `prior`, `relatives`, a veto, `total`."),
    level=serializers.CharField(help_text="The level that the two records reached."),
    label=serializers.CharField(help_text="The same in words."),
    bits=serializers.FloatField(help_text="Evidence in bits: above zero for the same, below zero against it."),
    left=serializers.CharField(allow_null=True, help_text="The value of this record."),
    right=serializers.CharField(allow_null=True, help_text="The value of the other record."),
)


MATCH: Final = serializer(
    "Match",
    "The strongest evidence found when the record was matched.",
    probability=serializers.FloatField(min_value=0, max_value=1, help_text="That the two records are one."),
    weight=serializers.FloatField(help_text="Match weight in bits."),
    config_version=serializers.CharField(help_text="The match config that decided."),
    explanation=STEP(many=True, help_text="The steps sum up to `weight`."),
)


WARNING: Final = serializer(
    "Warning",
    "A value that was not used as it came.",
    field=serializers.CharField(help_text="The attribute."),
    value=serializers.CharField(help_text="What was sent."),
    reason=serializers.CharField(help_text="What is wrong with it."),
    remedy=serializers.CharField(help_text="What to do."),
)


SUBMISSION: Final = serializer(
    "Submission",
    "What became of a record that was sent.",
    canonical_id=serializers.UUIDField(
        allow_null=True, help_text="Of its golden record; null only where it was withdrawn before its first match, and this came late."
    ),
    outcome=serializers.ChoiceField(choices=OUTCOMES),
    match=MATCH(allow_null=True, help_text="Null where nothing speaks for another record."),
    problems=WARNING(many=True, help_text="What could not be used; the record was taken without."),
)


ACCEPTED: Final = "accepted"
STORED: Final = (
    (ACCEPTED, "it is new"),
    ("updated", "it replaces what was held"),
    ("unchanged", "the same was there already"),
    ("stale", "something newer was there already, and stays"),
)
ACCEPTANCE: Final = serializer(
    "Acceptance",
    "What became of a record that was stored, to be matched by a worker. `GET` its address, as `Location` names it, for the rest.",
    outcome=serializers.ChoiceField(choices=STORED),
    match_state=serializers.ChoiceField(choices=MatchState.choices),
    canonical_id=serializers.UUIDField(allow_null=True, help_text="Null as long as it waits for its first match."),
    problems=WARNING(many=True, help_text="What could not be used; the record was taken without."),
)
PREFER: Final = OpenApiParameter(
    "Prefer", str, OpenApiParameter.HEADER, description="`respond-async`: store the record, answer 202, and let a worker match it."
)
PREFERRED: Final = (
    OpenApiParameter("Preference-Applied", str, OpenApiParameter.HEADER, response=[202], description="`respond-async`."),
    OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[202], description="Where to ask what became of it."),
)


LINK: Final = serializer(
    "Link",
    "How the record came to its golden record.",
    linked_by=serializers.ChoiceField(choices=LinkSource.choices, allow_null=True),
    since=serializers.DateTimeField(allow_null=True),
    probability=serializers.FloatField(allow_null=True, help_text="Null where it stands alone, or a steward decided."),
    weight=serializers.FloatField(allow_null=True),
    config_version=serializers.CharField(allow_null=True),
)


WITHDRAWAL: Final = serializer(
    "Withdrawal",
    "That the source no longer has the record.",
    at=serializers.DateTimeField(help_text="When we heard of it."),
    by=serializers.CharField(help_text="The program or person that withdrew it."),
    reason=serializers.CharField(),
)


def sent_record(entity: EntityType) -> type[AnySerializer]:
    """Declare a source record as a program sends it."""
    return serializer(
        f"{component_name(entity)}RecordSent",
        attributes=sent_attributes(entity)(required=False, help_text="In the names of the data dictionary. This, or `payload`."),
        payload=serializers.DictField(required=False, help_text="In the source's own columns, where it has a mapping."),
        source_updated_at=serializers.DateTimeField(required=False, allow_null=True, help_text=MOMENT),
    )


def given_record(entity: EntityType) -> type[AnySerializer]:
    """Declare a source record as the API gives it."""
    return serializer(
        f"{component_name(entity)}Record",
        source=serializers.CharField(),
        entity=serializers.ChoiceField(choices=list(ENTITIES)),
        external_id=serializers.CharField(),
        canonical_id=serializers.UUIDField(allow_null=True, help_text="Null as long as it waits for its first match."),
        state=serializers.ChoiceField(choices=RecordState.choices),
        match_state=serializers.ChoiceField(choices=MatchState.choices),
        version=serializers.IntegerField(min_value=1),
        attributes=given_attributes(entity)(help_text="As standardised."),
        problems=WARNING(many=True),
        source_updated_at=serializers.DateTimeField(allow_null=True),
        received_at=serializers.DateTimeField(),
        updated_at=serializers.DateTimeField(),
        link=LINK(),
        withdrawn=WITHDRAWAL(required=False, allow_null=True, help_text="Only of a record that is withdrawn."),
        match=MATCH(required=False, allow_null=True, help_text="With `explanation=true`."),
    )
