"""NDJSON as a stream: the lines of a body of any length, in bounded memory."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, Final

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from api.problems import LengthRequired
from api.strict_json import BODY_LIMIT
from golden_records.errors import MdmError

MEDIA_TYPE: Final = "application/x-ndjson"
MEDIA_TYPES: Final = frozenset({MEDIA_TYPE, "application/ndjson", "application/jsonl"})
LINE_LIMIT: Final = BODY_LIMIT
_AT_ONCE: Final = 64 * 1024
_BOM: Final = b"\xef\xbb\xbf"

Read = Callable[[int], bytes]


class BrokenOff(MdmError):
    """The body ended before the length that its sender had announced."""

    code = "broken_off"
    title = "The body broke off"


class NdjsonRenderer(BaseRenderer):
    """Lets a client ask for NDJSON; the view writes it itself."""

    media_type = MEDIA_TYPE
    format = "json"  # a name of its own would make `?format=` a parameter of the address; `Accept` tells

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Never called with an answer: errors are problem documents, written as such."""
        raise NotImplementedError


def body_of(request: Request) -> Read:
    """Give the way to read a request's body piece by piece, whether its length was announced or it comes in chunks.

    Raises `UnsupportedMediaType` for what is no NDJSON, `LengthRequired` where nobody can tell the end. What it gives raises
    `BrokenOff`.
    """
    media_type = (request.content_type or "").partition(";")[0].strip().lower()
    encoding = request.headers.get("Content-Encoding", "identity")
    if media_type not in MEDIA_TYPES or encoding != "identity":
        raise UnsupportedMediaType(media_type, detail=f"Send 'Content-Type: {MEDIA_TYPE}', without Content-Encoding.")
    stream = request.META["wsgi.input"]
    length = request.META.get("CONTENT_LENGTH")
    if length:
        return _Announced(stream, int(length))
    if "chunked" not in request.headers.get("Transfer-Encoding", ""):
        return BytesIO().read
    if request.META.get("wsgi.input_terminated"):
        read: Read = stream.read
        return read
    raise LengthRequired("The body comes in chunks, which this server does not end.", remedy="Send it with Content-Length.")


class _Announced:
    """Reads a body of a known length, and no byte beyond."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream = stream
        self._left = length

    def __call__(self, size: int) -> bytes:
        if not self._left:
            return b""
        part: bytes = self._stream.read(min(size, self._left))
        if not part:
            raise BrokenOff(f"{self._left} bytes of the body are missing.", remedy="Send it again: what was stored is unchanged then.")
        self._left -= len(part)
        return part


def lines(read: Read, *, limit: int = LINE_LIMIT) -> Iterator[tuple[int, bytes | None]]:
    """Cut a body into its lines, numbered from 1. Blank ones count but are left out; None stands for one longer than `limit`."""
    number, rest, skipping = 0, b"", False
    while part := read(_AT_ONCE):
        *whole, tail = part.split(b"\n")
        for end in whole:
            number += 1
            line, rest = (rest + end if rest else end), b""
            yield from _told(number, line, too_long=skipping or len(line) > limit)
            skipping = False
        rest += tail
        if len(rest) > limit:
            # Of a line that is too long already, no more than that is kept in mind.
            rest, skipping = b"", True
    if rest or skipping:
        yield from _told(number + 1, rest, too_long=skipping or len(rest) > limit)


def _told(number: int, line: bytes, *, too_long: bool) -> Iterator[tuple[int, bytes | None]]:
    if too_long:
        yield number, None
        return
    line = line.removeprefix(_BOM) if number == 1 else line
    if stripped := line.strip(b" \t\r"):
        yield number, stripped
