"""What a merge, a split or a move by hand would change, before anybody does it: values, records, projects, figures, events, conflicts."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.crypto import salted_hmac

from golden_records import figures, golden, selectors
from golden_records.attributes import AttributeSpec
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import StaleWrite, UnknownGoldenRecord
from golden_records.figures import Figures, Referring
from golden_records.golden import Foreseen, Held, Membership
from golden_records.locking import CONTENT, GoldenRow
from golden_records.members import LinkedMember, members_of
from golden_records.models import GoldenState, LinkSource
from golden_records.models.golden import new_canonical_id
from golden_records.outbox import Event
from matching import judgements
from matching.known import Said
from matching.models import Judgement, JudgementValue
from matching.regroup_plan import Around, Regrouping, RegroupPlan, plan

ByCurrency = Mapping[str, Figures]
_FINGERPRINT_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class ValueChange:
    """An attribute before and after; None is no value."""

    spec: AttributeSpec
    before: object
    after: object

    @property
    def changes(self) -> bool:
        """Whether it would be another."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A source record, as its source knows it."""

    record_id: int
    source: str
    external_id: str
    is_active: bool
    moves: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One of the golden records: what it holds and what it would hold. `golden_id` is None for one that would be made.

    `figures_before` and `figures_after` are those of its projects, or its own where it is a project, by currency.
    """

    golden_id: UUID | None
    name: str
    version: int | None
    state_after: str
    successor_id: UUID | None
    values: tuple[ValueChange, ...]
    records_before: tuple[ShownRecord, ...]
    records_after: tuple[ShownRecord, ...]
    figures_before: ByCurrency
    figures_after: ByCurrency

    @property
    def is_new(self) -> bool:
        """Whether it would be made."""
        return self.golden_id is None

    @property
    def retires(self) -> bool:
        """Whether nothing would be left of it."""
        return self.state_after != GoldenState.ACTIVE

    @property
    def currencies(self) -> list[tuple[str, Figures, Figures]]:
        """The figures before and after, a row per currency."""
        names = sorted(self.figures_before.keys() | self.figures_after.keys())
        return [(name, self.figures_before.get(name, Figures()), self.figures_after.get(name, Figures())) for name in names]


@dataclass(frozen=True, slots=True)
class Conflict:
    """An earlier judgement that says otherwise, and would give way."""

    judgement_id: int
    value: JudgementValue
    author: str
    at: datetime
    comment: str
    records: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """All that would change. `fingerprint` stands for exactly this: who carries it out names it, and is refused once it is no longer so."""

    plan: RegroupPlan
    sides: tuple[Side, ...]
    projects: tuple[Referring, ...]
    conflicts: tuple[Conflict, ...]
    events: tuple[Event, ...]
    fingerprint: str

    @property
    def new_id(self) -> UUID | None:
        """The id that a golden record has in this preview alone: the one that is made gets another."""
        return self.plan.to_id if any(side.is_new for side in self.sides) else None


def look(entity: EntityType, wish: Regrouping, *, change: Change, goldens: Mapping[UUID, GoldenRow] | None = None) -> Preview:
    """Say what a wish would do. Reads alone, eight statements at most; `goldens` are the golden records where the caller holds them.

    Raises `UnknownGoldenRecord`, `Erased`, `StaleWrite` where one of them is retired, and `InvalidRegrouping`.
    """
    rows = _standing(entity, wish, contents(entity, wish.golden_ids) if goldens is None else goldens)
    members = members_of(entity, rows)
    said = judgements.standing(entity, [each.member.record_id for each in members])
    planned = plan(wish, _around(members, said), new_id=new_canonical_id())
    placed = [Membership(record, planned.to_id, LinkSource.MANUAL, {}, keeps_waiting=True) for record in planned.moved]
    foreseen = golden.foresee(entity, placed, change=change, held=Held(rows, members))
    projects, counted = _figures(entity, members, planned)
    sides = tuple(_side(entity, golden_id, foreseen, _shown(members, planned), counted) for golden_id in _order(planned))
    conflicts = tuple(_conflict(each, members) for each in said if each.pk in planned.conflicts)
    preview = Preview(planned, sides, projects, conflicts, tuple(foreseen.events), "")
    return Preview(planned, sides, projects, conflicts, preview.events, _fingerprint(entity, wish, preview))


def contents(entity: EntityType, golden_ids: Iterable[UUID]) -> dict[UUID, GoldenRow]:
    """Read golden records as survivorship wrote them, in the order of their ids. One statement; nothing is locked."""
    columns = ("id", *CONTENT, "version", *entity.attribute_names)
    return {row["id"]: row for row in entity.goldens.filter(pk__in=golden_ids).order_by("id").values(*columns)}


def _standing(entity: EntityType, wish: Regrouping, rows: Mapping[UUID, GoldenRow]) -> dict[UUID, GoldenRow]:
    for golden_id in sorted(wish.golden_ids):
        row = rows.get(golden_id)
        if row is None:
            message = f"There is no golden {entity.name} {golden_id}."
            raise UnknownGoldenRecord(message, golden=str(golden_id))
        if row["state"] == GoldenState.ERASED:
            raise selectors.erased(entity, golden_id)
        if row["state"] != GoldenState.ACTIVE:
            message = f"Golden record {golden_id} is {row['state']}."
            raise StaleWrite(message, remedy="Look up its successor.", golden=str(golden_id))
    return {golden_id: rows[golden_id] for golden_id in sorted(wish.golden_ids)}


def _around(members: Sequence[LinkedMember], said: Iterable[Judgement]) -> Around:
    homes = {each.member.record_id: each.link.golden_id for each in members if each.link.golden_id is not None}
    active = frozenset(each.member.record_id for each in members if each.is_active)
    told = [Said(each.pk, each.left_record_id, each.right_record_id, JudgementValue(each.value)) for each in said]
    return Around(homes, active, told)


def _order(planned: RegroupPlan) -> tuple[UUID, UUID]:
    """Give the golden record that a person thinks of first: the survivor of a merge, else the one that is left."""
    ends = (planned.from_id, planned.to_id)
    return ends[::-1] if planned.kind == "merge" else ends


def _shown(members: Sequence[LinkedMember], planned: RegroupPlan) -> Mapping[UUID, tuple[tuple[ShownRecord, ...], tuple[ShownRecord, ...]]]:
    moved = set(planned.moved)
    rows = [
        (each.link.golden_id, ShownRecord(record, each.member.source, each.external_id, each.is_active, record in moved))
        for each in members
        for record in [each.member.record_id]
    ]
    return {
        golden_id: (
            tuple(shown for home, shown in rows if home == golden_id),
            tuple(shown for home, shown in rows if (planned.to_id if shown.moves else home) == golden_id),
        )
        for golden_id in (planned.from_id, planned.to_id)
    }


def _side(
    entity: EntityType,
    golden_id: UUID,
    foreseen: Foreseen,
    shown: Mapping[UUID, tuple[tuple[ShownRecord, ...], tuple[ShownRecord, ...]]],
    counted: Callable[[UUID], tuple[ByCurrency, ByCurrency]],
) -> Side:
    before, after = foreseen.before.get(golden_id), foreseen.after[golden_id]
    retires = after["state"] != GoldenState.ACTIVE
    pairs = [(spec, before and before[spec.name], None if retires else after[spec.name]) for spec in entity.attributes]
    figures_before, figures_after = counted(golden_id)
    return Side(
        golden_id=golden_id if before is not None else None,
        name=_name(entity, golden_id, before or after),
        version=before["version"] if before is not None else None,
        state_after=after["state"],
        successor_id=after["successor_id"],
        values=tuple(ValueChange(*pair) for pair in pairs if pair[1:] != (None, None)),
        records_before=shown[golden_id][0],
        records_after=shown[golden_id][1],
        figures_before=figures_before,
        figures_after=figures_after,
    )


def _name(entity: EntityType, golden_id: UUID, row: GoldenRow) -> str:
    return str(entity.golden(id=golden_id, **{name: row[name] for name in entity.attribute_names}))


def _figures(
    entity: EntityType, members: Sequence[LinkedMember], planned: RegroupPlan
) -> tuple[tuple[Referring, ...], Callable[[UUID], tuple[ByCurrency, ByCurrency]]]:
    """Give the projects that would be of another customer, and what finds the figures of a golden record before and after."""
    before = {each.member.record_id: each.link.golden_id for each in members}
    after = {**before, **dict.fromkeys(planned.moved, planned.to_id)}
    if entity is figures.PROJECT:
        groups = {(when, home): [] for when in ("before", "after") for home in (planned.from_id, planned.to_id)}  # type: ignore[var-annotated]  # lists of ids
        for when, homes in (("before", before), ("after", after)):
            for record, home in homes.items():
                if home is not None:
                    groups[when, home].append(record)
        own = figures.of_groups({key: records for key, records in groups.items() if records})
        return (), lambda home: tuple({"": found} if (found := own.get((when, home))) else {} for when in ("before", "after"))  # type: ignore[return-value]  # two of them
    found = figures.referring(entity, {(each.member.source, each.external_id): each.member.record_id for each in members})
    of_each = figures.of_projects([each.golden_id for each in found])

    def counted(home: UUID) -> tuple[ByCurrency, ByCurrency]:
        return _summed(found, of_each, before, home), _summed(found, of_each, after, home)

    return tuple(each for each in found if each.record_id in set(planned.moved)), counted


def _summed(found: Iterable[Referring], of_each: Mapping[UUID, Figures], homes: Mapping[int, UUID | None], home: UUID) -> ByCurrency:
    sums: dict[str, Figures] = {}
    for each in found:
        if homes[each.record_id] == home:
            sums[each.currency] = sums.get(each.currency, Figures()) + of_each[each.golden_id]
    return sums


def _conflict(said: Judgement, members: Sequence[LinkedMember]) -> Conflict:
    names = {each.member.record_id: f"{each.member.source} · {each.external_id}" for each in members}
    records = (names[said.left_record_id], names[said.right_record_id])
    return Conflict(said.pk, JudgementValue(said.value), said.author, said.judged_at, said.comment, records)


def _fingerprint(entity: EntityType, wish: Regrouping, preview: Preview) -> str:
    """Stand for all that is shown. Keyed, since values of a person are in it that a guess could be tried against."""
    new = preview.new_id
    told = {
        "wish": [entity.name, wish.kind, preview.plan.from_id, preview.plan.to_id if new is None else None, preview.plan.moved],
        "sides": [
            [
                [side.golden_id, side.version, side.state_after, side.successor_id],
                [[value.spec.name, value.before, value.after] for value in side.values],
                [[record.record_id, record.is_active] for record in side.records_after],
                [[name, *_row(one), *_row(other)] for name, one, other in side.currencies],
            ]
            for side in preview.sides
        ],
        "projects": [[each.golden_id, each.record_id] for each in preview.projects],
        "conflicts": [each.judgement_id for each in preview.conflicts],
        "set_aside": preview.plan.set_aside,
    }
    written = json.dumps(told, default=str, sort_keys=True, ensure_ascii=False)
    return salted_hmac(__name__, written, algorithm="sha256").hexdigest()[:_FINGERPRINT_SIZE]


def _row(found: Figures) -> tuple[object, ...]:
    """Give figures as a row."""
    return found.projects, found.revenue, found.cost
