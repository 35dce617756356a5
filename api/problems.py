"""The API's own errors, and the shape in which every error is answered: RFC 9457 problem details."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from structlog.contextvars import get_contextvars

from golden_records.errors import MdmError

CHALLENGE: Final = 'Bearer realm="mdm"'
CONTENT_TYPE: Final = "application/problem+json"
ECHO_LIMIT: Final = 200
# A body can be wrong in a hundred thousand places; nobody reads on after these, and naming them all would cost seconds.
ERRORS_LIMIT: Final = 50


class InvalidRequest(MdmError):
    """The request does not have the shape that the schema asks for; `errors` is a list of `FieldError`."""

    code = "invalid_request"
    title = "The request is not valid"


class MalformedJson(MdmError):
    """The body is not JSON as RFC 8259 has it, or holds what no record can hold."""

    code = "malformed_json"
    title = "The body is not valid JSON"


class LengthRequired(MdmError):
    """The body comes in chunks of which nobody knows the end."""

    code = "length_required"
    title = "The length of the body is needed"


class PayloadTooLarge(MdmError):
    """The body is larger than the API reads."""

    code = "payload_too_large"
    title = "The body is too large"


class MissingKey(MdmError):
    """The request carries no key."""

    code = "missing_key"
    title = "A key is needed"


class InvalidKey(MdmError):
    """The key is unknown, revoked or not written as a bearer key."""

    code = "invalid_key"
    title = "The key is not valid"


class InsufficientScope(MdmError):
    """The key may not do this."""

    code = "insufficient_scope"
    title = "The key may not do this"


class ForeignSource(MdmError):
    """The key is bound to another source system."""

    code = "foreign_source"
    title = "The key may not write this source"


class NotFound(MdmError):
    """Nothing is at this address."""

    code = "not_found"
    title = "Not found"


class CursorOfAnotherFeed(MdmError):
    """The cursor is of a feed that went on otherwise: one from before a restore, or of another installation."""

    code = "cursor_of_another_feed"
    title = "The cursor is of another feed"


class UnknownJob(MdmError):
    """No job has this id."""

    code = "unknown_job"
    title = "Unknown job"


class DuplicateKeyName(MdmError):
    """A key of this name exists."""

    code = "duplicate_key_name"
    title = "The name is taken"


class InvalidKeyName(MdmError):
    """A key can't have this name."""

    code = "invalid_key_name"
    title = "Not a name for a key"


class UnknownKey(MdmError):
    """No key has this name."""

    code = "unknown_key"
    title = "Unknown key"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong at one place of the request; `pointer` is a JSON Pointer into the body, or the name of a parameter."""

    pointer: str
    code: str
    detail: str
    remedy: str
    value: object = None

    def document(self) -> dict[str, str | None]:
        """Give the entry of a problem's `errors`."""
        return {
            "pointer": self.pointer,
            "code": self.code,
            "detail": self.detail,
            "value": echo(self.value),
            "remedy": self.remedy,
        }


def echo(value: object) -> str | None:
    """Give a sent value back as a short text, whatever it was: a hostile one must not break the answer about it."""
    if value is None:
        return None
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= ECHO_LIMIT else f"{text[:ECHO_LIMIT]}…"


def first_errors(found: Iterable[FieldError]) -> list[FieldError]:
    """Collect the first `ERRORS_LIMIT` errors, and look for no more."""
    return list(islice(found, ERRORS_LIMIT))


def pointer(*steps: str | int) -> str:
    """Write a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


@dataclass(frozen=True, slots=True)
class Problem:
    """One error as it is answered: `code` is stable, `remedy` says what to do, `errors` names each place in the request."""

    code: str
    status: int
    title: str
    detail: str
    remedy: str = ""
    errors: Sequence[Mapping[str, object]] = ()
    members: Mapping[str, object] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Give the problem document; `instance` leads to the log lines of this request."""
        request_id = get_contextvars().get("request_id")
        return {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "remedy": self.remedy,
            "instance": f"/requests/{request_id}" if request_id else None,
            "errors": list(self.errors),
            **self.members,
        }
