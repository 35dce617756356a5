"""What must always hold of source records and golden records. Each check reads the whole database and names every offence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, Window
from django.db.models.functions import Lag
from django.utils import timezone

from golden_records import erasure_checks, feed_checks, lone
from golden_records.entities import ENTITIES, EntityType
from golden_records.golden_content import content_of, day_of, differing, last_day_of
from golden_records.hierarchy import checks as hierarchy_checks
from golden_records.locking import CONTENT
from golden_records.members import LinkedMember, members_of, rules_for
from golden_records.models import (
    Endorsement,
    GoldenState,
    ImportJob,
    ImportState,
    MatchState,
    MergeReceipt,
    MoveReceipt,
    Override,
    OverrideState,
    Parentage,
    ProjectFact,
    QuarantinedRow,
    RecordState,
    SourceMapping,
    SourceSystem,
    SurvivorshipVersion,
)
from golden_records.offences import Check, Offence
from golden_records.publishing import not_reached
from golden_records.recency import LONGEST_AHEAD
from golden_records.replay import unlike_history
from golden_records.survivorship.members import Member
from golden_records.survivorship.rules import SEPARATOR

VALUES: Final = "values"
PROVENANCE: Final = "provenance"
_AT_ONCE: Final = 1_000
_LONGEST_CHAIN: Final = 100
_REBUILD: Final = "manage.py rebuild {entity} {golden}"
_MATCH_AGAIN: Final = "Empty the record's golden record and set its matching to 'pending': the sweep finds its place."


def _partition() -> Iterator[Offence]:
    homeless = Q(golden__isnull=True, match_state=MatchState.MATCHED)
    # One that was the last of its golden record, was withdrawn and is there again waits outside.
    astray = Q(golden__isnull=False, match_state=MatchState.MATCHED) & ~Q(golden__state=GoldenState.ACTIVE)
    for entity in ENTITIES.values():
        rows = entity.records.filter(homeless | astray, state=RecordState.ACTIVE).order_by("id").values_list("id", "golden_id")
        for record, golden in rows.iterator():
            yield Offence(entity.name, {"record": record, "golden": str(golden)}, "It is in no active golden record.", _MATCH_AGAIN)


def _no_empty_golden() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        has_members = Exists(entity.records.filter(golden_id=OuterRef("pk"), state=RecordState.ACTIVE))
        for golden in entity.goldens.filter(~has_members, state=GoldenState.ACTIVE).values_list("pk", flat=True).iterator():
            remedy = "Find in its history where its records went, and send one of them again with a change."
            yield Offence(entity.name, {"golden": str(golden)}, "It is active and has no active source record.", remedy)


def _source_identity() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        groups = entity.records.order_by().values("source_id", "external_id").annotate(count=Count("id")).filter(count__gt=1)
        for row in groups.iterator():
            ids = entity.records.filter(source_id=row["source_id"], external_id=row["external_id"]).order_by("id")
            named = {f"record {number}": pk for number, pk in enumerate(ids.values_list("id", flat=True), 1)}
            remedy = "The uniqueness of (source, external id) is gone from the database: remove the copies and put it back."
            yield Offence(entity.name, named, "A source's own id is there more than once.", remedy)


def _ids_answer() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        history = entity.golden.history.model.objects  # type: ignore[attr-defined]
        gone = history.filter(~Exists(entity.goldens.filter(pk=OuterRef("id")))).order_by().values_list("id", flat=True).distinct()
        for golden in gone.iterator():
            yield Offence(entity.name, {"golden": str(golden)}, "The id answered once and is gone.", "Bring its row back out of history.")
        active = entity.goldens.filter(successor__isnull=False).exclude(state=GoldenState.RETIRED)
        for golden in active.values_list("pk", flat=True).iterator():
            yield Offence(entity.name, {"golden": str(golden)}, "It stands and has a successor.", "Empty its successor.")
        for golden in _endless(entity):
            yield Offence(
                entity.name, {"golden": golden}, "Its successors never end.", "Set the successor of one of them to what it became."
            )


def _endless(entity: EntityType) -> Iterator[str]:
    """Give the retired golden records whose successors go round in a circle, or on for longer than anybody follows."""
    table = connection.ops.quote_name(entity.golden._meta.db_table)
    onward = f"FROM {table} g WHERE g.state = 'retired' AND g.successor_id IS NOT NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE walk(start, at, steps) AS (SELECT g.id, g.successor_id, 1 {onward} UNION ALL "  # noqa: S608 - a table's name
            f"SELECT w.start, g.successor_id, w.steps + 1 FROM walk w JOIN {table} g ON g.id = w.at "
            f"WHERE g.state = 'retired' AND g.successor_id IS NOT NULL AND w.steps <= {_LONGEST_CHAIN}) "
            f"SELECT start FROM walk WHERE steps > {_LONGEST_CHAIN}"
        )
        yield from (str(start) for (start,) in cursor.fetchall())


def _values_and_provenance() -> Iterator[tuple[str, Offence]]:
    for entity in ENTITIES.values():
        unreached, today = not_reached(entity), day_of(timezone.now())
        for golden, members in _goldens_with_members(entity):
            active = [each.member for each in members if each.is_active]
            ids = {"golden": str(golden["id"])}
            day = last_day_of(golden["due_on"], today)
            # One that has no member is an offence of its own.
            wanted = content_of(entity, rules_for(entity, members), active, golden["pins"] or (), day)[0] if active else {}
            # While rules that were published are carried to all golden records, those that they have not reached go by the ones before.
            is_reached = unreached is None or golden["id"] <= unreached
            if is_reached and (wrong := differing(golden, wanted)):
                yield VALUES, Offence(entity.name, ids, f"Not what its records give: {', '.join(wrong)}.", _rebuild(entity, golden))
            if unsaid := _unsaid(entity, golden, active):
                told = f"Nobody among its records says so: {', '.join(unsaid)}."
                yield PROVENANCE, Offence(entity.name, ids, told, _rebuild(entity, golden))


def _unsaid(entity: EntityType, golden: Mapping[str, Any], active: Iterable[Member]) -> list[str]:
    """Name the attributes whose value is not that of the source record, or of the person, who is said to be where it comes from."""
    members, unsaid = {member.record_id: member for member in active}, []
    for name in entity.attribute_names:
        winner = golden["lineage"].get(name)
        if not (golden[name] is None if winner is None else _is_told(name, golden[name], winner, members)):
            unsaid.append(name)
    return unsaid


def _only(name: str) -> Iterator[Offence]:
    return (offence for found, offence in _values_and_provenance() if found == name)


def _overrides() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        told = Override.objects.filter(entity=entity.name, state=OverrideState.IN_FORCE).order_by("pk")
        standing = {str(pk): str(home) for pk, home in told.values_list("pk", "golden_id")}
        active = entity.goldens.filter(state=GoldenState.ACTIVE)
        carried: set[str] = set()
        for golden, entries in active.filter(pins__isnull=False).order_by("id").values_list("id", "pins").iterator():
            ids = [entry["id"] for entry in entries]
            wrong = [each for each in ids if each not in standing or each in carried]
            carried.update(ids)
            for each in wrong:
                remedy = "End the override, or make it anew."
                yield Offence(entity.name, {"golden": str(golden), "override": each}, "It carries an override that does not stand.", remedy)
        at_home = set(_text(active.filter(pk__in=set(standing.values())).values_list("pk", flat=True)))
        for each, home in standing.items():
            if home in at_home and each not in carried:
                remedy = "End the override and make it anew."
                yield Offence(entity.name, {"golden": home, "override": each}, "Its override stands, and it does not carry it.", remedy)


def _is_told(name: str, value: Any, winner: Mapping[str, Any], active: Mapping[int, Member]) -> bool:
    """Whether who is named as the origin of a value says it: a source record, several of a union, or a person."""
    if winner["record"] is None:
        return winner.get("pin") is not None
    member = active.get(winner["record"])
    if member is None or member.source != winner["source"]:
        return False
    if "also" in winner:
        records = [winner["record"], *winner["also"]]
        return active.keys() >= set(records) and value == SEPARATOR.join(str(active[record].values.get(name)) for record in records)
    return bool(member.values.get(name) == value)


def _rebuild(entity: EntityType, golden: Mapping[str, Any]) -> str:
    return _REBUILD.format(entity=entity.name, golden=golden["id"])


def _goldens_with_members(entity: EntityType) -> Iterator[tuple[dict[str, Any], Sequence[LinkedMember]]]:
    """Give each active golden record and its source records, in the order of ids, but for those that are plainly right (`lone`).

    Those with a record that waits to be matched are left out: they are made anew when it is.
    """
    columns = ("id", *CONTENT, *entity.attribute_names)
    active = entity.goldens.filter(state=GoldenState.ACTIVE).order_by("id").values(*columns)
    for ids in lone.to_look_at(entity):
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            groups: dict[Any, list[LinkedMember]] = {}
            for each in members_of(entity, part):
                groups.setdefault(each.link.golden_id, []).append(each)
            settled = [row for row in active.filter(pk__in=part) if not any(map(_waits, groups.get(row["id"], ())))]
            yield from ((row, groups.get(row["id"], [])) for row in settled)


def _waits(member: LinkedMember) -> bool:
    return member.is_active and member.link.match_state != MatchState.MATCHED


def _no_lost_update() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        entries = entity.record.history.model.objects.order_by()  # type: ignore[attr-defined]
        seen = entries.annotate(time=_before("source_updated_at"), came=_before("updated_at"), number=_before("version"))
        believed = Q(time__lte=F("came") + LONGEST_AHEAD)
        back = seen.filter(Q(source_updated_at__lt=F("time")) & believed | Q(version__lt=F("number")))
        for record, entry in back.values_list("id", "history_id").iterator():
            told = "Something older took the place of something newer."
            yield Offence(entity.name, {"record": record, "history": entry}, told, "Let the source send the record again.")


def _before(name: str) -> Window:
    return Window(Lag(name), partition_by=F("id"), order_by=F("history_id").asc())


def _reversible() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        entries = entity.record.history.model.objects  # type: ignore[attr-defined]
        gone = (GoldenState.RETIRED, GoldenState.ERASED)
        retired = set(_text(entity.goldens.filter(state__in=gone, pk__in=_absorbed(entity)).values_list("pk", flat=True)))
        for receipt in MergeReceipt.objects.filter(entity=entity.name, undone_at__isnull=True).order_by("id").iterator():
            ids: dict[str, str | int] = {"merge": receipt.pk, "golden": str(receipt.absorbed_id)}
            known = entries.filter(id__in=receipt.moved_record_ids, golden_id=receipt.absorbed_id).order_by()
            missing = set(receipt.moved_record_ids) - set(known.values_list("id", flat=True))
            if str(receipt.absorbed_id) not in retired:
                yield Offence(entity.name, ids, "What was merged away is not retired.", "Undo the merge in the review queue.")
            elif missing:
                told = f"Nobody knows any more how record {min(missing)} was linked before the merge."
                yield Offence(entity.name, ids, told, "Bring its history back from a backup.")


def _absorbed(entity: EntityType) -> Any:
    return MergeReceipt.objects.filter(entity=entity.name, undone_at__isnull=True).values("absorbed_id")


def _text(ids: Any) -> Iterator[str]:
    return (str(each) for each in ids.iterator())


def _replay() -> Iterator[Offence]:
    for entity in ENTITIES.values():
        yield from unlike_history(entity.record, entity=entity.name)
        yield from unlike_history(entity.golden, entity=entity.name)
    for model in (
        MergeReceipt,
        MoveReceipt,
        Override,
        Endorsement,
        Parentage,
        SurvivorshipVersion,
        SourceSystem,
        SourceMapping,
        QuarantinedRow,
        ProjectFact,
    ):
        yield from unlike_history(model, entity="")


def _conservation() -> Iterator[Offence]:
    counted = F("created") + F("updated") + F("unchanged") + F("stale") + F("quarantined") + F("refused") + F("suppressed")
    closed_without_end = ~Q(state=ImportState.RUNNING) & Q(finished_at__isnull=True)
    wrong = ImportJob.objects.annotate(counted=counted).filter(~Q(rows_done=F("counted")) | closed_without_end)
    for job in wrong.order_by("id").iterator():
        remedy = "Import the file again with --restart: rows that are there come out unchanged."
        yield Offence(job.entity, {"import": job.pk}, "Not every row that was read is accounted for.", remedy)


CHECKS: Final = (
    Check("partition", "Every active source record that is matched belongs to exactly one active golden record.", _partition),
    Check("no empty golden record", "Every active golden record has an active source record.", _no_empty_golden),
    Check("source identity", "A source's own id of an entity type names one source record.", _source_identity),
    Check("ids answer", "Every canonical id there ever was answers: itself, or its successors up to one that stands.", _ids_answer),
    Check(
        VALUES,
        "A golden record's values are what survivorship makes of its active source records, to the byte.",
        partial(_only, VALUES),
        _values_and_provenance,
        effort=17,
    ),
    Check(
        PROVENANCE,
        "Every value of a golden record names an active source record of its own that has this value.",
        partial(_only, PROVENANCE),
        _values_and_provenance,
    ),
    Check("overrides", "The overrides that golden records carry are those that stand, each at one golden record.", _overrides),
    Check("no lost update", "What is older, by the source's own time or version, never takes the place of what is newer.", _no_lost_update),
    Check("reversible", "Every merge that stands can be undone: its golden record is retired, and history knows the links.", _reversible),
    Check("replay", "Every row is what the last entry of its history says.", _replay),
    Check(
        "conservation",
        "The rows that an import read are those created, updated, unchanged, stale, quarantined, refused and suppressed.",
        _conservation,
    ),
    *hierarchy_checks.CHECKS,
    *feed_checks.CHECKS,
    *erasure_checks.CHECKS,
)
"""The checks of what this package knows, in the order in which they are told."""
