"""The full dossier of one golden record: all that is known of it, where that comes from, what was done to it, and who read it."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from golden_records import selectors
from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.hierarchy.links import leading_to, parent_attribute
from golden_records.hierarchy.reading import children_of, standing_of
from golden_records.hierarchy.rollup import projects_of
from golden_records.models import ChangeEvent, Endorsement, EventType, GoldenRecord, GoldenState, MergeReceipt, MoveReceipt, Override
from matching.models import Judgement, MatchDecision
from matching.reports.asking import Asking, Column, Kind, Parameter, Report, Row
from matching.reports.changes import told
from matching.reports.periods import GOLDEN, streamed, words
from matching.reports.readings import readings

_PROJECT: Final = "project"


def _entities() -> Any:
    return {name: entity.golden._meta.verbose_name or name for name, entity in ENTITIES.items()}


def _rows(asking: Asking) -> Iterator[Row]:
    entity = entity_type(asking.get("entity"))
    golden = selectors.golden(entity, asking.get("canonical_id")).golden
    ids = sorted(leading_to(entity, golden.pk))
    for section in (_itself, _values, _records, _references):
        yield from section(entity, golden)
    yield from _overrides(entity, golden, ids)
    yield from _marks(entity, ids)
    yield from _merges(entity, ids)
    yield from _moves(entity, ids)
    yield from _decisions(entity, golden)
    yield from _history(ids)
    if asking.with_readings:
        yield from _readings(ids)


def _row(section: Any, what: Any, **told: Any) -> Row:
    names = ("at", "what", "detail", "value", "source", "actor", "reason", "named")
    cells = {"what": what, **told}
    return (section, *(cells.get(name) for name in names))


def _itself(entity: EntityType, golden: GoldenRecord) -> Iterator[Row]:
    section = _t("Golden record")
    yield _row(section, _t("Canonical id"), named=golden.pk)
    yield _row(section, _t("Name"), value=str(golden))
    yield _row(section, _t("Entity type"), detail=entity.name)
    yield _row(section, _t("State"), detail=str(golden.get_state_display()))
    yield _row(section, _t("Created"), at=golden.created_at)
    yield _row(section, _t("Changed"), at=golden.updated_at, detail=_t("version %d") % golden.version)
    yield _row(section, _t("Completeness"), detail=f"{golden.completeness:.0%}")
    for other in sorted(leading_to(entity, golden.pk) - {golden.pk}):
        yield _row(section, _t("Answers for"), named=other)


def _values(entity: EntityType, golden: GoldenRecord) -> Iterator[Row]:
    section, lineage = _t("Values and where they come from"), selectors.lineage(entity, golden)
    for spec in entity.attributes:
        found = lineage[spec.name]
        if found.rule is None:
            continue
        by = _t("rule %(rule)s of %(rules)s") % {"rule": found.rule, "rules": found.rules}
        detail = f"{by}, {_t('override')} {found.pin}" if found.pin else by
        yield _row(section, capfirst(str(spec.label)), detail=detail, value=_said(found.value), source=found.source)
        for other in found.others:
            if not other.agrees:
                yield _row(section, capfirst(str(spec.label)), detail=_t("did not survive"), value=_said(other.value), source=other.source)


def _records(entity: EntityType, golden: GoldenRecord) -> Iterator[Row]:
    del entity
    section = _t("Source records")
    for record in selectors.members(golden):
        probability = record.link.get("probability")
        evidence = _t("%.1f %% likely") % (probability * 100) if probability is not None else ""
        linked = f"{record.link_source or ''} {evidence}".strip()
        state = str(record.get_state_display())
        yield _row(section, state, at=record.linked_at, detail=linked, value=record.external_id, source=record.source.code)


def _references(entity: EntityType, golden: GoldenRecord) -> Iterator[Row]:
    section = _t("References")
    for name, target in selectors.references_of(entity, [golden])[golden.pk].items():
        if target is not None:
            yield _row(section, name, named=target)
    if parent_attribute(entity) is not None and golden.state == GoldenState.ACTIVE:
        for number, above in enumerate(standing_of(entity, golden.pk).ancestors):
            yield _row(section, _t("Above it") if number else _t("Parent"), named=above)
        for child in streamed(children_of(entity, golden.pk).order_by("id")):
            yield _row(section, _t("Below it"), value=str(child), named=child.pk)
        found = entity_type(_PROJECT).goldens.filter(pk__in=projects_of(entity, {golden.pk}))
        for project in streamed(found.order_by("id")):
            yield _row(section, _t("Project"), value=str(project), named=project.pk)


def _overrides(entity: EntityType, golden: GoldenRecord, ids: list[Any]) -> Iterator[Row]:
    carried = [entry["id"] for entry in golden.pins or ()]
    for each in streamed(
        Override.objects.filter(Q(golden_id__in=ids) | Q(pk__in=carried), entity=entity.name).order_by("created_at", "pk")
    ):
        over = f", {each.get_end_display()} ({each.ended_by})" if each.end else ""
        detail = f"{each.unit}: {each.get_state_display()}{over}"
        yield _row(
            _t("Overrides"),
            each.get_life_display(),
            at=each.created_at,
            detail=detail,
            value=told(each.values),
            actor=each.owner,
            reason=each.reason,
            named=each.golden_id,
        )


def _marks(entity: EntityType, ids: list[Any]) -> Iterator[Row]:
    entries: Any = Endorsement.history
    for each in streamed(entries.filter(golden_id__in=ids, entity=entity.name).order_by("history_id")):
        what = pgettext("of a golden record", "confirmed") if each.stands else _t("no longer confirmed")
        detail = _t("version %d") % each.version
        yield _row(_t("Confirmed"), what, at=each.said_at, detail=detail, actor=each.owner, reason=each.reason, named=each.golden_id)


def _merges(entity: EntityType, ids: list[Any]) -> Iterator[Row]:
    part = Q(survivor_id__in=ids) | Q(absorbed_id__in=ids)
    for each in streamed(MergeReceipt.objects.filter(part, entity=entity.name).order_by("id")):
        what = _t("merged") if each.undone_at is None else _t("merged, taken back %s") % f"{each.undone_at:%Y-%m-%d}"
        detail = f"{each.absorbed_id} → {each.survivor_id}"
        yield _row(_t("Merges"), what, at=each.merged_at, detail=detail, actor=each.merged_by, reason=each.reason, named=each.absorbed_id)


def _moves(entity: EntityType, ids: list[Any]) -> Iterator[Row]:
    part = Q(from_id__in=ids) | Q(to_id__in=ids)
    for each in streamed(MoveReceipt.objects.filter(part, entity=entity.name).order_by("id")):
        what = str(each.get_kind_display())
        if each.undone_at is not None:
            what = _t("%(what)s, taken back %(day)s") % {"what": what, "day": f"{each.undone_at:%Y-%m-%d}"}
        count = _t("%d source records") % len(each.moved_record_ids)
        detail = f"{each.from_id} → {each.to_id}, {count}"
        yield _row(_t("Splits and moves"), what, at=each.moved_at, detail=detail, actor=each.moved_by, reason=each.reason, named=each.to_id)


def _decisions(entity: EntityType, golden: GoldenRecord) -> Iterator[Row]:
    records = list(entity.records.filter(golden_id=golden.pk).values_list("id", flat=True))
    part = Q(left_record_id__in=records) | Q(right_record_id__in=records)
    for said in streamed(Judgement.objects.filter(part, entity=entity.name).select_related("steward").order_by("id")):
        what = str(said.get_value_display()) if said.withdrawn_at is None else _t("%s, taken back") % said.get_value_display()
        pair = _t("source records %(left)d and %(right)d") % {"left": said.left_record_id, "right": said.right_record_id}
        by = said.judged_by or f"steward:{said.steward.get_username()}"
        yield _row(_t("Stewards' decisions"), what, at=said.judged_at, detail=pair, actor=by, reason=said.comment)
    for found in streamed(MatchDecision.objects.filter(part, entity=entity.name).select_related("config").order_by("id")):
        pair = _t("source records %(left)d and %(right)d") % {"left": found.left_record_id, "right": found.right_record_id}
        detail = f"{pair}: {found.probability:.1%}, {found.weight:.1f} bits"
        by = f"engine:{found.config}"
        yield _row(_t("The engine's decisions"), str(found.get_outcome_display()), at=found.decided_at, detail=detail, actor=by)


def _history(ids: list[Any]) -> Iterator[Row]:
    kinds = words(EventType.choices)
    for event in streamed(ChangeEvent.objects.filter(golden_id__in=ids).order_by("id")):
        before, after = told(event.values_before), told(event.values_after)
        yield _row(
            _t("History"),
            kinds[event.type],
            at=event.at,
            detail=", ".join(event.attributes or ()),
            value=f"{before} → {after}" if before or after else event.external_id,
            source=event.source or event.caused_by,
            actor=event.actor,
            reason=event.reason,
            named=event.golden_id,
        )


def _readings(ids: list[Any]) -> Iterator[Row]:
    for golden_id in ids:
        for entry in streamed(readings(Asking({"canonical_id": golden_id}))):
            names = ", ".join(entry.attributes or ())
            yield _row(_t("Who read it"), entry.kind, at=entry.at, detail=names, actor=entry.actor, reason=entry.reason, named=golden_id)


def _said(value: object) -> str:
    return _t("no value") if value is None else str(value)


def _count(asking: Asking, most: int) -> int:
    """Count what may be much: its history. Raises `UnknownGoldenRecord`, and `Erased`."""
    entity = entity_type(asking.get("entity"))
    golden = selectors.golden(entity, asking.get("canonical_id")).golden
    ids = leading_to(entity, golden.pk)
    return int(ChangeEvent.objects.filter(golden_id__in=ids).order_by()[:most].count())


DOSSIER: Final = Report(
    name="dossier",
    title=_("Dossier of a golden record"),
    about=_(
        "All of one golden record: values and lineage, source records, references, overrides, marks, merges, decisions, history, readings."
    ),
    parameters=(
        Parameter("entity", _("Entity type"), Kind.CHOICE, required=True, choices=_entities),
        Parameter(GOLDEN.name, GOLDEN.title, GOLDEN.kind, required=True),
    ),
    columns=(
        Column("section", _("Section")),
        Column("at", _("At"), Kind.MOMENT),
        Column("what", _("What")),
        Column("detail", _("Detail")),
        Column("value", _("Value"), personal=True),
        Column("source", _("Source")),
        Column("actor", _("Person or program")),
        Column("reason", _("Reason"), personal=True),
        Column("canonical_id", _("Canonical id"), Kind.CANONICAL_ID),
    ),
    permissions=("golden_records.view_changeevent", "golden_records.view_goldencustomer", "golden_records.view_goldenproject"),
    rows=_rows,
    count=_count,
)
