"""The mark "confirmed" of a golden record: that somebody looked at it and it is right, and that this no longer holds."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast
from uuid import UUID

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.problems import FieldError, InvalidRequest, first_errors, pointer
from api.schema import problems
from api.scopes import CONFIRMATIONS
from api.v1 import confirmation_schema as described
from api.v1.confirmation_schema import receipt
from api.v1.golden_records import CANONICAL_ID
from api.views import ApiView, change_of
from golden_records.entities import EntityType
from matching import endorsing


class ConfirmationView(ApiView):
    """Setting the mark."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": CONFIRMATIONS}
    entity: ClassVar[EntityType]

    @idempotent
    def post(self, request: Request, canonical_id: UUID) -> Response:
        """Say that the golden record is right as it is at the version that was looked at, or say so again of a later one."""
        sent = _read(request, "version", "reason")
        change = change_of(request, reason=sent["reason"])
        return Response(receipt(endorsing.confirm(self.entity, canonical_id, version=sent["version"], change=change)))


class ConfirmationEndView(ApiView):
    """Taking the mark off."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": CONFIRMATIONS}
    entity: ClassVar[EntityType]

    @idempotent
    def post(self, request: Request, canonical_id: UUID) -> Response:
        """Take the mark of this canonical id off, also where it is retired; refused where a four-eyes rule goes by the mark."""
        change = change_of(request, reason=_read(request, "reason")["reason"])
        return Response(receipt(endorsing.take_off(self.entity, canonical_id, change=change)))


def confirmation_routes(entity: EntityType) -> list[URLPattern]:
    """Give the addresses of one entity type."""
    where = f"{entity.plural}/<uuid:canonical_id>/confirmation"
    confirmed = _operation(f"confirm_{entity.name}", f"Confirm a {entity.name}", described.SENT)
    ended = _operation(f"end_{entity.name}_confirmation", f"Say that a {entity.name} is no longer confirmed", described.END)
    return [
        path(where, _view(ConfirmationView, entity, confirmed), name=f"{entity.name}-confirmation"),
        path(f"{where}/end", _view(ConfirmationEndView, entity, ended), name=f"end-{entity.name}-confirmation"),
    ]


def _operation(name: str, summary: str, body: Any) -> Any:
    return extend_schema(
        operation_id=name,
        summary=summary,
        tags=["golden records"],
        parameters=[CANONICAL_ID],
        request=body,
        responses={200: described.RECEIPT, **problems(400, 404, 409, 411, 413, 415, 422)},
    )


def _view(base: type[ApiView], entity: EntityType, operation: Any) -> Any:
    view = type(f"{entity.name.title()}{base.__name__}", (base,), {"entity": entity})
    return cast("type[ApiView]", extend_schema_view(post=operation)(view)).as_view()


def _read(request: Request, *names: str) -> dict[str, Any]:
    """Read the body strictly: `version` a number, `reason` a text. Raises `InvalidRequest` with each thing that is wrong."""
    sent = request.data
    if not isinstance(sent, dict):
        raise _invalid([FieldError("", "wrong_type", "The body is not an object.", f"Send an object of {', '.join(names)}.")])
    errors = [
        FieldError(pointer(name), "unknown_member", "The member is not known.", f"Known are {', '.join(names)}.")
        for name in sent
        if name not in names
    ]
    for name in names:
        kind, words = _KINDS[name]
        # Strictly: a truth value is a number to Python.
        if type(sent.get(name)) is not kind:
            errors.append(FieldError(pointer(name), "wrong_type" if name in sent else "missing", *words))
    if errors:
        raise _invalid(errors)
    return sent


_KINDS: Mapping[str, tuple[type, tuple[str, str]]] = {
    "version": (int, ("A number is needed.", "Send the version of the golden record that you looked at.")),
    "reason": (str, ("A text is needed.", "Say why, as a string.")),
}


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    return InvalidRequest("The confirmation can't be read.", remedy="See 'errors' for each place.", errors=first_errors(errors))
