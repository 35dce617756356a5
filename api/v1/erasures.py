"""`/customers/{id}/erasure`, and of every further entity type: erasing somebody for good."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import component_name, did_you_mean, serializer
from api.idempotency import idempotent
from api.problems import FieldError, ForeignSource, InvalidRequest, first_errors, pointer
from api.schema import problems
from api.scopes import ERASE
from api.v1.golden_records import CANONICAL_ID
from api.views import ApiView, change_of, client_of
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import Erasure, WhenSentAgain
from matching.erasure import erase

MEMBERS: Final = ("reason", "when_sent_again")
LONGEST_REASON: Final = 500

WANTED: Final = serializer(
    "Erase",
    "Why, and what is to become of the source records when their sources send them again.",
    reason=serializers.CharField(
        max_length=LONGEST_REASON,
        help_text="Kept for ever, and told in the change feed: name the request, such as a number, and nothing of the person.",
    ),
    when_sent_again=serializers.ChoiceField(
        choices=WhenSentAgain.choices,
        required=False,
        help_text="`suppress` (if left out): counted, and nothing of it is kept. `new`: taken.",
    ),
)
DONE: Final = serializer(
    "Erasure",
    "What was erased. It can't be undone.",
    entity=serializers.ChoiceField(choices=list(ENTITIES)),
    erased_id=serializers.UUIDField(help_text="The canonical id that answered."),
    other_ids=serializers.ListField(child=serializers.UUIDField(), help_text="Those that led to it."),
    when_sent_again=serializers.ChoiceField(choices=WhenSentAgain.choices),
    counts=serializers.DictField(child=serializers.IntegerField(min_value=0), help_text="Rows that were emptied or removed, by holder."),
    at=serializers.DateTimeField(),
)


class ErasureView(ApiView):
    """The erasure of one golden record."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": ERASE}
    entity: ClassVar[EntityType]

    @idempotent
    def post(self, request: Request, canonical_id: UUID) -> Response:
        """Erase the golden record that the id answers with, all ids that lead to it, and all their source records, of every source.

        From then on all of them answer 410. Of each source record a keyed digest of its id is left, by which it is recognised.
        """
        client = client_of(request)
        if client.source is not None:
            message = f"The key '{client.name}' is bound to '{client.source.code}', and an erasure takes what all sources sent."
            raise ForeignSource(message, remedy="Use a key that is bound to no source.")
        wanted = _read(request.data)
        how = WhenSentAgain(wanted.get("when_sent_again", WhenSentAgain.SUPPRESS))
        change = change_of(request, reason=wanted["reason"])
        return Response(_document(erase(self.entity, canonical_id=canonical_id, when_sent_again=how, change=change)), HTTPStatus.CREATED)


def erasure_view(entity: EntityType) -> type[ErasureView]:
    """Make the view of one entity type's erasures."""
    view = type(f"{component_name(entity)}ErasureView", (ErasureView,), {"entity": entity})
    described = extend_schema_view(
        post=extend_schema(
            operation_id=f"erase_{entity.name}",
            summary=f"Erase a {entity.name} for good, with all its source records",
            tags=["erasure"],
            parameters=[CANONICAL_ID],
            request=WANTED,
            responses={201: DONE, **problems(400, 404, 409, 410, 411, 413, 415, 422)},
        )
    )
    return cast("type[ErasureView]", described(view))


def _document(erasure: Erasure) -> dict[str, object]:
    return {
        "entity": erasure.entity,
        "erased_id": erasure.golden_id,
        "other_ids": erasure.other_ids,
        "when_sent_again": erasure.when_sent_again,
        "counts": erasure.counts,
        "at": erasure.at,
    }


def _read(sent: Any) -> dict[str, str]:
    if not isinstance(sent, dict):
        errors = [FieldError("", "wrong_type", "The body is not an object.", f"Send {', '.join(MEMBERS)}.")]
    else:
        errors = first_errors(_unfit(sent))
    if errors:
        raise InvalidRequest("The request can't be read.", remedy="See 'errors' for each place.", errors=errors)
    wanted: dict[str, str] = sent
    return wanted


def _unfit(sent: dict[str, Any]) -> Iterator[FieldError]:
    for name in sent:
        if name not in MEMBERS:
            yield FieldError(pointer(name), "unknown_member", "There is no such member.", did_you_mean(name[:100], MEMBERS))
    reason = sent.get("reason")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > LONGEST_REASON:
        detail = f"The reason is missing, empty, or longer than {LONGEST_REASON} characters."
        yield FieldError(pointer("reason"), "invalid_reason", detail, "Name the request, such as its number.", reason)
    how = sent.get("when_sent_again", WhenSentAgain.SUPPRESS)
    if how not in WhenSentAgain.values:
        remedy = f"Send one of: {', '.join(WhenSentAgain.values)}."
        yield FieldError(pointer("when_sent_again"), "invalid_choice", "There is no such choice.", remedy, how)
