"""`/match-explanations`: why two source records are one or two, whether or not they were ever compared."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import did_you_mean, serializer
from api.problems import FieldError, InvalidRequest, first_errors, pointer
from api.readings import gave_source_record
from api.schema import problems
from api.scopes import READ
from api.v1.source_schema import STEP
from api.views import ApiView
from golden_records.entities import entity_type
from matching.core.meeting import Meeting
from matching.models import Outcome
from matching.pair_explanations import ExplainedRecords, explain_records

MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {"left": ("source", "external_id"), "right": ("source", "external_id")}
KNOWN: Final = ("entity", *MEMBERS)
MEETINGS: Final = (
    (Meeting.MET.value, "the two meet by the rule"),
    (Meeting.COMMON.value, "they share a key that too many records have"),
    (Meeting.CHANCE.value, "they share a key, but what the rule alone finds is left out as chance"),
    (Meeting.DIFFERENT.value, "a part of the rule differs"),
    (Meeting.MISSING.value, "a part of the rule is missing"),
)

NAMED: Final = serializer(
    "NamedRecord",
    "A source record.",
    source=serializers.CharField(help_text="Code of the source system."),
    external_id=serializers.CharField(help_text="The source's own id."),
)
QUESTION: Final = serializer(
    "ExplainMatch", "The two records.", entity=serializers.CharField(help_text="Name of the entity type."), left=NAMED(), right=NAMED()
)
RULE: Final = serializer(
    "RuleMeeting",
    "What one blocking rule does with the two.",
    rule=serializers.CharField(),
    looks_at=serializers.CharField(help_text="What records must agree on to meet by it."),
    meeting=serializers.ChoiceField(choices=MEETINGS),
    reason=serializers.CharField(help_text="Why they meet or don't, in words."),
)
ANSWER: Final = serializer(
    "MatchExplanation",
    "What can be said of the two as a pair, now.",
    compared=serializers.BooleanField(help_text="Whether the engine compares them. Where not, the rest is what they would have."),
    verdict=serializers.CharField(help_text="The same in a sentence."),
    outcome=serializers.ChoiceField(choices=Outcome.choices, help_text="What the engine alone says; judgements come before it."),
    probability=serializers.FloatField(min_value=0, max_value=1),
    weight=serializers.FloatField(help_text="Match weight in bits."),
    config_version=serializers.CharField(help_text="The match config in force."),
    explanation=STEP(many=True, help_text="The steps sum up to `weight`."),
    rules=RULE(many=True, help_text="Every blocking rule, in the order of the config."),
)


class MatchExplanationsView(ApiView):
    """Explanations of pairs."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": READ}

    @extend_schema(
        operation_id="explain_match",
        summary="Explain any two source records of one entity type",
        tags=["source records"],
        request=QUESTION,
        responses={200: ANSWER, **problems(400, 404, 410, 411, 413, 415)},
        examples=[
            OpenApiExample(
                "two customers",
                value={
                    "entity": "customer",
                    "left": {"source": "crm", "external_id": "0042"},
                    "right": {"source": "erp", "external_id": "C-17"},
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Explain the two as they are now; changes nothing."""
        asked = _read(request.data)
        left, right = ((asked[side]["source"], asked[side]["external_id"]) for side in MEMBERS)
        entity = entity_type(asked["entity"])
        found = explain_records(entity, left, right)
        for record in (found.left, found.right):
            values = {name: getattr(record, name) for name in entity.attribute_names}
            gave_source_record(
                request, entity, record.source.code, values | {"golden_id": record.golden_id, "external_id": record.external_id}
            )
        return Response(_document(found))


def _document(found: ExplainedRecords) -> dict[str, object]:
    told = found.explanation
    return {
        "compared": told.compared,
        "verdict": told.verdict,
        "outcome": Outcome[told.outcome.name].value,
        "probability": told.probability,
        "weight": told.weight,
        "config_version": found.config_version,
        "explanation": [
            {
                "comparison": step.comparison,
                "level": step.level,
                "label": step.words,
                "bits": round(step.bits, 4),
                "left": step.left,
                "right": step.right,
            }
            for step in told.steps
        ],
        "rules": [
            {"rule": rule.rule, "looks_at": rule.looks_at, "meeting": rule.meeting.value, "reason": rule.reason} for rule in told.rules
        ],
    }


def _read(sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict):
        errors = [FieldError("", "wrong_type", "The body is not an object.", f"Send {', '.join(KNOWN)}.")]
    else:
        errors = first_errors(_unfit(sent))
    if errors:
        raise InvalidRequest("The question can't be read.", remedy="See 'errors' for each place.", errors=errors)
    asked: dict[str, Any] = sent
    return asked


def _unfit(sent: dict[str, Any]) -> Iterator[FieldError]:
    yield from _unknown(sent, KNOWN)
    yield from _no_texts(sent, ("entity",))
    for side, members in MEMBERS.items():
        named = sent.get(side)
        if not isinstance(named, dict):
            yield FieldError(pointer(side), "wrong_type", "The record is missing or not an object.", f"Send {', '.join(members)}.")
            continue
        yield from _unknown(named, members, side)
        yield from _no_texts(named, members, side)


def _unknown(given: dict[str, Any], known: tuple[str, ...], *where: str) -> Iterator[FieldError]:
    for name in given:
        if name not in known:
            yield FieldError(pointer(*where, name), "unknown_member", "There is no such member.", did_you_mean(name[:100], known))


def _no_texts(given: dict[str, Any], names: tuple[str, ...], *where: str) -> Iterator[FieldError]:
    for name in names:
        if not isinstance(given.get(name), str):
            yield FieldError(
                pointer(*where, name), "wrong_type", "The value is missing or not a string.", "Send a string.", given.get(name)
            )
