"""The one place where errors become HTTP answers: every error under /api is a problem document (RFC 9457)."""

import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from api.problems import CHALLENGE, CONTENT_TYPE, Problem
from api.strict_json import encode
from golden_records.errors import MdmError

API_PREFIX: Final = "/api/"
RETRY_AFTER_SECONDS: Final = "1"
# What may be sent again soon, beside all that is 503.
SOON: Final = frozenset({"idempotency_key_in_flight"})

# The domain knows no HTTP. A class that is missing here fails a test.
STATUS: Final[Mapping[str, int]] = {
    "mdm_error": 400,
    "invalid_request": 400,
    "malformed_json": 400,
    "broken_off": 400,
    "invalid_key_name": 400,
    "missing_key": 401,
    "invalid_key": 401,
    "insufficient_scope": 403,
    "foreign_source": 403,
    "inactive_source": 403,
    "forbidden": 403,
    "not_found": 404,
    "unknown_entity": 404,
    "unknown_source": 404,
    "unknown_source_record": 404,
    "unknown_golden_record": 404,
    "unknown_key": 404,
    "unknown_job": 404,
    "unknown_webhook": 404,
    "unknown_dead_letter": 404,
    "unknown_quarantined_row": 404,
    "unknown_review_task": 404,
    "unknown_override": 404,
    "unknown_receipt": 404,
    "no_hierarchy": 404,
    "unknown_report": 404,
    "unknown_report_job": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "duplicate_key_name": 409,
    "stale_write": 409,
    "forbidden_merge": 409,
    "nothing_to_undo": 409,
    "task_claimed": 409,
    "awaits_second_steward": 409,
    "needs_second_steward": 409,
    "own_proposal": 409,
    "already_resolved": 409,
    "override_stands": 409,
    "against_judgements": 409,
    "hierarchy_loop": 409,
    "report_not_ready": 409,
    "import_taken_over": 409,
    "idempotency_key_in_flight": 409,
    "cursor_of_another_feed": 410,
    "erased": 410,
    "length_required": 411,
    "preview_outdated": 412,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "rejected_record": 422,
    "idempotency_key_reused": 422,
    "no_mapping": 422,
    "unreadable_file": 422,
    "bad_mapping": 422,
    "bad_assignment": 422,
    "bulk_too_large": 422,
    "invalid_source": 422,
    "invalid_limit": 422,
    "bad_sample": 422,
    "invalid_endpoint": 422,
    "invalid_webhook": 422,
    "invalid_override": 422,
    "invalid_regrouping": 422,
    "missing_reason": 422,
    "invalid_report": 422,
    "unknown_column": 422,
    "match_config_invalid": 500,
    "missing_engine": 500,
    "unreadable_match_config": 500,
    "invalid_survivorship_rules": 500,
    "unreadable_secret": 500,
    "busy": 503,
    "unavailable": 503,
}
# What an error's data says beside the fields: members of the problem document of their own.
MEMBERS: Final = ("quarantined_row", "known", "scope", "loop")
NOTHING_THERE: Final = ("not_found", "Nothing is at this address.", "See /api/v1/docs for the addresses that there are.")

Description = tuple[str, str, str]

AWAY: Final = (OperationalError, InterfaceError)
"""What says that the database is away, or that it ended the connection."""

# What Django REST framework raises by itself: code, detail and remedy; status and title are those of HTTP.
OF_FRAMEWORK: Final[Sequence[tuple[type[Exception], Description]]] = (
    (exceptions.NotAuthenticated, ("missing_key", "The request carries no key.", "Send 'Authorization: Bearer KEY'.")),
    (exceptions.AuthenticationFailed, ("invalid_key", "The key is not valid.", "Send 'Authorization: Bearer KEY'.")),
    (exceptions.MethodNotAllowed, ("method_not_allowed", "This address does not know the method.", "See the Allow header.")),
    (exceptions.NotAcceptable, ("not_acceptable", "The answer is JSON.", "Send 'Accept: application/json'.")),
    (
        exceptions.UnsupportedMediaType,
        ("unsupported_media_type", "The body must be JSON.", "Send 'Content-Type: application/json', without Content-Encoding."),
    ),
    (exceptions.PermissionDenied, ("forbidden", "The key may not do this.", "Ask for a key with the scope that the schema names.")),
    (PermissionDenied, ("forbidden", "This is not allowed.", "Ask for a key with the scope that the schema names.")),
    (exceptions.NotFound, NOTHING_THERE),
    (Http404, NOTHING_THERE),
    (RequestDataTooBig, ("payload_too_large", "The body is too large.", "Send less in one request.")),
    (exceptions.ParseError, ("malformed_json", "The body can't be read.", "Send one JSON value, as RFC 8259 has it.")),
    # The database is away, or ended the connection. A request that was being committed may have been carried out: it can be repeated.
    *((kind, ("unavailable", "The database can't answer now.", "Send the same request again, as Retry-After says.")) for kind in AWAY),
)

log = structlog.get_logger(__name__)


def problem_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Give the problem document for an error that a view raised; None for a fault of ours, which goes on to `server_error`."""
    del context
    problem = problem_of(error) if isinstance(error, MdmError) else _of_framework(error)
    if problem is None or problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_refused", code=problem.code, error=type(error).__name__)
    # DRF's own handler does the same: inside a transaction of the request, an error answer must not commit half of the work.
    set_rollback()
    return Response(problem.document(), status=problem.status, headers=_headers(problem), content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's 400: a host or a header that Django itself refuses."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return _plain(_http_problem(400, ("bad_request", "The request can't be read.", "Check the host, the path and the headers.")))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's 403."""
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return _plain(_http_problem(403, ("forbidden", "This is not allowed.", "See the schema for what the API offers.")))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's 404: no route has this address."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    return _plain(_http_problem(404, NOTHING_THERE))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's 500: a bug of ours, told without a word of what went wrong inside; the logs have it under the same request id.

    Where the database is away, outside the views as well (a session, a page of the admin), it is no bug: 503, come again.
    """
    # Django calls this while it handles the error.
    if isinstance(sys.exc_info()[1], AWAY):
        return _database_away(request)
    if not _is_api(request):
        return defaults.server_error(request)
    return _plain(_http_problem(500, ("internal_error", "Something went wrong here.", "Report it with this problem's instance.")))


def _database_away(request: HttpRequest) -> HttpResponse:
    problem = _of_framework(OperationalError())
    assert problem is not None  # noqa: S101 - the table has it
    if _is_api(request):
        answer = _plain(problem)
    else:
        answer = HttpResponse(f"{problem.detail} Try again in a moment.", status=problem.status, content_type="text/plain; charset=utf-8")
    for name, value in _headers(problem).items():
        answer.headers[name] = value
    return answer


def problem_of(error: MdmError) -> Problem:
    """Give the problem that an error of the domain is."""
    return Problem(
        code=error.code,
        status=STATUS.get(error.code, HTTPStatus.INTERNAL_SERVER_ERROR),
        title=error.title,
        detail=error.message,
        remedy=error.remedy,
        errors=[entry.document() for entry in error.data.get("errors", ())],  # type: ignore[attr-defined]  # FieldErrors, by the class
        members={name: error.data[name] for name in MEMBERS if name in error.data},
    )


def _of_framework(error: Exception) -> Problem | None:
    for kind, description in OF_FRAMEWORK:
        if isinstance(error, kind):
            return _http_problem(STATUS[description[0]], description)
    return None


def _http_problem(status: int, description: Description) -> Problem:
    code, detail, remedy = description
    return Problem(code=code, status=status, title=HTTPStatus(status).phrase, detail=detail, remedy=remedy)


def _headers(problem: Problem) -> dict[str, str]:
    headers: dict[str, str] = {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE if problem.code == "missing_key" else f'{CHALLENGE}, error="invalid_token"'
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE or problem.code in SOON:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return headers


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIX)


def _plain(problem: Problem) -> HttpResponse:
    return HttpResponse(encode(problem.document()), status=problem.status, content_type=CONTENT_TYPE)
