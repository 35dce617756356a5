"""The story of a golden record in words: what each change was, who did it and why, with the values before and after."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from golden_records.admin.timeline import FieldChange, origin_of
from golden_records.authors import who
from golden_records.entities import EntityType
from golden_records.models import EventType, MergeReceipt, MoveKind, MoveReceipt, OverrideEnd, OverrideState
from golden_records.templatetags.mdm import words
from matching.admin.event_words import event_words, parents_of
from matching.models import JudgementValue
from matching.story import Happening

SENTENCES: Final = 6
NEWS: Final = ("created", "unmerged")


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a change was, in a line; `address` is the page on which more is told."""

    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One change as a person reads it. `tone` colours it; `undo` is where it can be undone; `more` counts what is not told."""

    at: datetime
    who: str
    reason: str
    correlation_id: str
    tone: str
    headline: Sentence
    others: tuple[Sentence, ...]
    more: int
    is_new: bool
    changes: tuple[FieldChange, ...]
    erased: bool
    undo: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What is needed beside the changes: the golden record it is about, and the names of other golden records and of source records."""

    entity: EntityType
    golden_id: UUID
    goldens: Mapping[UUID, str]
    records: Mapping[int, str]
    undoable: frozenset[str]

    def golden(self, golden_id: UUID) -> str:
        return self.goldens.get(golden_id) or str(golden_id)

    def record(self, record_id: int) -> str:
        return self.records.get(record_id) or f"#{record_id}"


def told(entity: EntityType, golden_id: UUID, changes: Sequence[Happening], request: HttpRequest) -> list[Told]:
    """Tell changes; four statements at most beside those that read them, however many there are."""
    others = {each for change in changes for receipt in (*change.merges, *change.moves) for each in _ends(receipt)} - {golden_id}
    others |= {parent for change in changes for event in change.events for parent in parents_of(event) if parent}
    records = {record for change in changes for said in change.judgements for record in (said.left_record_id, said.right_record_id)}
    rows = entity.records.filter(pk__in=records).exclude(state="erased").select_related("source").only("external_id", "source")
    known = _Known(
        entity,
        golden_id,
        {row.pk: str(row) for row in entity.goldens.filter(pk__in=others)},
        {row.pk: f"{row.source.code} · {row.external_id}" for row in rows},
        _undoable(changes, request),
    )
    return [_told(change, known) for change in changes]


def _told(change: Happening, known: _Known) -> Told:
    sentences = [sentence for name, tell in _TELLERS.items() for sentence in tell(getattr(change, name), known)]
    events = list(_of_events(_not_told_yet(change), known))
    # What people decided comes first, then what came of it, then what it says of pairs of records.
    said = list(_of_judgements(change.judgements, known))
    sentences += [*events, *said] if sentences else [*said, *events]
    actor, reason = change.signed
    whole = next((event for event in change.events if event.type in NEWS), None)
    return Told(
        at=change.at,
        who=who(actor),
        reason=reason,
        correlation_id=change.correlation_id,
        tone=_tone(change),
        headline=sentences[0] if sentences else Sentence(_("computed this anew, with the same values")),
        others=tuple(sentences[1 : SENTENCES + 1]),
        more=max(0, len(sentences) - SENTENCES - 1),
        is_new=whole is not None,
        changes=tuple(_values(change, known)),
        erased=any(event.salt is None for event in change.events),
        undo=_undo(change, known),
    )


def _not_told_yet(change: Happening) -> list[Any]:
    """The events that say more than what people did and which values changed."""
    said = set[str]()
    if change.merges or change.moves:
        said |= {EventType.MERGED, EventType.UNMERGED, EventType.SPLIT, EventType.RETIRED}
    if change.erasures:
        said |= {EventType.ERASED}
    by_people = change.merges or change.moves or change.overrides or change.rules
    return [event for event in change.events if event.type not in said and not (by_people and event.type == EventType.UPDATED)]


def _tone(change: Happening) -> str:
    types = {event.type for event in change.events}
    if change.erasures or types & {EventType.ERASED, EventType.RETIRED, EventType.MERGED}:
        return "deleted"
    return "created" if types & {EventType.CREATED, EventType.UNMERGED} else "changed"


def _values(change: Happening, known: _Known) -> Iterator[FieldChange]:
    labels = {spec.name: capfirst(str(spec.label)) for spec in known.entity.attributes}
    for event in change.events:
        if event.type == EventType.REPARENTED:
            continue
        before, after = event.values_before or {}, event.values_after or {}
        version = next((row for row in change.versions if row.version == event.golden_version), None)
        for name in event.attributes or () if before or after else ():
            origin = origin_of(version, name) if version is not None else ""
            yield FieldChange(labels.get(name, name), words(before.get(name)), words(after.get(name)), origin)


def _undo(change: Happening, known: _Known) -> str:
    """The page on which the change can be undone: of a merge, a split or a move that was made then and stands."""
    for row in (*change.merges, *change.moves):
        if row.history_type == "+" and _page(row) in known.undoable:
            return _page(row)
    return ""


def _undoable(changes: Sequence[Happening], request: HttpRequest) -> frozenset[str]:
    found: set[str] = set()
    for model in (MergeReceipt, MoveReceipt):
        made = [row.id for change in changes for row in (*change.merges, *change.moves) if row.history_type == "+" and _model(row) is model]
        if made and request.user.has_perm(f"golden_records.change_{model._meta.model_name}"):
            standing = model.objects.filter(pk__in=made, undone_at__isnull=True)
            found |= {_address(model, pk) for pk in standing.values_list("pk", flat=True)}
    return frozenset(found)


def _model(row: Any) -> Any:
    return MergeReceipt if hasattr(row, "survivor_id") else MoveReceipt


def _address(model: Any, key: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=(key,))


def _page(row: Any) -> str:
    return _address(_model(row), row.id)


def _ends(row: Any) -> tuple[UUID, UUID]:
    return (row.survivor_id, row.absorbed_id) if _model(row) is MergeReceipt else (row.from_id, row.to_id)


def _of_merges(rows: Iterable[Any], known: _Known) -> Iterator[Sentence]:
    for row in rows:
        other = known.golden(row.absorbed_id if row.survivor_id == known.golden_id else row.survivor_id)
        if row.history_type == "~":
            text = _("took the merge with %s back") % other
        elif row.survivor_id == known.golden_id:
            count = len(row.moved_record_ids)
            text = ngettext("merged %(name)s into this: %(n)s source record", "merged %(name)s into this: %(n)s source records", count)
            text %= {"name": other, "n": count}
        else:
            text = _("merged this into %s, which answers for it since") % other
        yield Sentence(text, _page(row))


_MOVED: Final = {
    (MoveKind.SPLIT, True): lambda n: ngettext(
        "split %(n)s source record off, into %(name)s", "split %(n)s source records off, into %(name)s", n
    ),
    (MoveKind.SPLIT, False): lambda n: ngettext(
        "made this of %(n)s source record of %(name)s", "made this of %(n)s source records of %(name)s", n
    ),
    (MoveKind.MOVE, True): lambda n: ngettext("moved %(n)s source record to %(name)s", "moved %(n)s source records to %(name)s", n),
    (MoveKind.MOVE, False): lambda n: ngettext(
        "moved %(n)s source record here from %(name)s", "moved %(n)s source records here from %(name)s", n
    ),
}


def _of_moves(rows: Iterable[Any], known: _Known) -> Iterator[Sentence]:
    for row in rows:
        leaves = row.from_id == known.golden_id
        other, count = known.golden(row.to_id if leaves else row.from_id), len(row.moved_record_ids)
        if row.history_type == "~":
            text = _("took a split back: with %s") if row.kind == MoveKind.SPLIT else _("took a move back: with %s")
            text %= other
        else:
            text = _MOVED[MoveKind(row.kind), leaves](count) % {"n": count, "name": other}
        yield Sentence(text, _page(row))


def _of_erasures(rows: Iterable[Any], known: _Known) -> Iterator[Sentence]:
    for row in rows:
        if row.golden_id == known.golden_id or str(known.golden_id) in row.other_ids:
            yield Sentence(_("erased this, for good"))
        else:
            yield Sentence(_("erased somebody whose source record had been here: what came from it is gone"))


def _of_overrides(rows: Iterable[Any], known: _Known) -> Iterator[Sentence]:
    units = {spec.name: str(spec.label) for spec in known.entity.attributes}
    for row in rows:
        unit = units.get(row.unit, row.unit)
        if row.history_type == "+":
            text = _("overrode: %s") % unit
        elif row.state == OverrideState.IN_FORCE:
            text = _("an override stands again: %s") % unit
        elif row.end == OverrideEnd.BY_HAND:
            text = _("ended an override: %s") % unit
        else:
            text = _("an override lapsed: %(unit)s, because %(why)s") % {"unit": unit, "why": OverrideEnd(row.end).label}
        yield Sentence(text, reverse("admin:golden_records_override_change", args=(row.id,)))


def _of_marks(rows: Iterable[Any], known: _Known) -> Iterator[Sentence]:
    del known
    for row in rows:
        yield Sentence(_("confirmed it, as it was at version %s") % row.version if row.stands else _("took the mark 'confirmed' off"))


def _of_judgements(rows: Iterable[Any], known: _Known) -> Iterator[Sentence]:
    for row in rows:
        names = {"one": known.record(row.left_record_id), "other": known.record(row.right_record_id)}
        names["value"] = str(JudgementValue(row.value).label)
        if row.withdrawn_at is not None:
            text = _("took back that %(one)s and %(other)s are %(value)s") % names
        elif row.history_type == "~":
            text = _("let it stand again that %(one)s and %(other)s are %(value)s") % names
        else:
            text = _("judged %(one)s and %(other)s: %(value)s") % names
        yield Sentence(text, reverse("admin:matching_judgement_change", args=(row.id,)))


def _of_rules(rows: Iterable[Any], known: _Known) -> Iterator[Sentence]:
    del known
    return (Sentence(_("put survivorship rules in force: %s") % row.version) for row in rows)


def _of_events(rows: Iterable[Any], known: _Known) -> Iterator[Sentence]:
    for event in sorted(rows, key=lambda each: (each.type != EventType.CREATED, each.pk)):
        yield Sentence(event_words(event, known.golden))


_TELLERS: Final[Mapping[str, Callable[[Any, _Known], Iterator[Sentence]]]] = {
    "erasures": _of_erasures,
    "merges": _of_merges,
    "moves": _of_moves,
    "overrides": _of_overrides,
    "marks": _of_marks,
    "rules": _of_rules,
}
"""What is told of each kind of thing that people did, the most telling first: the first sentence of all is the headline."""
