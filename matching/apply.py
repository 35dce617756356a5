"""Applying a chunk of a plan: one transaction, alone in the entity type, only to what is still as it was planned."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Q

from golden_records import bulk, golden
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.golden import Held, Membership
from golden_records.members import Link, LinkedMember, members_of
from golden_records.models import GoldenState, LinkSource, MatchState, RecordState
from matching import review_queue
from matching.active_config import ActiveConfig
from matching.chunks import RECORDS, Chunk
from matching.core.blocking import blocking_keys
from matching.core.decide import Outcome
from matching.core.prepare import prepare
from matching.decisions import DecidedBy, PairEvidence, write_decisions
from matching.keys import KeyRows, write_keys
from matching.locks import MatchGuard
from matching.models import BlockingKey, ChunkKind, TaskKind
from matching.moves import apply_moves
from matching.review_queue import AskedPair
from matching.tables import active_records, attribute_table

_PART: Final = 500


@dataclass(frozen=True, slots=True)
class Applying:
    """What a chunk is applied under: entity type, config version, run, the change it is part of, and the locks of its transaction.

    `line` is the moment and the last record id up to which the plan has seen everything.
    """

    entity: EntityType
    active: ActiveConfig
    run_id: int
    line: tuple[datetime, int]
    change: Change
    guard: MatchGuard


def apply_chunk(chunk: Chunk, under: Applying) -> dict[str, int]:
    """Carry a chunk out and count what came of it. The caller owns the transaction and the gate of the entity type."""
    return _APPLY[chunk.kind](chunk.rows, under)


def _apply_memberships(rows: pa.Table, under: Applying) -> dict[str, int]:
    """Put the records where the plan says, with their keys.

    A record that has changed since it was planned, or that shares a key with one that came in meanwhile, waits: it is matched by itself.
    """
    entity = under.entity
    planned = {row["record_id"]: row for row in rows.to_pylist()}
    overtaken = _overtaken(rows, under)
    targets = {UUID(row["golden_id"]) for row in planned.values()}
    goldens = under.guard.goldens(entity, targets, record_ids=planned)
    retired = {golden_id for golden_id, row in goldens.items() if row["state"] != GoldenState.ACTIVE}
    locked = under.guard.records(entity, planned)
    members = members_of(entity, goldens.keys() | targets, planned)
    found = {each.member.record_id: each for each in members if each.member.record_id in planned}
    memberships = [
        Membership(pk, golden_id, *_link_of(row, found[pk].link, under.active.version), sent=True)
        for pk, row in planned.items()
        if pk in found
        and pk not in overtaken
        and _still_so(row, locked[pk].version, found[pk])
        and (golden_id := UUID(row["golden_id"])) not in retired
    ]
    held = Held(goldens, members, records_locked=True)
    new = {pk for pk, each in found.items() if each.link.golden_id is None}
    change = replace(under.change, config=under.active.version)
    created = 0
    with bulk.without_waiting():
        # The database works on one part while it is found out what survives of the next.
        for part in _parts(memberships):
            matched = pa.array([membership.record_id for membership in part], pa.int64())
            write_keys(entity, _key_rows(rows.filter(pc.is_in(rows["record_id"], matched))), new=new)
            created += len(golden.assign(entity, part, change=change, held=held).created)
    linked = sum(1 for membership in memberships if membership.link)
    return {"matched": len(memberships), "linked": linked, "created": created, "left": len(planned) - len(memberships)}


def _parts(memberships: Sequence[Membership]) -> Iterator[list[Membership]]:
    """Cut memberships into parts that are written at once; all of one golden record are in one part."""
    part: list[Membership] = []
    for _, group in groupby(sorted(memberships, key=attrgetter("golden_id")), key=attrgetter("golden_id")):
        part += group
        if len(part) >= _PART:
            yield part
            part = []
    if part:
        yield part


def _still_so(row: Mapping[str, Any], version: int, found: LinkedMember) -> bool:
    waits = found.is_active and found.link.match_state == MatchState.PENDING
    home = found.link.golden_id
    return waits and version == row["version"] and (home is None or str(home) == row["golden_id"])


def _link_of(row: Mapping[str, Any], before: Link, config: str) -> tuple[LinkSource, dict[str, Any]]:
    # What a steward linked stays a steward's link, whatever the engine thinks of it later.
    if before.link_source == LinkSource.MANUAL:
        return LinkSource.MANUAL, before.link
    return LinkSource.AUTO, _link(row, config)


def _link(row: Mapping[str, Any], config: str) -> dict[str, Any]:
    if row["other_id"] is None:
        return {}
    pair = _pair(row, row["record_id"], row["other_id"], ())
    return pair.link(other_record_id=row["other_id"], config=config)


def _pair(row: Mapping[str, Any], left: int, right: int, vetoes: tuple[str, ...]) -> PairEvidence:
    weights = tuple(round(bits, 3) for bits in row["weights"])
    return PairEvidence(
        left, right, row["outcome"], row["weight"], row["probability"], tuple(row["levels"]), weights, row["stratum"], vetoes
    )


def _overtaken(rows: pa.Table, under: Applying) -> set[int]:
    """Give the records of the chunk that share a key with a record matched since the plan was made."""
    entity = under.entity
    planned_at, last_record_id = under.line
    since = Q(id__gt=last_record_id) | Q(updated_at__gte=planned_at)
    newcomers = entity.records.filter(since, match_state=MatchState.MATCHED)
    ids = list(newcomers.values_list("id", flat=True))
    if not ids:
        return set()
    found = _key_rows(rows)
    theirs = BlockingKey.objects.filter(entity=entity.name, record_id__any=ids).values_list("key", flat=True)
    return set(found.record_ids[np.isin(found.keys, np.array(list(theirs), np.int64))].tolist())


def _key_rows(rows: pa.Table) -> KeyRows:
    rows = rows.combine_chunks()
    lengths = pc.list_value_length(rows["keys"]).to_numpy()
    flat = (pc.list_flatten(rows[name]).to_numpy() for name in ("rules", "keys"))
    return KeyRows(np.repeat(rows["record_id"].to_numpy(), lengths), *flat)


def _apply_moves(rows: pa.Table, under: Applying) -> dict[str, int]:
    version = under.active.version
    change = replace(under.change, config=version)
    done = apply_moves(under.entity, rows.to_pylist(), lambda row: _link(row, version), guard=under.guard, change=change)
    write_keys(under.entity, _key_rows(rows.filter(pc.is_in(rows["record_id"], pa.array(done, pa.int64())))))
    return {"moved": len(done), "left": len(rows) - len(done)}


def _apply_keys(rows: pa.Table, under: Applying) -> dict[str, int]:
    ids = rows["record_id"].to_pylist()
    # One that has changed since gets its keys when it is matched by itself; one that is gone has none.
    as_planned = under.entity.records.filter(id__any=ids, state=RecordState.ACTIVE, updated_at__lt=under.line[0])
    there = as_planned.values_list("id", flat=True)
    found = _key_rows(rows.filter(pc.is_in(rows["record_id"], pa.array(there, pa.int64()))))
    write_keys(under.entity, found)
    return {"keys": len(found)}


def key_latecomers(under: Applying) -> None:
    """Give the records that were matched after the plan was made the keys of its config: they were found by those of the one before."""
    since = Q(id__gt=under.line[1]) | Q(updated_at__gte=under.line[0])
    late = active_records(under.entity).filter(since, match_state=MatchState.MATCHED)
    ids = list(late.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), RECORDS):
        some = ids[start : start + RECORDS]
        table = attribute_table(under.entity, active_records(under.entity).filter(id__any=some))
        found = blocking_keys(prepare(table, under.active.config), under.active.config)
        BlockingKey.objects.filter(entity=under.entity.name, record_id__any=some).delete()
        write_keys(under.entity, KeyRows(table["id"].to_numpy()[found.row], found.rule, found.key), new=some)


def _apply_decisions(rows: pa.Table, under: Applying) -> dict[str, int]:
    names = [veto.name for veto in under.active.config.vetoes]
    planned = rows.to_pylist()
    ids = {row[side] for row in planned for side in ("left_id", "right_id")}
    erased = set(under.entity.records.filter(id__any=ids, state=RecordState.ERASED).values_list("id", flat=True))
    pairs = [
        _pair(row, row["left_id"], row["right_id"], tuple(name for number, name in enumerate(names) if row["vetoes"] >> number & 1))
        for row in planned
        if erased.isdisjoint((row["left_id"], row["right_id"]))
    ]
    write_decisions(under.entity, pairs, DecidedBy(under.active.id, under.run_id, under.change.at))
    return {"decisions": len(pairs)}


def _apply_questions(rows: pa.Table, under: Applying) -> dict[str, int]:
    pairs = [
        AskedPair(
            row["left_id"], row["right_id"], TaskKind.POSSIBLE_DUPLICATE if row["outcome"] == Outcome.MATCH else TaskKind.POSSIBLE_MATCH
        )
        for row in rows.to_pylist()
    ]
    return {"questions": len(review_queue.ask(under.entity, pairs, change=under.change))}


_APPLY: Final = {
    ChunkKind.MOVES: _apply_moves,
    ChunkKind.MEMBERSHIPS: _apply_memberships,
    ChunkKind.KEYS: _apply_keys,
    ChunkKind.DECISIONS: _apply_decisions,
    ChunkKind.QUESTIONS: _apply_questions,
}
