"""JSON in and out: strict about what comes in, fast about what goes out.

What a program sends is either kept as it is or refused: a doubled name, a number that no computer holds, half a character and
endless nesting are errors of the sender, and are answered as such instead of being guessed at or failing deep inside.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import IO, Any, Final, NoReturn

import orjson
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from api.problems import FieldError, InvalidRequest, MalformedJson, PayloadTooLarge, pointer

MEDIA_TYPE: Final = "application/json"
BODY_LIMIT: Final = 1024 * 1024
DEPTH_LIMIT: Final = 32
DIGITS_LIMIT: Final = 100
EXPONENT_LIMIT: Final = 324

# A NUL, which PostgreSQL stores nowhere, and lone surrogates, which no encoding holds.
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class JSONRenderer(BaseRenderer):
    """Writes JSON with orjson: ids and times as strings, exact numbers as strings too, so that no reader rounds them."""

    media_type = MEDIA_TYPE
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None) -> bytes:
        """Give the bytes; nothing for an answer without a body."""
        del accepted_media_type, renderer_context
        return b"" if data is None else encode(data)


class StrictJSONParser(BaseParser):
    """Reads a JSON body of at most `BODY_LIMIT` bytes, sent as they are.

    Raises `MalformedJson`, `InvalidRequest`, `PayloadTooLarge`, or `UnsupportedMediaType` for a compressed one.
    """

    media_type = MEDIA_TYPE

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Give the value that the body holds."""
        del media_type
        encoding = parser_context["request"].headers.get("Content-Encoding", "identity") if parser_context else "identity"
        if encoding != "identity":
            raise UnsupportedMediaType(encoding)
        body = stream.read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            raise PayloadTooLarge(
                f"The body is larger than {BODY_LIMIT} bytes.", remedy="Send one record a request, and files by import_records."
            )
        return decode(body)


def encode(data: Any) -> bytes:
    """Write JSON."""
    return orjson.dumps(data, default=_text, option=orjson.OPT_UTC_Z)


def decode(body: bytes) -> Any:
    """Read JSON strictly.

    Fractions come as float where that is exact and as Decimal where it is not, whole numbers as int: no digit is lost.
    Raises `MalformedJson`, and `InvalidRequest` with a pointer for text that can't be stored.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedJson(f"Byte {error.start} is not UTF-8.", remedy="Send the body in UTF-8.") from None
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedJson(
            f"{error.msg} at line {error.lineno}, column {error.colno}.", remedy="Send one JSON value, as RFC 8259 has it."
        ) from None
    except RecursionError:
        raise _too_deep() from None
    _check(value)
    return value


def _text(value: object) -> str:
    return str(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        doubled, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise MalformedJson(
            f"The name {json.dumps(doubled[:100])} stands twice in one object.",
            remedy="Send each name once: which value counts is unclear.",
        )
    return found


def _whole(text: str) -> int:
    if len(text) > DIGITS_LIMIT:
        raise _out_of_range()
    return int(text)


def _fraction(text: str) -> float | Decimal:
    if len(text) > DIGITS_LIMIT:
        raise _out_of_range()
    _, _, exponent = text.lower().partition("e")
    # Read by hand first: a Decimal with an exponent of a billion is small until something computes with it.
    if exponent and (len(exponent) > len("-1000") or abs(int(exponent)) > EXPONENT_LIMIT):
        raise _out_of_range()
    exact = Decimal(text)
    rounded = float(text)
    return rounded if Decimal(repr(rounded)) == exact else exact


def _constant(text: str) -> NoReturn:
    raise MalformedJson(f"{text} is not a JSON number.", remedy="Leave the value out, or send null.")


def _out_of_range() -> MalformedJson:
    return MalformedJson(
        f"A number has more than {DIGITS_LIMIT} digits, or an exponent beyond {EXPONENT_LIMIT}.", remedy="Send it as a string."
    )


def _too_deep() -> MalformedJson:
    return MalformedJson(f"The body is nested more than {DEPTH_LIMIT} levels deep.", remedy="Send a flat record.")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_constant, strict=True
)


def _check(value: Any) -> None:
    """Refuse what is too deep or can't be stored; the stack is a list, so no nesting can exhaust Python's own."""
    stack: list[tuple[Any, tuple[str | int, ...]]] = [(value, ())]
    while stack:
        item, path = stack.pop()
        if isinstance(item, str):
            if UNSTORABLE.search(item):
                raise _unstorable(path)
        elif isinstance(item, dict | list):
            if len(path) >= DEPTH_LIMIT:
                raise _too_deep()
            stack.extend(_children(item, path))


def _children(item: dict[str, Any] | list[Any], path: tuple[str | int, ...]) -> Iterator[tuple[Any, tuple[str | int, ...]]]:
    if isinstance(item, list):
        yield from ((child, (*path, index)) for index, child in enumerate(item))
        return
    for name, child in item.items():
        if UNSTORABLE.search(name):
            raise _unstorable(path)
        yield child, (*path, name)


def _unstorable(path: tuple[str | int, ...]) -> InvalidRequest:
    return InvalidRequest(
        "A text holds a character that can't be stored.",
        errors=[
            FieldError(
                pointer=pointer(*path),
                code="unstorable_text",
                detail="The text holds a NUL or half of a surrogate pair.",
                remedy="Remove the character.",
            )
        ],
    )
