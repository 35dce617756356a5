"""`/changes`: what happened to golden records, in order, from any place on."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import did_you_mean
from api.pagination import GREATEST_LIMIT, limit_of
from api.problems import CursorOfAnotherFeed, FieldError, InvalidRequest
from api.readings import gave_values
from api.schema import problems
from api.scopes import CHANGES, READ
from api.v1.changes_schema import CHANGES_PAGE
from api.views import ApiView, client_of
from golden_records import feed, outbox
from golden_records.entities import ENTITIES
from golden_records.models import ChangeEvent, EventType, SourceSystem
from golden_records.outbox import Filters

BEGINNING: Final = "0"
NOW: Final = "now"
CURSOR: Final = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{16})")
PARAMETERS: Final = (
    OpenApiParameter(
        "after", str, description=f"The `cursor` of the answer before; `{BEGINNING}` or left out: from the beginning; `{NOW}`: what comes."
    ),
    OpenApiParameter("limit", int, description=f"Events at most, 1 to {GREATEST_LIMIT}; 50 if left out."),
    OpenApiParameter("entity", str, enum=list(ENTITIES), description="Events of this entity type only."),
    OpenApiParameter("type", str, many=True, enum=EventType.values, description="Events of this type only; may be given again."),
    OpenApiParameter("source", str, description="Events about records of this source, or caused by its writes, only: its code."),
    OpenApiParameter(
        "wait", int, description=f"Where there is nothing yet, wait so many seconds for it, 0 to {feed.LONGEST_WAIT:.0f}; 0 if left out."
    ),
)


class ChangesView(ApiView):
    """The change feed."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": CHANGES}

    @extend_schema(
        operation_id="list_changes",
        summary="Follow what happens to golden records",
        tags=["changes"],
        parameters=[*PARAMETERS],
        responses={200: CHANGES_PAGE, **problems(400, 410)},
    )
    def get(self, request: Request) -> Response:
        """Give the events after a cursor in the order of the feed: none is missing, and none comes before them later.

        The same cursor gives the same events for ever. Keep the answer's `cursor` when all its events are dealt with, and
        ask on with it. Values are given to keys with the scope `read` as well; others learn the names of attributes.
        """
        filters = _filters(request)
        seq = _place(request.query_params.get("after", BEGINNING))
        page = feed.await_news(seq, limit=limit_of(request), filters=filters, seconds=_seconds(request.query_params.get("wait")))
        with_values = READ in client_of(request).scopes
        results = [_document(event, with_values=with_values) for event in page.events]
        if with_values:
            for entity in ENTITIES.values():
                told = ((event.golden_id, event.attributes or ()) for event in page.events if event.entity == entity.name)
                gave_values(request, entity, told)
        return Response({"results": results, "cursor": _cursor(page.seq), "has_more": not page.is_last})


def _document(event: ChangeEvent, *, with_values: bool) -> dict[str, Any]:
    document = {
        "seq": event.seal.seq,
        "type": event.type,
        "entity": event.entity,
        "canonical_id": event.golden_id,
        "version": event.golden_version,
        "attributes": event.attributes or [],
        "source_record": {"source": event.source, "external_id": event.external_id} if event.source else None,
        "successors": event.successor_ids or [],
        "caused_by": event.caused_by,
        "differing": event.differing or [],
        "actor": event.actor,
        "correlation_id": event.correlation_id,
        "config_version": event.config,
        "at": event.at,
    }
    if with_values:
        document |= {"before": event.values_before, "after": event.values_after, "reason": event.reason}
    return document


def _cursor(seq: int) -> str:
    return f"{seq}-{feed.mark_of(seq)}" if seq else BEGINNING


def _place(cursor: str) -> int:
    if cursor == BEGINNING:
        return 0
    if cursor == NOW:
        return outbox.head()
    given = CURSOR.fullmatch(cursor)
    if given is None:
        raise _invalid("after", cursor, "This cursor was not given out.", "Send the 'cursor' of the answer before, unchanged.")
    seq, mark = int(given[1]), given[2]
    if feed.mark_of(seq) != mark:
        raise CursorOfAnotherFeed(
            "The feed does not have what this cursor stands for: the database was restored, or it is another one.",
            remedy="Read everything anew, beginning with 'after=now': see docs/changes.md.",
        )
    return seq


def _filters(request: Request) -> Filters:
    known = tuple(parameter.name for parameter in PARAMETERS)
    for name in request.query_params:
        if name not in known:
            raise _invalid(name, request.query_params[name], "There is no such parameter.", did_you_mean(name[:100], known))
    entity, source = request.query_params.get("entity"), request.query_params.get("source")
    types = request.query_params.getlist("type")
    if entity is not None and entity not in ENTITIES:
        raise _invalid("entity", entity, "There is no such entity type.", did_you_mean(entity[:100], tuple(ENTITIES)))
    for kind in types:
        if kind not in EventType.values:
            raise _invalid("type", kind, "There is no such type of event.", did_you_mean(kind[:100], tuple(EventType.values)))
    if source is not None and not SourceSystem.objects.filter(code=source).exists():
        raise _invalid("source", source, "There is no such source system.", "Send the code of one that there is.")
    return Filters(entity=entity, types=frozenset(types) or None, source=source)


def _seconds(sent: str | None) -> float:
    if sent is None:
        return 0.0
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 2 and int(sent) <= feed.LONGEST_WAIT):  # noqa: PLR2004 - two digits
        raise _invalid("wait", sent, f"The wait is a whole number of seconds, 0 to {feed.LONGEST_WAIT:.0f}.", "Ask again when it is over.")
    return float(sent)


def _invalid(parameter: str, value: str, detail: str, remedy: str) -> InvalidRequest:
    error = FieldError(pointer=parameter, code=f"invalid_{parameter}", detail=detail, remedy=remedy, value=value)
    return InvalidRequest(detail, remedy=remedy, errors=[error])
