"""What a program sends about an override: read strictly, and each thing that is wrong named by its place."""

from datetime import date
from typing import Any, Final

from rest_framework.request import Request

from api.problems import FieldError, InvalidRequest, first_errors, pointer
from golden_records.entities import ENTITIES, EntityType
from golden_records.models import OverrideLife, OverrideState
from golden_records.overriding import Wish

_KNOWN: Final = ("attribute", "values", "source_record", "reason", "life", "until")
_CHOICES: Final = {"state": list(OverrideState.values), "entity": list(ENTITIES)}


def read_filters(request: Request) -> dict[str, str]:
    """Read which overrides are wanted. Raises `InvalidRequest`."""
    wanted = {name: request.query_params[name] for name in _CHOICES if name in request.query_params}
    errors = [
        FieldError(name, "invalid_choice", "There is no such value.", f"Use one of: {', '.join(_CHOICES[name])}.", value)
        for name, value in wanted.items()
        if value not in _CHOICES[name]
    ]
    if errors:
        raise _invalid(errors)
    return wanted


def read_reason(request: Request) -> str:
    """Read why an override is ended. Raises `InvalidRequest`."""
    reason = _object(request, ("reason",)).get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise _invalid([FieldError(pointer("reason"), "missing", "The reason is missing.", "Say why, as a string.")])
    return reason


def read_wish(request: Request, entity: EntityType) -> tuple[Wish, str]:
    """Read what is to stand, and why; what that means is for the domain to judge. Raises `InvalidRequest`."""
    sent = _object(request, _KNOWN)
    errors = [
        FieldError(pointer(name), "missing" if name not in sent else "wrong_type", "A string is needed.", "Send a string.")
        for name in ("attribute", "reason")
        if not isinstance(sent.get(name), str)
    ]
    values, record = sent.get("values"), sent.get("source_record")
    if values is not None and not isinstance(values, dict):
        errors.append(FieldError(pointer("values"), "wrong_type", "The values are no object.", "Send values by attribute."))
    record_id = _record_id(record, entity, errors) if record is not None else None
    until = _until(sent.get("until"), errors)
    if errors:
        raise _invalid(errors)
    life = str(sent.get("life", OverrideLife.UNTIL_ENDED.value))
    return Wish(unit=sent["attribute"], values=values, record_id=record_id, life=life, until=until), sent["reason"]


def _record_id(named: object, entity: EntityType, errors: list[FieldError]) -> int | None:
    if isinstance(named, dict) and isinstance(named.get("source"), str) and isinstance(named.get("external_id"), str):
        found = entity.records.filter(source__code=named["source"], external_id=named["external_id"]).values_list("id", flat=True).first()
        if found is not None:
            return int(found)
        errors.append(FieldError(pointer("source_record"), "unknown_source_record", "No source sent it.", "See cross_references."))
        return None
    remedy = "Send {source, external_id}, both strings."
    errors.append(FieldError(pointer("source_record"), "wrong_type", "This names no source record.", remedy))
    return None


def _until(sent: object, errors: list[FieldError]) -> date | None:
    if sent is None:
        return None
    try:
        return date.fromisoformat(str(sent))
    except ValueError:
        errors.append(FieldError(pointer("until"), "invalid_date", "This is no date.", "Send it as YYYY-MM-DD."))
        return None


def _object(request: Request, known: tuple[str, ...]) -> dict[str, Any]:
    sent = request.data
    if not isinstance(sent, dict):
        raise _invalid([FieldError("", "wrong_type", "The body is not an object.", f"Send an object of {', '.join(known)}.")])
    strange = [
        FieldError(pointer(name), "unknown_member", "The member is not known.", f"Known are {', '.join(known)}.")
        for name in sent
        if name not in known
    ]
    if strange:
        raise _invalid(strange)
    return sent


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    return InvalidRequest("The override can't be read.", remedy="See 'errors' for each place.", errors=first_errors(errors))
