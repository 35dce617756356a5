"""Applying a chunk of moves: published golden records are merged, each with a receipt, or give records away, as the plan says."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from golden_records import golden, merging
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden import Membership
from golden_records.merging import Terms
from golden_records.models import GoldenState, LinkSource, RecordState
from matching import judgements, review_queue
from matching.locks import MatchGuard
from matching.models import JudgementValue

Row = Mapping[str, Any]
LinkOf = Callable[[Row], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Now:
    """How things stand under the locks: of the planned records, and who is in the golden records that they leave or go to."""

    records: Mapping[int, tuple[int, UUID | None, str | None]]
    goldens: Mapping[UUID, Any]
    members: Mapping[int, UUID]


def apply_moves(entity: EntityType, rows: Sequence[Row], link_of: LinkOf, *, guard: MatchGuard, change: Change) -> list[int]:
    """Put the records of each cluster where the plan says; gives those that are there. The caller is alone with the entity type.

    A golden record of which every active record goes to one other is merged into that, by a merge that can be undone as a steward's
    can; one of which some go is split. Nothing is moved of a cluster in which a record has changed or moved since it was planned, or
    that a person has said something of.
    """
    clusters: defaultdict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        clusters[UUID(row["golden_id"])].append(row)
    goldens = guard.goldens(entity, clusters, record_ids=[row["record_id"] for row in rows])
    guard.records(entity, [row["record_id"] for row in rows])
    told = replace(change, reason=f"{change.reason}: published golden records follow the evidence")
    done: list[int] = []
    for target, planned in clusters.items():
        now = _now(entity, planned, {target: goldens[target]} if target in goldens else {})
        if _may_move(entity, target, planned, now):
            _move(entity, target, [(row, link_of(row)) for row in planned], now, told)
            done += [row["record_id"] for row in planned]
    review_queue.realign(entity, {*clusters, *goldens}, change=told)
    return done


def _now(entity: EntityType, planned: Sequence[Row], goldens: Mapping[UUID, Any]) -> _Now:
    ids = [row["record_id"] for row in planned]
    found = entity.records.filter(id__any=ids, state=RecordState.ACTIVE).values_list("id", "version", "golden_id", "link_source")
    records = {pk: (version, home, by) for pk, version, home, by in found}
    homes = {home for _, home, _ in records.values() if home} | goldens.keys()
    members = entity.records.filter(golden_id__any=homes, state=RecordState.ACTIVE).values_list("id", "golden_id")
    return _Now(records, goldens, dict(members))


def _may_move(entity: EntityType, target: UUID, planned: Sequence[Row], now: _Now) -> bool:
    if target in now.goldens and now.goldens[target]["state"] != GoldenState.ACTIVE:
        return False
    for row in planned:
        found = now.records.get(row["record_id"])
        if found is None or found[0] != row["version"] or str(found[1] or "") != (row["from_id"] or ""):
            return False
        if found[1] not in {None, target} and found[2] == LinkSource.MANUAL:
            return False
    together = {pk: home for pk, home in now.members.items() if home == target or pk in now.records}
    return not judgements.judged_pairs(entity, together, (JudgementValue.DIFFERENT,))


def _move(entity: EntityType, target: UUID, planned: Sequence[tuple[Row, dict[str, Any]]], now: _Now, change: Change) -> None:
    coming: defaultdict[UUID | None, list[Membership]] = defaultdict(list)
    for row, link in planned:
        _, home, by = now.records[row["record_id"]]
        # What a person put here stays a person's.
        kept = by == LinkSource.MANUAL
        source = LinkSource.MANUAL if kept else LinkSource.AUTO
        coming[home].append(Membership(row["record_id"], target, source, link, sent=home is None))
    sizes = {home: sum(each == home for each in now.members.values()) for home in coming}
    whole = {home for home, some in coming.items() if home is not None and home != target and len(some) == sizes[home]}
    golden.assign(entity, [each for home, some in coming.items() if home not in whole for each in some], change=change)
    for home in sorted(whole):
        strongest = max((each.link for each in coming[home]), key=lambda link: link.get("weight", 0.0))
        merging.merge(entity, survivor_id=target, absorbed_id=home, change=change, terms=Terms(strongest, coming[home]))
