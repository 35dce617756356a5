"""What a program sends about one record: read, and refused with every mistake at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from api.dictionary import did_you_mean, unfit_attributes
from api.problems import FieldError, ForeignSource, InvalidRequest, first_errors, pointer
from api.strict_json import UNSTORABLE
from api.views import client_of
from golden_records.entities import EntityType
from golden_records.errors import RejectedRecord, UnknownSource
from golden_records.models import SourceSystem
from golden_records.source_systems import check_active, lately_known_source

MEMBERS: Final = ("attributes", "payload", "source_updated_at")
EXTERNAL_ID_LIMIT: Final = 200
# Beyond these years a moment can't be brought to UTC, or was never meant.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200
_NO_MOMENT: Final = "The value is not a moment in time with its time zone."
_A_MOMENT: Final = "Send ISO 8601, e.g. '2025-03-31T09:30:00Z'."


@dataclass(frozen=True, slots=True)
class SourceBody:
    """The body of one record: `attributes` in the names of the data dictionary, or `payload` in the source's own columns."""

    attributes: dict[str, Any] | None
    payload: dict[str, Any] | None
    source_updated_at: datetime | None


def read_body(entity: EntityType, sent: Any) -> SourceBody:
    """Read what was sent; raises `InvalidRequest` with every mistake of it."""
    if not isinstance(sent, dict):
        raise _invalid([FieldError("", "wrong_type", "The body is not an object.", "Send an object with 'attributes' or 'payload'.")])
    errors = first_errors(
        FieldError(pointer(name), "unknown_member", "The body has no such member.", did_you_mean(name[:100], MEMBERS))
        for name in sent
        if name not in MEMBERS
    )
    errors += _unfit_content(entity, sent)
    moment, wrong = _moment(sent.get("source_updated_at"))
    if wrong or errors:
        raise _invalid([*errors, *wrong])
    return SourceBody(attributes=sent.get("attributes"), payload=sent.get("payload"), source_updated_at=moment)


def checked_external_id(external_id: str) -> str:
    """Give the id back if a source can have meant it; raises `InvalidRequest`."""
    is_plain = external_id == external_id.strip() and external_id.isprintable() and not UNSTORABLE.search(external_id)
    if external_id and is_plain and len(external_id) <= EXTERNAL_ID_LIMIT:
        return external_id
    detail = f"The id is empty, longer than {EXTERNAL_ID_LIMIT} characters, or has blanks at its ends or control characters."
    error = FieldError("external_id", "invalid_external_id", detail, "Send the id as the source has it.", external_id)
    raise InvalidRequest(detail, remedy=error.remedy, errors=[error])


def read_moment(sent: str | None, name: str) -> datetime | None:
    """Read a moment from the query; raises `InvalidRequest`."""
    # In a query a plus sign is a blank unless it is escaped, and few escape it.
    moment = None if sent is None else _parsed(sent.replace(" ", "+"))
    if sent is not None and moment is None:
        error = FieldError(name, "invalid_moment", _NO_MOMENT, _A_MOMENT, sent)
        raise InvalidRequest(error.detail, remedy=error.remedy, errors=[error])
    return moment


def writable_source(request: Request, code: str) -> SourceSystem:
    """Give the source system if the caller may write its records; raises `ForeignSource`, `UnknownSource`, `InactiveSource`."""
    client = client_of(request)
    if client.source is None:
        return check_active(_source(code))
    if client.source.code != code:
        raise ForeignSource(
            f"The key '{client.name}' may write the records of '{client.source.code}' only.",
            remedy="Use a key that is bound to this source, or to none.",
        )
    return check_active(client.source)


def _source(code: str) -> SourceSystem:
    if not code.isprintable():
        raise UnknownSource("No source system has such a code.", remedy="Use the code of a source system.", source=code)
    return lately_known_source(code)


def refusal(
    rejected: RejectedRecord, problems: Sequence[Mapping[str, str]], *, is_mapped: bool, quarantined_row: int | None
) -> RejectedRecord:
    """Say of a record that can't be taken what is wrong at which place of what was sent, and where it waits."""
    member = "attributes" if is_mapped else "payload"
    errors = [
        FieldError(pointer(member, problem["field"]), "rejected_value", problem["reason"], problem["remedy"], problem["value"])
        for problem in problems
    ]
    told = {"errors": errors, "quarantined_row": quarantined_row}
    return RejectedRecord(rejected.message, remedy="See 'errors'; send it again, or have it mended.", **told)


def _unfit_content(entity: EntityType, sent: dict[str, Any]) -> list[FieldError]:
    given = [name for name in ("attributes", "payload") if sent.get(name) is not None]
    if len(given) != 1:
        detail = "Exactly one of 'attributes' and 'payload' is needed."
        return [FieldError("", "one_of", detail, "Send 'attributes' in the data dictionary's names, or 'payload' in the source's own.")]
    content = sent[given[0]]
    if not isinstance(content, dict):
        return [FieldError(pointer(given[0]), "wrong_type", "The value is not an object.", "Send an object: names and values.")]
    return unfit_attributes(entity, content) if given[0] == "attributes" else []


def _moment(sent: Any) -> tuple[datetime | None, list[FieldError]]:
    if sent is None:
        return None, []
    moment = _parsed(sent)
    if moment is None:
        return None, [FieldError(pointer("source_updated_at"), "invalid_moment", _NO_MOMENT, _A_MOMENT, sent)]
    return moment, []


def _parsed(sent: Any) -> datetime | None:
    try:
        moment = parse_datetime(sent) if isinstance(sent, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or not FIRST_YEAR < moment.year < LAST_YEAR:
        return None
    return moment.astimezone(UTC)


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    places = "one place" if len(errors) == 1 else f"{len(errors)} places"
    return InvalidRequest(f"The body is wrong in {places}.", remedy="See 'errors' for each place.", errors=errors)
