"""What a program sends about a webhook: read strictly, and each thing that is wrong named by its place."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

from rest_framework.request import Request

from api.dictionary import did_you_mean
from api.problems import FieldError, InsufficientScope, InvalidRequest, pointer
from api.scopes import READ
from api.views import client_of
from golden_records.webhooks import secrets
from golden_records.webhooks.subscriptions import TERMS, InvalidSubscription

_FLAGS: Final = ("with_values", "active")
_LISTS: Final = ("event_types", "entities", "sources")
_ITEMS: Final = 50

Result = TypeVar("Result")


def read_terms(request: Request, *, required: tuple[str, ...] = (), with_values: bool = False) -> dict[str, Any]:
    """Read terms of a subscription; `with_values` tells whether it shows values as it is.

    Raises `InvalidRequest`, or `InsufficientScope` where the key may not read the values that the endpoint would see.
    """
    sent = request.data
    if not isinstance(sent, dict):
        raise _invalid([FieldError("", "wrong_type", "The body is not an object.", f"Send {', '.join(sorted(TERMS))}.")])
    errors = [_unfit(name, sent[name]) for name in sent]
    errors += [FieldError(pointer(name), "missing", "The member is missing.", "Send a string.") for name in required if name not in sent]
    found = [error for error in errors if error is not None]
    if found:
        raise _invalid(found)
    client = client_of(request)
    if client.source is not None and sent.get("system", client.source.code) != client.source.code:
        detail = f"The key '{client.name}' is bound to '{client.source.code}'."
        raise _invalid([FieldError(pointer("system"), "foreign_source", detail, "Leave it out.", sent["system"])])
    if sent.get("with_values", with_values) and READ not in client.scopes:
        raise InsufficientScope("Values take a key that may read.", remedy=f"Use a key made with --scope {READ}.", scope=READ)
    return sent


def read_overlap(request: Request) -> timedelta:
    """Read for how long an old secret stays in force. Raises `InvalidRequest`."""
    sent = request.data
    hours = sent.get("hours", secrets.OVERLAP // timedelta(hours=1)) if isinstance(sent, dict) else None
    if type(hours) is not int or not 0 <= hours <= secrets.LONGEST_OVERLAP // timedelta(hours=1):
        detail = "The hours are not a whole number from 0 to 168."
        raise _invalid([FieldError(pointer("hours"), "invalid_hours", detail, "Leave it out for 24.", hours)])
    return timedelta(hours=hours)


def saved(work: Callable[[], Result]) -> Result:
    """Do something that the domain may find wrong; what it finds is told as errors of the request."""
    try:
        return work()
    except InvalidSubscription as error:
        found: Any = error.data["problems"]
        errors = [FieldError(pointer(problem["field"]), "invalid_value", problem["reason"], problem["remedy"]) for problem in found]
        raise _invalid(errors) from None


def _unfit(name: str, value: Any) -> FieldError | None:
    if name not in TERMS:
        return FieldError(pointer(name), "unknown_member", "A webhook has no such member.", did_you_mean(name[:100], tuple(sorted(TERMS))))
    if name in _FLAGS:
        fits, wanted = isinstance(value, bool), "true or false"
    elif name in _LISTS:
        fits = isinstance(value, list) and len(value) <= _ITEMS and all(isinstance(item, str) for item in value)
        wanted = f"a list of up to {_ITEMS} strings"
    else:
        fits, wanted = isinstance(value, str) or (name == "system" and value is None), "a string"
    return None if fits else FieldError(pointer(name), "wrong_type", f"The value is not {wanted}.", f"Send {wanted}.", value)


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    return InvalidRequest("The webhook can't be read.", remedy="See 'errors' for each place.", errors=errors)
