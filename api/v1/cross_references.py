"""`/cross-references/resolve`: the canonical ids of many source ids, in one call."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import AnyField, did_you_mean, serializer
from api.problems import FieldError, InvalidRequest, first_errors, pointer
from api.schema import problems
from api.scopes import READ
from api.views import ApiView
from golden_records import selectors
from golden_records.entities import ENTITIES

LIMIT: Final = 1_000
MEMBERS: Final = ("source", "entity", "external_id")
Reference = tuple[str, str, str]

UNKNOWN_ENTITY: Final = "unknown_entity"
UNKNOWN: Final = "unknown_source_record"
WAITING: Final = "waiting_to_be_matched"
ERASED: Final = "erased"
REASONS: Final = (
    (UNKNOWN_ENTITY, "there is no such entity type"),
    (UNKNOWN, "the source has sent no such record"),
    (WAITING, "the record is there, and has no golden record yet"),
    (ERASED, "the record was erased, for good"),
)


REFERENCE_FIELDS: Final[dict[str, AnyField]] = {
    "source": serializers.CharField(help_text="Code of the source system."),
    "entity": serializers.CharField(help_text="Name of the entity type."),
    "external_id": serializers.CharField(help_text="The source's own id."),
}
REFERENCE: Final = serializer("Reference", "A record, as its source knows it.", **REFERENCE_FIELDS)
QUESTION: Final = serializer("Resolve", "What is asked.", references=serializers.ListField(child=REFERENCE(), max_length=LIMIT))
RESOLVED: Final = serializer(
    "Resolved",
    "A record, and whose it is.",
    **REFERENCE_FIELDS,
    canonical_id=serializers.UUIDField(allow_null=True),
    reason=serializers.ChoiceField(choices=REASONS, allow_null=True, help_text="Why there is no canonical id."),
)
ANSWER: Final = serializer("Resolution", "The answers, in the order of the questions.", results=RESOLVED(many=True))


class ResolveView(ApiView):
    """Canonical ids of source ids."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": READ}

    @extend_schema(
        operation_id="resolve_cross_references",
        summary="Resolve many source ids to canonical ids",
        tags=["cross-references"],
        request=QUESTION,
        responses={200: ANSWER, **problems(400, 411, 413, 415)},
        examples=[
            OpenApiExample(
                "two customers",
                value={
                    "references": [
                        {"source": "crm", "entity": "customer", "external_id": "0042"},
                        {"source": "erp", "entity": "customer", "external_id": "C-17"},
                    ]
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Answer in the order asked: the canonical id, or null and the reason."""
        asked = _read(request.data)
        found, erased = selectors.look_up([reference for reference in asked if reference[1] in ENTITIES])
        return Response({"results": [_resolved(reference, found, erased) for reference in asked]})


def _resolved(reference: Reference, found: Mapping[Reference, Any], erased: Collection[Reference]) -> dict[str, object]:
    source, entity, external_id = reference
    canonical_id = found.get(reference)
    reason = None
    if canonical_id is None:
        gone = ERASED if reference in erased else UNKNOWN
        reason = UNKNOWN_ENTITY if entity not in ENTITIES else WAITING if reference in found else gone
    return {"source": source, "entity": entity, "external_id": external_id, "canonical_id": canonical_id, "reason": reason}


def _read(sent: Any) -> list[Reference]:
    references = sent.get("references") if isinstance(sent, dict) else None
    if not isinstance(references, list) or len(sent) != 1:
        raise _invalid([FieldError("", "wrong_type", "The body is not an object with 'references' alone.", 'Send {"references": [...]}.')])
    if len(references) > LIMIT:
        detail = f"There are {len(references)} references; a call takes {LIMIT}."
        raise _invalid([FieldError(pointer("references"), "too_many", detail, "Send them in several calls.")])
    errors = first_errors(error for index, reference in enumerate(references) for error in _unfit(index, reference))
    if errors:
        raise _invalid(errors)
    return [(reference["source"], reference["entity"], reference["external_id"]) for reference in references]


def _unfit(index: int, reference: Any) -> Iterator[FieldError]:
    where = ("references", index)
    if not isinstance(reference, dict):
        yield FieldError(pointer(*where), "wrong_type", "The reference is not an object.", f"Send {', '.join(MEMBERS)}.")
        return
    for name in reference:
        if name not in MEMBERS:
            detail = "A reference has no such member."
            yield FieldError(pointer(*where, name), "unknown_member", detail, did_you_mean(name[:100], MEMBERS))
    for name in MEMBERS:
        value = reference.get(name)
        if not isinstance(value, str):
            yield FieldError(pointer(*where, name), "wrong_type", "The value is missing or not a string.", "Send a string.", value)


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    return InvalidRequest("The references can't be read.", remedy="See 'errors' for each place.", errors=errors)
