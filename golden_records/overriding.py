"""Making overrides (pins) and ending them. Whoever calls holds the golden record, and owns the transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Max

from golden_records import golden, pins
from golden_records.attributes import AttributeSpec
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import MdmError, NothingToUndo, StaleWrite
from golden_records.golden_content import day_of
from golden_records.hierarchy.settling import names_parent, refuse_loop, settle
from golden_records.history import ChangeKind, write_history
from golden_records.locking import GoldenRow, lock_known_goldens
from golden_records.members import members_of, rules_for
from golden_records.models import GoldenState, Override, OverrideEnd, OverrideLife, OverrideState
from golden_records.selectors import follow
from golden_records.standardising.record import standardise
from golden_records.survivorship.members import Member, Value
from golden_records.survivorship.pins import lapse_of
from golden_records.survivorship.rules import Unit
from golden_records.survivorship.survive import survive

LONGEST_REASON = 500
_BY_WHO_BELONGS: Final = (OverrideEnd.RECORD_GONE, OverrideEnd.SOURCE_CHANGED, OverrideEnd.SOURCE_CONFIRMED)


class InvalidOverride(MdmError):
    """What is to stand can't; `problems` says everything that is wrong with it."""

    code = "invalid_override"
    title = "The override can't be made"


class OverrideStands(MdmError):
    """The attribute has an override already."""

    code = "override_stands"
    title = "The attribute is overridden already"


class UnknownOverride(MdmError):
    """There is no override with this id."""

    code = "unknown_override"
    title = "Unknown override"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to stand for an attribute or a group (`unit`): `values` by attribute, or the value of the source record `record_id`."""

    unit: str
    values: Mapping[str, object] | None = None
    record_id: int | None = None
    life: str = OverrideLife.UNTIL_ENDED
    until: date | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A wish that was looked at: what stands, and whose word is watched."""

    values: Mapping[str, Value | None] | None
    watched: Member | None


def override(entity: EntityType, golden_id: UUID, wish: Wish, *, change: Change, instead_of: Override | None = None) -> Override:
    """Let a steward's word stand, with `change` saying who and why; `instead_of` is one that stands there, and is ended for it.

    Values are standardised as those of sources are; a parent is named by its canonical id. Raises `StaleWrite` where the golden record is
    not active, `OverrideStands`, `InvalidOverride` with everything that is wrong, also where the override would be over at once, and
    `HierarchyLoop` where the parent would close one.
    """
    row = lock_known_goldens(entity, [golden_id])[golden_id]
    if row["state"] != GoldenState.ACTIVE:
        message = f"Golden record {golden_id} is {row['state']}."
        raise StaleWrite(message, remedy="Look up its successor.", golden=str(golden_id))
    found = members_of(entity, [golden_id])
    members = {each.member.record_id: each.member for each in found if each.is_active}
    problems = _problems(entity, wish, members, change)
    others = [entry for entry in row["pins"] or () if instead_of is None or entry["id"] != str(instead_of.pk)]
    if not problems and any(entry["unit"] == wish.unit for entry in others):
        message = f"'{wish.unit}' of golden record {golden_id} is overridden already."
        raise OverrideStands(message, remedy="End that override first.", golden=str(golden_id))
    values, more = _standardised(entity, wish, row)
    _refuse(problems + more)
    rules = rules_for(entity, found)
    unit = next(each for each in rules.units if each.name == wish.unit)
    survived = survive(rules, members.values(), day=day_of(change.at))
    winner = next((survived.winners[name].record_id for name in unit.attributes if name in survived.winners), None)
    watched_id = wish.record_id if wish.life == OverrideLife.UNTIL_CHANGED and wish.record_id is not None else winner
    made = _made(entity, golden_id, wish, _Wanted(values, members.get(watched_id) if watched_id is not None else None), change)
    entry = pins.entry_of(made)
    _refuse(_over_at_once(entity, entry, unit, members, change))
    if instead_of is not None:
        _end_by_hand(instead_of, change)
    Override.objects.bulk_create([made])
    write_history(Override, [made], change=change, kind=ChangeKind.CREATED)
    golden.rebuild(entity, [golden_id], change=change, pinned={golden_id: [*others, entry]})
    if names_parent(entity, wish.unit):
        refuse_loop(entity, golden_id, change=change)
    return made


def end(made: Override, *, change: Change) -> Override:
    """End an override by hand: the rules choose again. Raises `NothingToUndo` where it no longer stands."""
    entity = entity_type(made.entity)
    present = stands_at(made)
    row = lock_known_goldens(entity, {made.golden_id, present})[present]
    _end_by_hand(made, change)
    others = [entry for entry in row["pins"] or () if entry["id"] != str(made.pk)]
    golden.rebuild(entity, [present], change=change, pinned={present: others})
    if names_parent(entity, made.unit):
        settle(entity, [present], change=change)
    return made


def stand_again(entity: EntityType, golden_ids: Collection[UUID], *, lapsed_at: datetime, change: Change) -> None:
    """Let overrides stand again that lapsed because of who belonged to these golden records, in a change of then that was taken back.

    But for those that stand elsewhere by now, or whose attribute has another override. Whoever calls holds the golden records, and has
    moved the records.
    """
    history: Any = entity.golden
    entries = history.history.filter(id__in=golden_ids, history_date__lt=lapsed_at).values("id").annotate(last=Max("history_id"))
    then = history.history.filter(history_id__in=entries.values("last"), pins__isnull=False).values_list("pins", flat=True)
    carried = [entry["id"] for pins_of_then in then for entry in pins_of_then]
    if not carried:
        return
    lapsed = Override.objects.filter(pk__in=carried, state=OverrideState.LAPSED, ended_at=lapsed_at, end__in=_BY_WHO_BELONGS)
    rows = lock_known_goldens(entity, golden_ids)
    pinned: dict[UUID, list[dict[str, Any]]] = {}
    back = []
    for made in lapsed.order_by("pk"):
        home = stands_at(made)
        if home not in rows:
            continue
        there = pinned.get(home) or list(rows[home]["pins"] or ())
        if rows[home]["state"] == GoldenState.ACTIVE and all(entry["unit"] != made.unit for entry in there):
            pinned[home] = [*there, pins.entry_of(made)]
            back.append(made)
    pins.open_again(back, change=change)
    golden.rebuild(entity, sorted(pinned), change=change, pinned=pinned)


def find(override_id: UUID) -> Override:
    """Find an override; raises `UnknownOverride`."""
    found = Override.objects.filter(pk=override_id).first()
    if found is None:
        message = f"There is no override {override_id}."
        raise UnknownOverride(message, override=str(override_id))
    return found


def stands_at(made: Override) -> UUID:
    """Give the golden record that has the values of the one on which an override was made: itself, or its successor."""
    present: UUID = follow(entity_type(made.entity), made.golden_id).pk
    return present


def _end_by_hand(made: Override, change: Change) -> None:
    # Read again under the locks: it may have lapsed meanwhile.
    made.refresh_from_db()
    if made.state != OverrideState.IN_FORCE:
        message = f"Override {made.pk} is {made.get_state_display()}."
        raise NothingToUndo(message, override=str(made.pk))
    made.end = OverrideEnd.BY_HAND
    pins.close([made], OverrideState.ENDED, change=change)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise InvalidOverride(" ".join(problems), remedy="Correct it and send it again.", problems=list(problems))


def _problems(entity: EntityType, wish: Wish, members: Mapping[int, Member], change: Change) -> list[str]:
    problems = []
    specs = pins.unit_attributes(entity, wish.unit)
    if not specs:
        units = dict.fromkeys(spec.group or spec.name for spec in entity.attributes)
        problems.append(f"'{wish.unit}' is no attribute and no group; known are {', '.join(units)}.")
    if (wish.values is None) == (wish.record_id is None):
        problems.append("Name either values or a source record.")
    if wish.record_id is not None and wish.record_id not in members:
        problems.append("The source record does not belong to the golden record, or is withdrawn.")
    problems += [told for spec in specs if spec.refers_to and (told := _problem_of_reference(entity, spec, wish))]
    if not change.reason.strip() or len(change.reason) > LONGEST_REASON:
        problems.append(f"Say why, in at most {LONGEST_REASON} characters.")
    return problems + _problems_of_life(wish, change)


def _problem_of_reference(entity: EntityType, spec: AttributeSpec, wish: Wish) -> str | None:
    named = (wish.values or {}).get(spec.name)
    if named in (None, ""):
        return None
    if not names_parent(entity, spec.name):
        return "The attribute refers to another record by a source's own id: name the source record that is right."
    golden_id = _canonical_id(named)
    found = entity.goldens.filter(pk=golden_id).exclude(state=GoldenState.ERASED) if golden_id else None
    return None if found is not None and found.exists() else f"There is no golden {entity.name} {str(named)[:100]}: name a canonical id."


def _canonical_id(named: object) -> UUID | None:
    try:
        return UUID(str(named).strip())
    except ValueError:
        return None


def _problems_of_life(wish: Wish, change: Change) -> list[str]:
    if wish.life not in OverrideLife.values:
        return [f"'{wish.life}' is no life of an override; known are {', '.join(OverrideLife.values)}."]
    if (wish.life == OverrideLife.UNTIL_DATE) != (wish.until is not None):
        return [f"'{OverrideLife.UNTIL_DATE}' needs its last day, and the others have none."]
    if wish.until is not None and wish.until < day_of(change.at):
        return [f"The last day, {wish.until.isoformat()}, has passed."]
    return []


def _standardised(entity: EntityType, wish: Wish, row: GoldenRow) -> tuple[dict[str, Value | None] | None, list[str]]:
    specs = pins.unit_attributes(entity, wish.unit)
    if wish.values is None or not specs:
        return None, []
    if names_parent(entity, wish.unit):
        # No source's own id, which standardising is made for.
        named = _canonical_id(wish.values.get(wish.unit) or "")
        return {wish.unit: str(named) if named else None}, []
    country = None if any(spec.name == "country" for spec in specs) else row.get("country")
    done = standardise(specs, wish.values, country_hint=country)
    problems = [f"{problem.field}: {problem.reason} {problem.remedy}" for problem in done.problems]
    return {spec.name: done.values.get(spec.name) for spec in specs}, problems


def _made(entity: EntityType, golden_id: UUID, wish: Wish, wanted: _Wanted, change: Change) -> Override:
    names = [spec.name for spec in pins.unit_attributes(entity, wish.unit)]
    told: dict[str, Any] = {"reason": change.reason, "owner": change.actor, "user_id": change.user_id, "created_at": change.at}
    watched = wanted.watched
    return Override(
        entity=entity.name,
        golden_id=golden_id,
        unit=wish.unit,
        record_id=wish.record_id,
        values=pins.as_written(wanted.values) if wanted.values is not None else None,
        life=wish.life,
        until=wish.until,
        watched_id=watched.record_id if watched is not None else None,
        watched_values=pins.as_written({name: watched.values.get(name) for name in names}) if watched is not None else None,
        **told,
    )


def _over_at_once(entity: EntityType, entry: Mapping[str, Any], unit: Unit, members: Mapping[int, Member], change: Change) -> list[str]:
    reason = lapse_of(pins.pins_of(entity, [entry])[0], unit, members, day_of(change.at))
    return [] if reason is None else [f"It would be over at once: {OverrideEnd(reason.value).label}."]
