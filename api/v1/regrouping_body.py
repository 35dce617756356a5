"""What a program sends about a merge, a split or a move: read strictly, and each thing that is wrong named by its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from rest_framework.request import Request

from api.dictionary import did_you_mean
from api.problems import FieldError, InvalidRequest, first_errors, pointer
from golden_records.entities import ENTITIES, EntityType
from matching.regroup_plan import Regrouping, RegroupKind

MOST_RECORDS: Final = 1_000
_OF_KIND: Final[Mapping[RegroupKind, tuple[str, ...]]] = {
    RegroupKind.MERGE: ("canonical_ids", "survivor"),
    RegroupKind.SPLIT: ("canonical_id", "source_records"),
    RegroupKind.MOVE: ("canonical_id", "source_records", "to"),
}
_TO_CARRY_OUT: Final = ("preview", "reason", "confirm")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; `preview`, `reason` and `confirmed` are those of who wants it done."""

    entity: EntityType
    wish: Regrouping
    preview: str = ""
    reason: str = ""
    confirmed: bool = False


def read_wish(request: Request, kind: RegroupKind, *, carry_out: bool) -> Asked:
    """Read what is to be merged, split or moved, and of who wants it done, after which preview and why. Raises `InvalidRequest`."""
    sent = _object(request, ("entity", *_OF_KIND[kind], *(_TO_CARRY_OUT if carry_out else ())))
    errors: list[FieldError] = []
    entity = ENTITIES.get(str(sent.get("entity")))
    if entity is None:
        detail = "There is no such entity type."
        errors.append(FieldError(pointer("entity"), "unknown_entity", detail, f"Use one of: {', '.join(ENTITIES)}.", sent.get("entity")))
    preview, reason = (_text(sent, name, errors) if carry_out else "" for name in ("preview", "reason"))
    confirm = sent.get("confirm", False)
    if not isinstance(confirm, bool):
        errors.append(FieldError(pointer("confirm"), "wrong_type", "The value is neither true nor false.", "Send true or false.", confirm))
    wish = _READERS[kind](sent, entity, errors)
    if errors or entity is None or wish is None:
        raise _invalid(errors)
    return Asked(entity, wish, preview, reason, confirm is True)


def read_reason(request: Request) -> str:
    """Read why something is taken back. Raises `InvalidRequest`."""
    errors: list[FieldError] = []
    reason = _text(_object(request, ("reason",)), "reason", errors)
    if errors:
        raise _invalid(errors)
    return reason


def _merge(sent: Mapping[str, Any], entity: EntityType | None, errors: list[FieldError]) -> Regrouping | None:
    del entity
    ids = sent.get("canonical_ids")
    if not isinstance(ids, list) or len(ids) != 2:  # noqa: PLR2004 - two of them
        errors.append(FieldError(pointer("canonical_ids"), "wrong_type", "These are no two canonical ids.", "Send a list of two."))
        return None
    found = [_id(each, pointer("canonical_ids", number), errors) for number, each in enumerate(ids)]
    survivor = _id(sent["survivor"], pointer("survivor"), errors) if sent.get("survivor") is not None else None
    return Regrouping(RegroupKind.MERGE, found[0], found[1], survivor_id=survivor) if found[0] and found[1] else None


def _split(sent: Mapping[str, Any], entity: EntityType | None, errors: list[FieldError]) -> Regrouping | None:
    golden_id = _id(sent.get("canonical_id"), pointer("canonical_id"), errors)
    records = _records(sent.get("source_records"), entity, errors)
    return Regrouping(RegroupKind.SPLIT, golden_id, record_ids=records) if golden_id else None


def _move(sent: Mapping[str, Any], entity: EntityType | None, errors: list[FieldError]) -> Regrouping | None:
    golden_id, to = (_id(sent.get(name), pointer(name), errors) for name in ("canonical_id", "to"))
    records = _records(sent.get("source_records"), entity, errors)
    return Regrouping(RegroupKind.MOVE, golden_id, to, records) if golden_id and to else None


_READERS: Final = {RegroupKind.MERGE: _merge, RegroupKind.SPLIT: _split, RegroupKind.MOVE: _move}


def _id(sent: object, where: str, errors: list[FieldError]) -> UUID | None:
    try:
        if isinstance(sent, str):
            return UUID(sent)
    except ValueError:
        pass
    errors.append(FieldError(where, "wrong_type", "This is no canonical id.", "Send a UUID, as a string.", sent))
    return None


def _records(sent: object, entity: EntityType | None, errors: list[FieldError]) -> tuple[int, ...]:
    """Find the source records that are named; one query for each source."""
    where = pointer("source_records")
    if not isinstance(sent, list) or not sent or len(sent) > MOST_RECORDS:
        detail = f"This is no list of 1 to {MOST_RECORDS} source records."
        errors.append(FieldError(where, "wrong_type", detail, "Send {source, external_id} of each."))
        return ()
    named: dict[tuple[str, str], int] = {}
    for number, each in enumerate(sent):
        if isinstance(each, dict) and each.keys() == {"source", "external_id"} and all(isinstance(value, str) for value in each.values()):
            named[each["source"], each["external_id"]] = number
        else:
            place = pointer("source_records", number)
            errors.append(FieldError(place, "wrong_type", "This names no source record.", "Send {source, external_id}, both strings."))
    found: dict[tuple[str, str], int] = {}
    for source in sorted({source for source, _ in named}) if entity is not None else ():
        ids = [external_id for code, external_id in named if code == source]
        rows = entity.records.filter(source__code=source, external_id__in=ids) if entity is not None else ()
        found |= {(source, external_id): pk for pk, external_id in rows.values_list("id", "external_id")}  # type: ignore[union-attr]  # a query
    for name in named.keys() - found.keys() if entity is not None else ():
        place = pointer("source_records", named[name])
        errors.append(FieldError(place, "unknown_source_record", "No source sent it.", "See cross_references of the golden record."))
    return tuple(sorted(found.values()))


def _text(sent: Mapping[str, Any], name: str, errors: list[FieldError]) -> str:
    value = sent.get(name)
    if isinstance(value, str) and value.strip():
        return value
    errors.append(FieldError(pointer(name), "missing" if name not in sent else "wrong_type", "A text is needed.", "Send a string.", value))
    return ""


def _object(request: Request, known: tuple[str, ...]) -> dict[str, Any]:
    sent = request.data
    if not isinstance(sent, dict):
        raise _invalid([FieldError("", "wrong_type", "The body is not an object.", f"Send an object of {', '.join(known)}.")])
    strange = [
        FieldError(pointer(name), "unknown_member", "The member is not known.", did_you_mean(name[:100], known))
        for name in sent
        if name not in known
    ]
    if strange:
        raise _invalid(strange)
    return sent


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    return InvalidRequest("The request can't be read.", remedy="See 'errors' for each place.", errors=first_errors(errors))
