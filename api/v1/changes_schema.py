"""What `changes.py` gives, as the schema declares it."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.dictionary import serializer
from golden_records.entities import ENTITIES
from golden_records.models import EventType

VALUES: Final = {
    "type": ["object", "null"],
    "additionalProperties": {"type": ["string", "null"]},
}


@extend_schema_field(VALUES)
class Values(serializers.Field):  # type: ignore[type-arg]  # generic in the stubs only
    """Values by attribute, written as in golden records: exact numbers as strings."""


CHANGED_RECORD: Final = serializer(
    "ChangedSourceRecord",
    "The source record that an event is about.",
    source=serializers.CharField(help_text="Code of the source system."),
    external_id=serializers.CharField(allow_null=True, help_text="The source's own id; null where it was erased."),
)


def _without_values() -> dict[str, Any]:
    return {
        "seq": serializers.IntegerField(min_value=1, help_text="Its place in the feed. Places have no gaps."),
        "type": serializers.ChoiceField(choices=EventType.choices),
        "entity": serializers.ChoiceField(choices=list(ENTITIES)),
        "canonical_id": serializers.UUIDField(help_text="The golden record to which it happened."),
        "version": serializers.IntegerField(min_value=1, help_text="Of the golden record since then."),
        "attributes": serializers.ListField(
            child=serializers.CharField(),
            help_text="Those that changed, or all that have a value, where all of it is told. With `reparented`: `references.parent`.",
        ),
        "source_record": CHANGED_RECORD(allow_null=True, help_text="With `linked`, `unlinked` and `withdrawn`."),
        "successors": serializers.ListField(
            child=serializers.UUIDField(),
            help_text="With `merged` and `split`: which golden records have its records now; the first answers for one that was merged.",
        ),
        "caused_by": serializers.CharField(allow_null=True, help_text="The source whose write it was, where it was that of one source."),
        "differing": serializers.ListField(
            child=serializers.CharField(), help_text="With `caused_by`: in what the golden record differs from what this source sent."
        ),
        "actor": serializers.CharField(help_text="Who did it: `api:KEY`, `steward:NAME`, `engine:...`, `command:NAME`."),
        "correlation_id": serializers.CharField(help_text="The same for all events of one request or task."),
        "config_version": serializers.CharField(allow_null=True, help_text="Of the match config, where the engine decided."),
        "at": serializers.DateTimeField(),
    }


CHANGE: Final = serializer(
    "Change",
    "One change of one golden record. `before`, `after` and `reason` are left out for keys without the scope `read`.",
    **_without_values(),
    before=Values(required=False, help_text="What changed, as it was. Null where the event tells no values before, or they were erased."),
    after=Values(required=False, help_text="What changed, as it is since, or the whole record. Null as above."),
    reason=serializers.CharField(required=False, allow_null=True, help_text="Why; null where it was erased."),
)

CHANGES_PAGE: Final = serializer(
    "ChangesPage",
    results=CHANGE(many=True, help_text="In the order of the feed."),
    cursor=serializers.CharField(help_text="Where to go on, also where there are no results: send it as `after`."),
    has_more=serializers.BooleanField(help_text="Whether more is there already: ask on at once."),
)
