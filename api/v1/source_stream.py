"""`POST /source-records`: records of any sources and entity types, as NDJSON of any length, answered line by line."""

import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import Any, ClassVar, Final

import structlog
from django.db import Error as DatabaseError
from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from api.dictionary import serializer
from api.errors import problem_of
from api.ndjson import MEDIA_TYPE, NdjsonRenderer, body_of
from api.ndjson import lines as lines_of
from api.schema import PROBLEM, problems
from api.scopes import INGEST
from api.strict_json import JSONRenderer, encode
from api.v1.source_body import refusal
from api.v1.source_lines import Line, LineReader, rows_of
from api.v1.source_schema import ACCEPTED, MOMENT, STORED, WARNING
from api.views import ApiView, change_of
from golden_records import imports, quarantine
from golden_records.change import Change
from golden_records.errors import Busy, MdmError, RejectedRecord
from golden_records.models import ImportJob
from golden_records.storing import StoreOutcome
from golden_records.taking import QUARANTINED, REFUSED, Taken, outcome_name
from matching.intake import accept_source_records

REASON: Final = "sent by its source"
INTERRUPTED: Final = "interrupted"
# Each call holds a thread of the server for as long as it sends; some must be left for everybody else.
CALLS_AT_ONCE: Final = 3
_IN_MEMORY: Final = 1024 * 1024
_PART: Final = 64 * 1024

OUTCOMES: Final = (
    *STORED,
    (StoreOutcome.SUPPRESSED.value, "it was erased and is not to come back: nothing of it is kept"),
    (QUARANTINED, "it can't be taken as it is, and waits to be mended; `problem` says why"),
    (REFUSED, "it can't be read or may not be written, and nothing of it is kept; `problem` says why"),
    (INTERRUPTED, "here it stopped: send this line and those after it again"),
)
LINE: Final = serializer(
    "SourceRecordLine",
    "One record.",
    source=serializers.CharField(help_text="Code of the source system."),
    entity=serializers.CharField(help_text="Name of the entity type."),
    external_id=serializers.CharField(help_text="The source's own id."),
    attributes=serializers.DictField(required=False, help_text="In the data dictionary's names, as `PUT` has them."),
    payload=serializers.DictField(required=False, help_text="In the source's own columns; either this or `attributes`."),
    source_updated_at=serializers.DateTimeField(required=False, allow_null=True, help_text=MOMENT),
)
ANSWER: Final = serializer(
    "SourceRecordOutcome",
    "What became of one line.",
    line=serializers.IntegerField(min_value=1, help_text="The number of the line in the body; blank lines count and are not answered."),
    source=serializers.CharField(allow_null=True, help_text="As the line has it; null where it can't be read."),
    entity=serializers.CharField(allow_null=True),
    external_id=serializers.CharField(allow_null=True),
    outcome=serializers.ChoiceField(choices=OUTCOMES),
    problems=WARNING(many=True, help_text="What could not be used; the record was taken without."),
    problem=PROBLEM(allow_null=True, help_text="Why the record was not taken."),
)

_free: Final = threading.BoundedSemaphore(CALLS_AT_ONCE)
_logger = structlog.get_logger(__name__)


class SourceRecordsView(ApiView):
    """Many source records in one call."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": INGEST}
    reads_chunks: ClassVar[bool] = True
    renderer_classes = (JSONRenderer, NdjsonRenderer)

    @extend_schema(
        operation_id="post_source_records",
        summary="Send many records, of any sources and entity types",
        tags=["source records"],
        parameters=[OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[202], description="Address of the job.")],
        request={MEDIA_TYPE: LINE},
        responses={
            (202, MEDIA_TYPE): OpenApiResponse(ANSWER, description="A line for each line that was sent, once all of them were read."),
            **problems(411, 415),
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Take one record a line as the body comes, and let workers match them.

        `Location` comes before the body is read: should the connection break, the job there tells how many records were dealt with.
        Sent again, they are `unchanged`; so this needs no `Idempotency-Key`.
        """
        body = body_of(request)
        if not _free.acquire(blocking=False):
            raise Busy("Others are sending many records.", remedy="Send them again, as Retry-After says.")
        try:
            change = change_of(request, reason=REASON)
            job = imports.begin_call(change=change)
            chunks = LineReader(request).chunks(lines_of(body))
            answer = StreamingHttpResponse(_answers(job, chunks, change), status=HTTPStatus.ACCEPTED, content_type=MEDIA_TYPE)
            answer.headers["Location"] = reverse("job", args=[job.public_id])
        except BaseException:
            _free.release()
            raise
        # By the server, when the answer is given or nobody is left to take it; also where it was never begun.
        answer._resource_closers.append(_free.release)  # type: ignore[attr-defined]  # noqa: SLF001 - Django has no other door
        return answer


def _answers(job: ImportJob, chunks: Iterator[list[Line]], change: Change) -> Iterator[bytes]:
    """Read the whole body, then give the answers: a client that reads nothing before it has sent everything must not be blocked."""
    with SpooledTemporaryFile(_IN_MEMORY) as answers:
        for told in _told(job, chunks, change):
            answers.write(told)
        answers.seek(0)
        while part := answers.read(_PART):
            yield part


def _told(job: ImportJob, chunks: Iterator[list[Line]], change: Change) -> Iterator[bytes]:
    # The lines of a chunk wait here until it is stored.
    waiting: list[list[Line]] = []

    def rows() -> Iterator[Any]:
        for chunk in chunks:
            waiting.append(chunk)
            yield rows_of(chunk)

    number = 0
    try:
        for outcomes in accept_source_records(job, rows(), change=change):
            chunk = waiting.pop()
            yield b"".join(encode(_document(line, taken)) + b"\n" for line, taken in zip(chunk, _placed(chunk, outcomes), strict=True))
            number = chunk[-1].number
    except (MdmError, DatabaseError) as error:
        _logger.warning("call_interrupted", job=job.pk, error=type(error).__name__)
        stopped = error if isinstance(error, MdmError) else Busy("The database can't answer now.", remedy="Send the rest again.")
        yield encode(_line(number + 1, (None, None, None), INTERRUPTED) | {"problem": problem_of(stopped).document()}) + b"\n"


def _placed(chunk: list[Line], outcomes: list[Taken]) -> list[Taken]:
    """Say of the rows in quarantine under which number they wait."""
    bad = [
        (place, line.row.as_sent)
        for place, (line, taken) in enumerate(zip(chunk, outcomes, strict=True))
        if isinstance(taken, RejectedRecord) and line.row.as_sent is not None
    ]
    placed = list(outcomes)
    for (place, sent), number in zip(bad, quarantine.kept_as([sent for _, sent in bad]) if bad else (), strict=True):
        taken = outcomes[place]
        if isinstance(taken, RejectedRecord):
            found: Any = taken.data["problems"]
            placed[place] = refusal(taken, found, is_mapped=sent.is_mapped, quarantined_row=number)
    return placed


def _document(line: Line, taken: Taken) -> dict[str, object]:
    if isinstance(taken, MdmError):
        return _line(line.number, line.names, outcome_name(taken)) | {"problem": problem_of(taken).document()}
    outcome = ACCEPTED if taken is StoreOutcome.CREATED else str(taken)
    # Of one that was erased, not even what is wrong with it is told.
    problems = () if taken is StoreOutcome.SUPPRESSED else line.row.meaning.problems
    return _line(line.number, line.names, outcome) | {"problems": problems}


def _line(number: int, names: tuple[str | None, str | None, str | None], outcome: str) -> dict[str, object]:
    source, entity, external_id = names
    told = {"line": number, "source": source, "entity": entity, "external_id": external_id, "outcome": outcome}
    return told | {"problems": (), "problem": None}
