"""`/source-records/{source}/{entity}/{external_id}`: what one source says of one customer or project."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

from django.http import HttpResponse
from django.utils.encoding import escape_uri_path
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.dictionary import component_name
from api.problems import FieldError, InvalidRequest, NotFound
from api.readings import gave_source_record
from api.schema import IF_NONE_MATCH, UNCHANGED, problems
from api.scopes import INGEST, READ
from api.v1.source_body import checked_external_id, read_body, read_moment, refusal, writable_source
from api.v1.source_schema import (
    ACCEPTANCE,
    ACCEPTED,
    EXAMPLES,
    MOMENT_OF_WITHDRAWAL,
    PREFER,
    PREFERRED,
    SUBMISSION,
    given_record,
    sent_record,
)
from api.views import RESPOND_ASYNC, ApiView, change_of, conditional, prefers
from golden_records import quarantine
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import RejectedRecord, UnknownSourceRecord
from golden_records.models import RecordState
from golden_records.sources import SourceRecordDraft
from golden_records.storing import Stored, StoreOutcome
from golden_records.tombstones import refuse_erased
from golden_records.withdrawing import Withdrawal, withdrawal_of
from matching.intake import Submission, accept_source_record, submit_source_record
from matching.selectors import MatchView, link_explanation
from matching.withdrawal import withdraw_source_record

REASON: Final = "sent by its source"
WITHDRAWN: Final = "withdrawn by its source"
RECORD_COLUMNS: Final = ("state", "match_state", "version", "problems", "source_updated_at", "received_at", "updated_at")
LINK_COLUMNS: Final = ("link_source", "linked_at", "link")
FLAGS: Final = {"true": True, "false": False}
PARAMETERS: Final = (
    OpenApiParameter("source", str, OpenApiParameter.PATH, description="Code of the source system."),
    OpenApiParameter(
        "external_id",
        str,
        OpenApiParameter.PATH,
        description="The source's own id. Percent-encode all but letters and digits.",
    ),
)
EXPLANATION: Final = OpenApiParameter(
    "explanation", bool, description="`true`: with the steps of the match, as `PUT` answers them. Takes three queries more."
)
WITHDRAWN_AT: Final = OpenApiParameter("source_updated_at", datetime, description=MOMENT_OF_WITHDRAWAL)
NOTHING: Final = OpenApiResponse(description="It is withdrawn, or was already, or the source changed it since.")


class SourceRecordView(ApiView):
    """One source record."""

    scopes: ClassVar[Mapping[str, str]] = {"PUT": INGEST, "GET": READ, "DELETE": INGEST}
    entity: ClassVar[EntityType]

    def put(self, request: Request, source: str, external_id: str) -> Response:
        """Take the record in and match it before the answer; the same record sent again changes nothing."""
        draft = self._draft(request, source, external_id)
        change = change_of(request, reason=REASON)
        try:
            if prefers(request, RESPOND_ASYNC):
                return _accepted(request, accept_source_record(draft, change=change))
            submission = submit_source_record(draft, change=change)
        except RejectedRecord as rejected:
            raise _kept_in_quarantine(draft, rejected, change) from None
        is_new = submission.record.received_at == change.at
        return Response(_answer(submission), status=HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    def get(self, request: Request, source: str, external_id: str) -> HttpResponse:
        """Give the record with its canonical id."""
        explained = _flag(request, "explanation")
        row = _stored(self.entity, source, checked_external_id(external_id))
        document = _document(self.entity, source, external_id, row)
        if explained:
            record = self.entity.record._default_manager.get(pk=row["pk"])
            document["match"] = _match(link_explanation(self.entity, record))
        if row["state"] == RecordState.WITHDRAWN:
            document["withdrawn"] = _withdrawn(withdrawal_of(self.entity, row["pk"]))
        answer = conditional(request, document)
        if answer.status_code == HTTPStatus.OK:
            gave_source_record(request, self.entity, source, {**row, "external_id": external_id})
        return answer

    def delete(self, request: Request, source: str, external_id: str) -> Response:
        """Withdraw the record, whose canonical id goes on answering; the same again changes nothing."""
        system = writable_source(request, source)
        withdraw_source_record(
            self.entity,
            source=system.code,
            external_id=checked_external_id(external_id),
            withdrawn_at=read_moment(request.query_params.get("source_updated_at"), "source_updated_at"),
            change=change_of(request, reason=WITHDRAWN),
        )
        return Response(status=HTTPStatus.NO_CONTENT)

    def _draft(self, request: Request, source: str, external_id: str) -> SourceRecordDraft:
        system = writable_source(request, source)
        body = read_body(self.entity, request.data)
        return SourceRecordDraft(
            entity=self.entity,
            source=system,
            external_id=checked_external_id(external_id),
            attributes=body.attributes,
            payload=body.payload,
            source_updated_at=body.source_updated_at,
        )


class UnknownEntityView(ApiView):
    """Answers where the address names no entity type: nobody but a key's holder learns which there are."""

    scopes: ClassVar[Mapping[str, str]] = {"PUT": INGEST, "GET": READ, "DELETE": INGEST}
    schema = None

    def put(self, request: Request, source: str, entity: str, external_id: str) -> Response:
        """Raise `UnknownEntity`, which lists the known ones."""
        del request, source, external_id
        raise NotFound(f"There are no records of '{entity_type(entity).name}' here.", remedy="See /api/v1/docs.")

    get = delete = put


def source_record_view(entity: EntityType) -> type[SourceRecordView]:
    """Make the view of one entity type's source records, described in the schema with its own attributes."""
    view = type(f"{component_name(entity)}RecordView", (SourceRecordView,), {"entity": entity})
    described = extend_schema_view(
        put=extend_schema(
            operation_id=f"put_{entity.name}_record",
            summary=f"Send a {entity.name} as the source has it",
            tags=["source records"],
            parameters=[*PARAMETERS, PREFER, *PREFERRED],
            request=sent_record(entity),
            examples=EXAMPLES,
            responses={
                200: SUBMISSION,
                201: SUBMISSION,
                202: OpenApiResponse(ACCEPTANCE, description="Stored, as `Prefer` asked for; a worker matches it."),
                **problems(400, 404, 410, 411, 413, 415, 422),
            },
        ),
        get=extend_schema(
            operation_id=f"get_{entity.name}_record",
            summary=f"Get a {entity.name} as one source has it, with its canonical id",
            tags=["source records"],
            parameters=[*PARAMETERS, EXPLANATION, IF_NONE_MATCH],
            responses={200: given_record(entity), 304: UNCHANGED, **problems(400, 404, 410)},
        ),
        delete=extend_schema(
            operation_id=f"withdraw_{entity.name}_record",
            summary=f"Withdraw a {entity.name} that the source no longer has",
            tags=["source records"],
            parameters=[*PARAMETERS, WITHDRAWN_AT],
            responses={204: NOTHING, **problems(400, 404, 410)},
        ),
    )
    return cast("type[SourceRecordView]", described(view))


def _stored(entity: EntityType, source: str, external_id: str) -> dict[str, Any]:
    """Read a record's columns, which is all that an answer needs: this is the look-up that programs make all day."""
    records: Any = entity.record._default_manager
    columns = ("pk", "golden_id", *RECORD_COLUMNS, *LINK_COLUMNS, *entity.attribute_names)
    rows = records.filter(source__code=source, external_id=external_id).values(*columns)[:1] if source.isprintable() else ()
    for row in rows:
        if row["state"] != RecordState.ERASED:
            return cast("dict[str, Any]", row)
    if source.isprintable():
        refuse_erased(entity, source, external_id)
    raise UnknownSourceRecord(
        f"'{source}' has sent no {entity.name} '{external_id}'.", remedy="Send it with PUT.", source=source, external_id=external_id
    )


def _kept_in_quarantine(draft: SourceRecordDraft, rejected: RejectedRecord, change: Change) -> RejectedRecord:
    """Keep what was sent for a steward to mend, and say where it waits."""
    row = quarantine.keep(draft, rejected, change=change)
    return refusal(rejected, row.problems, is_mapped=draft.payload is None, quarantined_row=row.pk)


def _accepted(request: Request, stored: Stored) -> Response:
    """Say that the record is stored, and where to ask what became of it."""
    record = stored.record
    document = {
        "outcome": ACCEPTED if stored.outcome is StoreOutcome.CREATED else stored.outcome,
        "match_state": record.match_state,
        "canonical_id": record.golden_id,
        "problems": record.problems,
    }
    headers = {"Location": escape_uri_path(request.path), "Preference-Applied": RESPOND_ASYNC}
    return Response(document, status=HTTPStatus.ACCEPTED, headers=headers)


def _answer(submission: Submission) -> dict[str, object]:
    return {
        "canonical_id": submission.canonical_id,
        "outcome": submission.outcome,
        "match": _match(submission.match),
        "problems": submission.problems,
    }


def _match(view: MatchView | None) -> dict[str, object] | None:
    if view is None:
        return None
    return {
        "probability": view.probability,
        "weight": view.weight,
        "config_version": view.config_version,
        "explanation": [
            {
                "comparison": step.comparison,
                "level": step.level,
                "label": step.words,
                "bits": round(step.bits, 4),
                "left": step.left,
                "right": step.right,
            }
            for step in view.explanation
        ],
    }


def _document(entity: EntityType, source: str, external_id: str, row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "source": source,
        "entity": entity.name,
        "external_id": external_id,
        "canonical_id": row["golden_id"],
        "attributes": {name: row[name] for name in entity.attribute_names},
        **{name: row[name] for name in RECORD_COLUMNS},
        "link": {
            "linked_by": row["link_source"],
            "since": row["linked_at"],
            "probability": row["link"].get("probability"),
            "weight": row["link"].get("weight"),
            "config_version": row["link"].get("config"),
        },
    }


def _withdrawn(found: Withdrawal | None) -> dict[str, object] | None:
    return {"at": found.at, "by": found.by, "reason": found.reason} if found else None


def _flag(request: Request, name: str) -> bool:
    sent = request.query_params.get(name, "false")
    if sent not in FLAGS:
        error = FieldError(name, "invalid_parameter", "The value is not true or false.", "Send true or false.", sent)
        raise InvalidRequest(error.detail, remedy=error.remedy, errors=[error])
    return FLAGS[sent]
