"""What every view of the API shares: who calls, what the caller already has, and how a change of theirs is signed."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, ClassVar, Final, cast

from django.http import HttpResponse
from django.utils.http import parse_etags, quote_etag
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from structlog.contextvars import get_contextvars

from api.auth import ApiClient
from api.problems import LengthRequired, NotFound
from api.scopes import HasScope
from api.strict_json import MEDIA_TYPE, encode
from golden_records.change import Change

CORRELATION_ID_LIMIT: Final = 40
PRIVATE: Final = "private, no-cache"
RESPOND_ASYNC: Final = "respond-async"


class ApiView(APIView):
    """A view under keys and scopes; `scopes` names the scope that each method needs."""

    http_method_names = ("get", "head", "put", "post", "patch", "delete")
    permission_classes = (HasScope,)
    scopes: ClassVar[Mapping[str, str]] = {}
    reads_chunks: ClassVar[bool] = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate and authorise; raises `LengthRequired` for a body in chunks, where the view does not read it as it comes."""
        super().initial(request, *args, **kwargs)
        # Django takes a body without Content-Length for an empty one, and the caller would be told that all is missing.
        if (
            not self.reads_chunks
            and "chunked" in request.headers.get("Transfer-Encoding", "")
            and not request.headers.get("Content-Length")
        ):
            raise LengthRequired("The body comes in chunks.", remedy="Send it with Content-Length.")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Keep answers out of shared caches: they hold what only this key may read."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", PRIVATE)
        return answer


class UnknownAddress(APIView):
    """Answers where no other route does, to callers with a key and to those without."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise `NotFound` whatever the method."""
        super().initial(request, *args, **kwargs)
        raise NotFound(f"Nothing is at {request.path}.", remedy="See /api/v1/docs for the addresses that there are.")


def client_of(request: Request) -> ApiClient:
    """Give the program that calls; `HasScope` has let nobody else in."""
    return cast("ApiClient", request.user)


def change_of(request: Request, *, reason: str) -> Change:
    """Sign a change with the key's name and the id of the request, which its log lines carry too."""
    actor = client_of(request).actor
    request_id = str(get_contextvars().get("request_id", ""))
    if not request_id or len(request_id) > CORRELATION_ID_LIMIT:
        return Change(actor=actor, reason=reason)
    return Change(actor=actor, reason=reason, correlation_id=request_id)


def prefers(request: Request, preference: str) -> bool:
    """Say whether the caller names this preference in `Prefer` (RFC 7240); what it does not know, a server leaves alone."""
    named = (part.partition(";")[0].partition("=")[0].strip().lower() for part in request.headers.get("Prefer", "").split(","))
    return preference in named


def conditional(request: Request, document: Any, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Answer with the document and its ETag, or with 304 where the caller's `If-None-Match` has it already.

    The ETag is strong and made of the content: the same content, whatever led to it, has the same one.
    """
    # Written once, for the tag and for the answer: a `Response` would write it a second time.
    body = encode(document)
    etag = quote_etag(blake2b(body, digest_size=12).hexdigest())
    known = parse_etags(request.headers.get("If-None-Match", ""))
    # If-None-Match compares weakly: a proxy that compressed the answer has made the tag weak.
    is_known = "*" in known or etag in {tag.removeprefix("W/") for tag in known}
    answer = HttpResponse(status=304) if is_known else HttpResponse(body, content_type=MEDIA_TYPE)
    answer.headers["ETag"] = etag
    for name, value in (headers or {}).items():
        answer.headers[name] = value
    return answer
