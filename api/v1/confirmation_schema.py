"""How the marks of golden records are described in the schema, and how they are given."""

from collections.abc import Iterable
from typing import Any, Final

from rest_framework import serializers

from api.dictionary import serializer
from golden_records.entities import ENTITIES
from golden_records.models import Endorsement

_VERSION: Final = "Version of the golden record that was looked at."

SENT: Final = serializer(
    "ConfirmationSent",
    "That a golden record is right.",
    version=serializers.IntegerField(min_value=1, help_text=f"{_VERSION} 409 `stale_write` where it has another one by now."),
    reason=serializers.CharField(max_length=500, help_text="How that is known; the history keeps it."),
)
END: Final = serializer("ConfirmationEndSent", "Why it no longer holds.", reason=serializers.CharField(max_length=500))
RECEIPT: Final = serializer(
    "ConfirmationReceipt",
    "What was last said of a canonical id, without the reason.",
    entity=serializers.ChoiceField(choices=list(ENTITIES)),
    canonical_id=serializers.UUIDField(),
    confirmed=serializers.BooleanField(),
    version=serializers.IntegerField(min_value=1, help_text=_VERSION),
    said_at=serializers.DateTimeField(),
    said_by=serializers.CharField(),
)
GIVEN: Final = serializer(
    "Confirmation",
    "That somebody looked at the golden record, and that it was right.",
    canonical_id=serializers.UUIDField(help_text="Of the golden record, or of one that was merged into it since."),
    version=serializers.IntegerField(min_value=1, help_text=_VERSION),
    changes_since=serializers.IntegerField(allow_null=True, help_text="Versions since; null under an id that was merged into it."),
    confirmed_at=serializers.DateTimeField(),
    confirmed_by=serializers.CharField(),
    reason=serializers.CharField(),
)


def receipt(mark: Endorsement) -> dict[str, Any]:
    """Give what was said, without words of a person: what a POST answers is kept for a week."""
    told = {"entity": mark.entity, "canonical_id": mark.golden_id, "confirmed": mark.stands, "version": mark.version}
    return told | {"said_at": mark.said_at, "said_by": mark.owner}


def given(golden: Any, marks: Iterable[Any]) -> list[dict[str, Any]]:
    """Give the marks of a golden record, rows of the table or of its history, in the order in which they were set."""
    return [
        {
            "canonical_id": mark.golden_id,
            "version": mark.version,
            "changes_since": golden.version - mark.version if mark.golden_id == golden.id else None,
            "confirmed_at": mark.said_at,
            "confirmed_by": mark.owner,
            "reason": mark.reason,
        }
        for mark in marks
    ]
