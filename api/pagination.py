"""Lists page by page: a cursor says after which row the next page begins, so that rows written meanwhile shift nothing."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.encoding import iri_to_uri
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.problems import FieldError, InvalidRequest

DEFAULT_LIMIT: Final = 50
GREATEST_LIMIT: Final = 200
PAGING: Final = (
    OpenApiParameter("cursor", str, description="Where the page begins; given out in `next`."),
    OpenApiParameter("limit", int, description=f"Rows a page, 1 to {GREATEST_LIMIT}; {DEFAULT_LIMIT} if left out."),
)


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, and the address of the next one, if there is any."""

    rows: Sequence[Any]
    next_address: str | None


def page_of(request: Request, rows: QuerySet[Any], *, order: Sequence[str] = ("id",)) -> Page:
    """Give the page that `cursor` and `limit` ask for: one query, whatever the number of rows.

    `order` names columns that together are unique. Raises `InvalidRequest` for a cursor that was not given out, or a limit that
    is not between 1 and `GREATEST_LIMIT`.
    """
    limit = limit_of(request)
    cursor = request.query_params.get("cursor")
    ordered = rows.order_by(*order)
    if cursor is not None:
        ordered = ordered.filter(_after(order, _position(cursor, rows, order)))
    found = list(ordered[: limit + 1])
    if len(found) <= limit:
        return Page(rows=found, next_address=None)
    last = [str(getattr(found[limit - 1], name)) for name in order]
    return Page(rows=found[:limit], next_address=_next_address(request, last))


def _after(order: Sequence[str], position: Sequence[object]) -> Q:
    condition = Q()
    for index, name in enumerate(order):
        equal = dict(zip(order[:index], position[:index], strict=True))
        condition |= Q(**equal, **{f"{name}__gt": position[index]})
    return condition


def _next_address(request: Request, last: Sequence[str]) -> str:
    parameters = request.query_params.copy()
    parameters["cursor"] = base64.urlsafe_b64encode(json.dumps(last).encode()).decode().rstrip("=")
    return iri_to_uri(f"{request.path}?{parameters.urlencode()}")


def _position(cursor: str, rows: QuerySet[Any], order: Sequence[str]) -> list[object]:
    try:
        sent = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
        if not isinstance(sent, list) or not all(isinstance(value, str) for value in sent):
            raise _unknown(cursor)
        fields = [rows.model._meta.get_field(name) for name in order]
        return [field.to_python(value) for field, value in zip(fields, sent, strict=True)]
    except (ValueError, RecursionError, OverflowError, ValidationError):
        raise _unknown(cursor) from None


def _unknown(cursor: str) -> InvalidRequest:
    return _invalid("cursor", cursor, "This cursor was not given out.", "Follow `next` of the page before.")


def limit_of(request: Request) -> int:
    """Give the number of rows that `limit` asks for; raises `InvalidRequest` where it is not between 1 and `GREATEST_LIMIT`."""
    sent = request.query_params.get("limit")
    if sent is None:
        return DEFAULT_LIMIT
    if sent.isascii() and sent.isdigit() and len(sent) <= len(str(GREATEST_LIMIT)) and 1 <= int(sent) <= GREATEST_LIMIT:
        return int(sent)
    raise _invalid("limit", sent, f"The limit is a number from 1 to {GREATEST_LIMIT}.", f"Leave it out for {DEFAULT_LIMIT}.")


def _invalid(parameter: str, value: str, detail: str, remedy: str) -> InvalidRequest:
    error = FieldError(pointer=parameter, code=f"invalid_{parameter}", detail=detail, remedy=remedy, value=value)
    return InvalidRequest(detail, remedy=remedy, errors=[error])
