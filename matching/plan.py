"""Planning a matching run: all records of an entity type in, the chunks to apply out. Reads the database, writes nothing.

What was published stays: the members of a golden record stay together, and two golden records are never joined by a run, unless the
config says so (`matching.free_plan`). The plan says where each waiting record goes, which evidence to keep, and which questions to ask.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from golden_records.entities import EntityType
from golden_records.models.golden import new_canonical_id
from matching import chunks, judgements
from matching.active_config import ActiveConfig
from matching.chunks import Chunk
from matching.core.blocking import blocking_keys
from matching.core.decide import Outcome
from matching.core.declarations import JOIN
from matching.core.links import Constraints
from matching.core.model import MatchModel
from matching.core.reconcile import reconcile
from matching.core.score import score_pairs
from matching.engines.blocking_study import study_blocking, study_document
from matching.engines.choice import Engine
from matching.engines.local import MatchResult
from matching.free_plan import freed, golden_ids_of, in_one_order, moving
from matching.models import JudgementValue
from matching.population import Population

_MEMBERS_ASKED: Final = 30
_NO_RECORD: Final = -1
_SOURCES_TOLD_APART: Final = 64


@dataclass(frozen=True, slots=True)
class Way:
    """How a plan is made: with which engine, whether with a model learned from these records, and whether it is a rehearsal.

    That goes by rules which are not in force, so that all blocking keys come anew, and as if they let runs join and part what is
    published.
    """

    engine: Engine
    learn: bool
    rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The chunks to apply in this order, the model they were made with, and figures for people."""

    chunks: tuple[Chunk, ...]
    model: MatchModel
    learned: bool
    counts: dict[str, int]
    timings: dict[str, float] = field(default_factory=dict)
    blocking: dict[str, Any] = field(default_factory=dict)


def make_plan(entity: EntityType, people: Population, active: ActiveConfig, way: Way, *, say: Callable[[str], None]) -> Plan:
    """Match everything and cut what follows into chunks.

    With a new model the evidence on every pair is written anew, else only that on pairs with a record that waits, and on those
    that match and are apart: what one record at a time could not see is asked about.
    """
    say("matching")
    learn, free = way.learn, way.rehearsal or active.config.clusters.published == JOIN
    result, golden_ids, moved = _matched(entity, people, active, way, free=free)
    say("planning")
    labels = result.clusters.labels
    apart = (result.pairs.outcome == Outcome.MATCH) & (labels[result.pairs.left] != labels[result.pairs.right])
    looked_at = people.pending | moved
    fresh = looked_at[result.pairs.left] | looked_at[result.pairs.right] | apart | learn
    questions = _questions(people, result, fresh)
    # Of a cluster to which records of other golden records go, everything is one step.
    in_moves = looked_at & np.isin(labels, labels[moved])
    planned = people.pending & ~(in_moves if free else _to_look_at(people, result))
    keys = blocking_keys(result.prepared, result.model.config)
    made = [
        *chunks.moves(people, result, golden_ids, keys, in_moves),
        *chunks.memberships(people, result, golden_ids, keys, planned),
        *(chunks.keys(people, keys) if learn or way.rehearsal else ()),
        *chunks.decisions(people.ids, result, fresh),
        *chunks.questions(people.ids, result, questions),
    ]
    counts = {"records": len(people.ids), "waiting": int(people.pending.sum()), "candidates": result.report.candidates}
    blocking = study_document(study_blocking(result), people.ids)
    return Plan(tuple(made), result.model, learn, counts, dict(result.timings), blocking)


def _matched(
    entity: EntityType, people: Population, active: ActiveConfig, way: Way, *, free: bool
) -> tuple[MatchResult, dict[int, str], NDArray[np.bool_]]:
    """Give what the engine finds, the canonical id of each cluster that is written, and which records leave a golden record."""
    model, constraints = None if way.learn else active.model, settled(entity, people)
    if not free:
        result = way.engine(people.attributes, active.config, model=model, constraints=constraints)
        return result, _golden_ids(result.clusters.labels, people), np.zeros(len(people.ids), bool)
    constraints = freed(entity, people, constraints)
    result = way.engine(in_one_order(entity, people), active.config, model=model, constraints=constraints)
    golden_ids = golden_ids_of(result.clusters.labels, people, constraints)
    return result, golden_ids, moving(result.clusters.labels, people, golden_ids)


def _to_look_at(people: Population, result: MatchResult) -> NDArray[np.bool_]:
    """Say which records wait although they have a golden record, and do not match everybody in it: each is matched by itself.

    Their evidence has changed, and what follows from that concerns the whole golden record (`matching.evidence`).
    """
    group, pairs = _groups(people.golden_ids), result.pairs
    inside = (pairs.outcome == Outcome.MATCH) & (group[pairs.left] == group[pairs.right]) & (group[pairs.left] >= 0)
    matched = np.bincount(np.concatenate([pairs.left[inside], pairs.right[inside]]), minlength=len(group))
    sizes = np.bincount(group[group >= 0], minlength=1)
    others = np.where(group >= 0, sizes[group] - 1, 0)
    return np.asarray(people.pending & (matched < others))


def settled(entity: EntityType, people: Population) -> Constraints:
    """Say what people settled, and which records are one golden record already, in rows of the population."""
    return Constraints(
        must_link=_rows_of(people.ids, judgements.all_standing(entity, JudgementValue.SAME)),
        cannot_link=_rows_of(people.ids, judgements.all_standing(entity, JudgementValue.DIFFERENT)),
        groups=_groups(people.golden_ids),
    )


def _groups(golden_ids: list[str | None]) -> NDArray[np.int64]:
    codes: dict[str, int] = {}
    return np.array([-1 if golden_id is None else codes.setdefault(golden_id, len(codes)) for golden_id in golden_ids], np.int64)


def _rows_of(ids: NDArray[np.int64], pairs: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Give the rows of pairs of record ids; pairs with a record that is no longer active are left out."""
    wanted = np.array(pairs, np.int64).reshape(-1, 2)
    rows = np.searchsorted(ids, wanted)
    held = np.append(ids, _NO_RECORD)
    known = np.asarray((held[rows] == wanted).all(axis=1))
    return tuple((left, right) for left, right in rows[known].tolist())


def _golden_ids(labels: NDArray[np.int64], people: Population) -> dict[int, str]:
    """Give the canonical id of each cluster that holds a record that waits; new clusters get new ids, in a fixed order."""
    age = {golden_id: rank for rank, golden_id in enumerate(sorted({golden_id for golden_id in people.golden_ids if golden_id}))}
    existing = reconcile(labels, people.golden_ids, age)
    waiting = np.unique(labels[people.pending]).tolist()
    return {label: existing.get(label) or str(new_canonical_id()) for label in waiting}


def _questions(people: Population, result: MatchResult, fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give the pairs (positions) that a steward should see: the strongest between two clusters that stayed apart.

    Where a veto stands between members of the two, a pair that only might match is asked if it may be the missing counterpart: the
    two have no source in common, and neither has a stronger such pair. Else every company of a group would be asked about every other.
    """
    pairs, labels = result.pairs, result.clusters.labels
    asked = np.flatnonzero(fresh & (pairs.outcome != Outcome.NO_MATCH) & (labels[pairs.left] != labels[pairs.right]))
    if not len(asked):
        return asked
    one, other = labels[pairs.left[asked]], labels[pairs.right[asked]]
    ends = np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1)
    # A match outranks what is only possible: a veto leaves that of a pair for which even more speaks.
    order = np.lexsort((asked, -pairs.weight[asked], -pairs.outcome[asked], ends[:, 1], ends[:, 0]))
    asked, ends = asked[order], ends[order]
    first = np.append(True, (ends[1:] != ends[:-1]).any(axis=1))
    asked, ends = asked[first], ends[first]
    doubted = (pairs.outcome[asked] != Outcome.MATCH) & _contradicted(result, ends, labels)
    counterpart = doubted & ~_share_source(people, ends, labels)
    counterpart[counterpart] = _strongest_of_both(ends[counterpart], pairs.weight[asked[counterpart]])
    return np.asarray(asked[~doubted | counterpart])


def _share_source(people: Population, ends: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which pairs of clusters hold records of one source."""
    codes = people.attributes["source"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.uint64)
    held = np.zeros(len(labels), np.uint64)
    np.bitwise_or.at(held, labels, np.uint64(1) << codes % np.uint64(_SOURCES_TOLD_APART))
    return np.asarray((held[ends[:, 0]] & held[ends[:, 1]]) != 0)


def _strongest_of_both(ends: NDArray[np.int64], weight: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which pairs are the strongest of both their clusters; of equally strong ones, the first."""
    order = np.argsort(-weight, kind="stable")
    taken: set[int] = set()
    chosen = np.zeros(len(ends), np.bool_)
    for position in order.tolist():
        one, other = ends[position].tolist()
        chosen[position] = one not in taken and other not in taken
        taken |= {one, other}
    return chosen


def _contradicted(result: MatchResult, ends: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    order = np.argsort(labels, kind="stable")
    sorted_labels = labels[order]
    starts, stops = (np.searchsorted(sorted_labels, ends, side=side) for side in ("left", "right"))
    left, right, question = [], [], []
    for number in range(len(ends)):
        one = order[starts[number, 0] : min(stops[number, 0], starts[number, 0] + _MEMBERS_ASKED)]
        other = order[starts[number, 1] : min(stops[number, 1], starts[number, 1] + _MEMBERS_ASKED)]
        left.append(np.repeat(one, len(other)))
        right.append(np.tile(other, len(one)))
        question.append(np.full(len(one) * len(other), number))
    rows = (np.concatenate(left).astype(np.int32), np.concatenate(right).astype(np.int32))
    scored = score_pairs(result.prepared, result.prepared, *rows, result.model)
    return np.bincount(np.concatenate(question), weights=scored.vetoes != 0, minlength=len(ends)) > 0
