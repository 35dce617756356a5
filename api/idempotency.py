"""`Idempotency-Key`: a request that is sent twice is carried out once, and answered the same both times.

The key is written first, in the transaction of what the request changes: either both are kept or neither. A twin that comes while
the first is under way waits at the uniqueness of the key; then it is given the answer of the first, or carries the request out
itself where the first failed. So there is no third state, and nothing to clean up after a crash. An error keeps nothing: the same
key may be sent again.

Requests are not kept, only a keyed digest. Answers are, for `KEPT_FOR`: they must hold ids and states, no values of a person.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.models import IdempotencyKey
from api.problems import FieldError, InvalidRequest
from api.strict_json import MEDIA_TYPE, encode
from api.views import client_of
from golden_records import bulk
from golden_records.errors import MdmError

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT_FOR: Final = timedelta(days=7)
KEY_LIMIT: Final = 255
LOCK_TIMEOUT: Final = "5s"
# Of what a view says in headers, this belongs to its answer; all else is added anew to every answer.
KEPT_HEADERS: Final = ("Content-Location", "Content-Type", "ETag", "Location", "Preference-Applied")
_LOCK_NOT_AVAILABLE: Final = "55P03"

View = Callable[..., HttpResponse]

_SENT: Final = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Makes it safe to send the request again: up to 255 printable ASCII characters, e.g. a UUID, new for each thing to do. "
    "The same key and body are answered as the first time, for 7 days.",
)
_GIVEN: Final = OpenApiParameter(
    REPLAYED,
    bool,
    OpenApiParameter.HEADER,
    response=[200, 201, 202, 204],
    description="`true`: nothing was done now; this is the answer that was given the first time.",
)


class KeyUsedOtherwise(MdmError):
    """The key stands for another request of this program."""

    code = "idempotency_key_reused"
    title = "The idempotency key was used for another request"


class KeyInFlight(MdmError):
    """The first request under this key is still being carried out; the same request may be sent again."""

    code = "idempotency_key_in_flight"
    title = "The request is being carried out"
    retryable = True


def idempotent(post: View) -> View:
    """Carry a view's method out once for each `Idempotency-Key` of a client, in one transaction with all that it changes.

    For every POST that changes something; without the header it is carried out each time. What the view sends out before the
    transaction is committed can't be taken back: let it use `transaction.on_commit`. Raises `InvalidRequest` for what is no key,
    `KeyUsedOtherwise`, and `KeyInFlight` where a twin is not done in time.
    """

    @wraps(post)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            key = request.headers.get(HEADER)
            if key is None:
                return _without_half_work(post(view, request, *args, **kwargs))
            named = (client_of(request).name, _checked(key))
            fingerprint = _fingerprint(request, named)
            row_id = _first(named, fingerprint)
            if row_id is None:
                return _replay(named, fingerprint)
            answer = _without_half_work(post(view, request, *args, **kwargs))
            if answer.status_code < HTTPStatus.BAD_REQUEST:
                _keep(row_id, answer)
            return answer

    once.is_idempotent = True  # type: ignore[attr-defined]  # for the test that looks for a POST without
    described: View = extend_schema(parameters=[_SENT, _GIVEN])(once)
    return described


def prune() -> int:
    """Forget the keys that are older than `KEPT_FOR`; gives how many."""
    count, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    return count


def _checked(key: str) -> str:
    if 0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable():
        return key
    detail = f"The key is empty, longer than {KEY_LIMIT} characters, or holds others than printable ASCII."
    error = FieldError(HEADER, "invalid_idempotency_key", detail, "Send a UUID, for example.", key)
    raise InvalidRequest(detail, remedy=error.remedy, errors=[error])


def _fingerprint(request: Request, named: tuple[str, str]) -> str:
    digest = sha256(request.body).hexdigest()
    told = "\n".join((str(request.method), request.get_full_path(), digest))
    # Keyed, because the digest alone would tell whether a guess at what a person's record holds is right.
    return salted_hmac("\n".join((__name__, *named)), told, algorithm="sha256").hexdigest()


def _first(named: tuple[str, str], fingerprint: str) -> int | None:
    """Write the key, waiting for a twin that is doing so; gives the row, or None where the key was there."""
    row = {"client": named[0], "key": named[1], "fingerprint": fingerprint, "created_at": timezone.now()}
    try:
        _limit_waiting()
        written = bulk.insert(IdempotencyKey, [row], returning=("id",), or_ignore=True)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise _in_flight() from None
        raise
    return written[0][0] if written else None


def _limit_waiting() -> None:
    # SQLite has one writer at a time, who is waited for where the transaction begins.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])


def _keep(row_id: int, answer: HttpResponse) -> None:
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    if isinstance(answer, Response):
        # It is written out later, and has no content type of its own before.
        headers.pop("Content-Type", None)
        headers |= {} if answer.data is None else {"Content-Type": MEDIA_TYPE}
    IdempotencyKey.objects.filter(pk=row_id).update(status=answer.status_code, headers=headers, body=_body(answer))


def _body(answer: HttpResponse) -> bytes:
    if isinstance(answer, Response):
        return b"" if answer.data is None else encode(answer.data)
    return answer.content


def _replay(named: tuple[str, str], fingerprint: str) -> HttpResponse:
    # A statement of its own, after the one that waited: it sees what the twin has committed.
    kept = IdempotencyKey.objects.filter(client=named[0], key=named[1]).first()
    if kept is None or kept.status is None:
        raise _in_flight()
    if not constant_time_compare(kept.fingerprint, fingerprint):
        message = "The key stands for another request: another address or another body."
        raise KeyUsedOtherwise(message, remedy="Use a new key for each thing to do, and the same one only to send the same again.")
    answer = HttpResponse(bytes(kept.body or b""), status=kept.status)
    del answer.headers["Content-Type"]
    for name, value in (kept.headers or {}).items():
        answer.headers[name] = value
    answer.headers[REPLAYED] = "true"
    return answer


def _without_half_work(answer: HttpResponse) -> HttpResponse:
    """Take back what was written for an answer that is an error; one that is raised does so by itself."""
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        transaction.set_rollback(True)
    return answer


def _in_flight() -> KeyInFlight:
    return KeyInFlight("The first request under this key is not done yet.", remedy="Send it again, as Retry-After says.")
