"""Overrides as golden records carry them: how they are written there, how they move with records, and how they lapse.

A golden record has the overrides that stand in `pins`, so that who locks it has them, and history knows them. Each entry is
{"id", "home": the golden record on which it was made, "unit", "record", "values", "life", "until", "watched", "said"}.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from golden_records.attributes import AttributeSpec, ValueKind
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.history import ChangeKind, write_history
from golden_records.models import GoldenState, Override, OverrideState
from golden_records.survivorship.members import Parts, Value
from golden_records.survivorship.pins import Lapse, Life, Pin

Entry = Mapping[str, Any]
Entries = Mapping[UUID, Sequence[Entry]]

_LONGEST_CHAIN: Final = 100
NONE: Final[Entries] = {}


def unit_attributes(entity: EntityType, unit: str) -> tuple[AttributeSpec, ...]:
    """Give the attributes of a group, or the one attribute of this name; none where there is no such unit."""
    return tuple(spec for spec in entity.attributes if (spec.group or spec.name) == unit)


def entry_of(override: Override) -> dict[str, Any]:
    """Write an override as golden records carry it."""
    return {
        "id": str(override.pk),
        "home": str(override.golden_id),
        "unit": override.unit,
        "record": override.record_id,
        "values": override.values,
        "life": override.life,
        "until": override.until.isoformat() if override.until else None,
        "watched": override.watched_id,
        "said": override.watched_values,
    }


def pins_of(entity: EntityType, entries: Iterable[Entry]) -> list[Pin]:
    """Read what `entry_of` wrote, for survivorship."""
    return [_pin(entity, entry) for entry in entries]


def as_written(values: Mapping[str, Value | None]) -> dict[str, str | None]:
    """Write values for a JSON document."""
    return {name: None if value is None else str(value) for name, value in values.items()}


def after_move(
    entity: EntityType, goldens: Mapping[UUID, Mapping[str, Any]], heirs: Mapping[UUID, UUID], *, revive: UUID | None
) -> Entries:
    """Say which overrides stand at each of these golden records once records have moved.

    Overrides stay with their golden record. Those of one that is absorbed (`heirs` has its successor) stand at the successor, but for
    attributes that are overridden there already; they sleep then. One that comes back takes its own along. Where there is none at
    all, nothing is asked and nothing said.
    """
    entries: dict[UUID, list[Entry]] = {golden_id: list(row["pins"] or ()) for golden_id, row in goldens.items()}
    if not any(entries.values()):
        return NONE
    if revive in entries and goldens[revive]["state"] != GoldenState.ACTIVE:
        own = _still_its(entity, revive, entries[revive])
        ids = {entry["id"] for entry in own}
        entries = {golden_id: [entry for entry in some if entry["id"] not in ids] for golden_id, some in entries.items()}
        entries[revive] = own
    for absorbed, heir in sorted(heirs.items()):
        if heir == absorbed or goldens[absorbed]["state"] != GoldenState.ACTIVE:
            continue
        taken = {entry["unit"] for entry in entries.setdefault(heir, [])}
        entries[heir] += [entry for entry in entries[absorbed] if entry["unit"] not in taken]
    return entries


def lapse(lapses: Iterable[Lapse], *, change: Change) -> None:
    """Keep that overrides are over, and why; for the writer of the golden records that carried them, in the same transaction."""
    reasons = {UUID(lapse.pin): lapse.reason.value for lapse in lapses}
    if not reasons:
        return
    rows = list(Override.objects.filter(pk__in=reasons, state=OverrideState.IN_FORCE).order_by("pk"))
    for row in rows:
        row.end = reasons[row.pk]
    close(rows, OverrideState.LAPSED, change=change)


def lapse_asleep(entity: EntityType, day: date, *, change: Change) -> int:
    """Keep that overrides are over whose last day has passed and that stand nowhere: they slept, or their golden record is retired."""
    rows = list(Override.objects.filter(entity=entity.name, state=OverrideState.IN_FORCE, until__lt=day).order_by("pk"))
    for row in rows:
        row.end = "date_passed"
    close(rows, OverrideState.LAPSED, change=change)
    return len(rows)


def close(rows: Sequence[Override], state: OverrideState, *, change: Change) -> None:
    """Write that overrides are over, with history; `end` says why already."""
    for row in rows:
        row.state, row.ended_at, row.ended_by = state, change.at, change.actor
    Override.objects.bulk_update(rows, ["state", "end", "ended_at", "ended_by"])
    write_history(Override, rows, change=change, kind=ChangeKind.CHANGED)


def open_again(rows: Sequence[Override], *, change: Change) -> None:
    """Write that overrides are in force after all, with history."""
    for row in rows:
        row.state, row.end, row.ended_at, row.ended_by = OverrideState.IN_FORCE, "", None, ""
    if rows:
        Override.objects.bulk_update(rows, ["state", "end", "ended_at", "ended_by"])
        write_history(Override, rows, change=change, kind=ChangeKind.CHANGED)


def _pin(entity: EntityType, entry: Entry) -> Pin:
    specs = unit_attributes(entity, entry["unit"])
    return Pin(
        id=entry["id"],
        unit=entry["unit"],
        record_id=entry["record"],
        parts=_parts(specs, entry["values"]),
        life=Life(entry["life"]),
        until=date.fromisoformat(entry["until"]) if entry["until"] else None,
        watched=entry["watched"],
        watched_parts=_parts(specs, entry["said"]),
    )


def _parts(specs: Sequence[AttributeSpec], values: Mapping[str, str | None] | None) -> Parts:
    return tuple(_read(spec, (values or {}).get(spec.name)) for spec in specs)


def _read(spec: AttributeSpec, text: str | None) -> Value | None:
    return None if text is None else _READERS[spec.value_kind](text)


_READERS: Final[Mapping[ValueKind, Any]] = {ValueKind.TEXT: str, ValueKind.DATE: date.fromisoformat, ValueKind.DECIMAL: Decimal}


def _still_its(entity: EntityType, golden_id: UUID, entries: Sequence[Entry]) -> list[Entry]:
    """Of what a retired golden record carried when it was retired, give what still stands and is still its own."""
    in_force = {
        str(pk)
        for pk in Override.objects.filter(pk__in=[entry["id"] for entry in entries], state=OverrideState.IN_FORCE).values_list(
            "pk", flat=True
        )
    }
    return [entry for entry in entries if entry["id"] in in_force and _leads_to(entity, UUID(entry["home"]), golden_id)]


def _leads_to(entity: EntityType, home: UUID, golden_id: UUID) -> bool:
    """Whether a golden record is this one, or was absorbed by it, be it through others."""
    at: UUID | None = home
    for _ in range(_LONGEST_CHAIN):
        if at is None or at == golden_id:
            break
        row = entity.goldens.filter(pk=at).values_list("state", "successor_id").first()
        at = row[1] if row is not None and row[0] == GoldenState.RETIRED else None
    return at == golden_id
