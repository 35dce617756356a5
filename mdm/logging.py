"""Structured logs, one JSON object a line, each with the id of the request that caused it.

Log lines name ids, counts, codes and durations. They never carry values of a record: what a log holds cannot be erased.
"""

import re
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.typing import EventDict, Processor
from uuid_utils import uuid7

log = structlog.get_logger(__name__)

ACCEPTED_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")

PARTS_OF_TASKS: Final = ("name", "id", "runtime", "description")


def without_messages(_: object, __: str, event: EventDict) -> EventDict:
    """Tell an error by its class and by where it came from, in place of its words: a database's words hold values of records."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    elif error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = "\n\n".join(_told(each) for each in _chain(error))
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    known: set[int] = set()
    while error is not None and id(error) not in known:
        known.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _told(error: BaseException) -> str:
    sqlstate = getattr(error, "sqlstate", None)
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    return f"{frames}{type(error).__module__}.{type(error).__qualname__}" + (f" (SQLSTATE {sqlstate})" if sqlstate else "")


def without_values(_: object, __: str, event: EventDict) -> EventDict:
    """Take what records may have put there out of the lines of libraries: paths of requests, results and errors of tasks."""
    record = event["_record"]
    if record.name == "django.request":
        event["event"], event["status"] = "request_failed", getattr(record, "status_code", None)
    elif record.name == "celery.app.trace":
        data = getattr(record, "data", None) or {}
        event["event"] = str(record.msg).strip() % defaultdict(lambda: "...", {part: data.get(part, "") for part in PARTS_OF_TASKS})
    return event


SHARED_PROCESSORS: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    without_messages,
]

# One list for good: loggers keep it from their first line on, however often they are set up.
_PROCESSORS: Final[list[Processor]] = [
    structlog.stdlib.filter_by_level,
    *SHARED_PROCESSORS,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configure(*, level: str, log_format: str) -> dict[str, Any]:
    """Set structlog up and give the matching `LOGGING` setting. `log_format` is "json", or "console" for a person at a terminal."""
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Processor = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                "foreign_pre_chain": [*SHARED_PROCESSORS, without_values],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django's own handlers would print a second, unstructured copy, and mail administrators pages that hold request data.
        "loggers": {name: {"handlers": [], "level": level, "propagate": True} for name in ("django", "django.server", "celery")}
        # Statements hold the values of records, whatever the level that is asked for.
        | {"django.db.backends": {"handlers": [], "level": "WARNING", "propagate": True}},
    }


class RequestIdMiddleware:
    """Gives every request an id: the caller's `X-Request-ID` where it is a plain token, else a new UUIDv7.

    The id is bound to all log lines of the request, travels with the tasks that the request starts, and is sent back in the
    response's `X-Request-ID`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with its id bound."""
        sent = request.headers.get("X-Request-ID", "")
        # A free-form id would let a caller write into the logs.
        request_id = sent if ACCEPTED_REQUEST_ID.fullmatch(sent) else str(uuid7())
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            began = time.perf_counter()
            response = self.get_response(request)
            # The route, never the path: a path holds the ids that source systems give to persons, and queries hold their names.
            route = request.resolver_match.route if request.resolver_match else None
            milliseconds = round(1000 * (time.perf_counter() - began), 1)
            log.info("request", method=request.method, route=route, status=response.status_code, milliseconds=milliseconds)
        response["X-Request-ID"] = request_id
        return response
