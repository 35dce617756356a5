"""The parts of a plan: made as Arrow tables from arrays, kept as bytes, applied one by one in a transaction each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from matching.core.blocking import BlockingKeys
from matching.core.decide import Outcome
from matching.engines.local import MatchResult
from matching.models import ChunkKind
from matching.population import Population

RECORDS: Final = 2_000
_PAIRS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """One part of a plan: its kind and its rows."""

    kind: ChunkKind
    rows: pa.Table

    def to_bytes(self) -> bytes:
        """Give the rows as an Arrow IPC stream."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.rows.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(self.rows)
        return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]

    @classmethod
    def from_bytes(cls, kind: str, data: bytes) -> "Chunk":
        """Read what `to_bytes` gave."""
        with pa.ipc.open_stream(data) as reader:
            return cls(ChunkKind(kind), reader.read_all())


def memberships(
    people: Population, result: MatchResult, golden_ids: dict[int, str], found: BlockingKeys, planned: NDArray[np.bool_]
) -> Iterator[Chunk]:
    """Say for each of the planned records where it goes, through which pair, and its keys: a cluster is never cut across chunks."""
    yield from _placed(ChunkKind.MEMBERSHIPS, people, result, (golden_ids, found), planned)


def moves(
    people: Population, result: MatchResult, golden_ids: dict[int, str], found: BlockingKeys, planned: NDArray[np.bool_]
) -> Iterator[Chunk]:
    """Say the same, with where each record comes from, of clusters to which records of other golden records go."""
    yield from _placed(ChunkKind.MOVES, people, result, (golden_ids, found), planned)


def _placed(
    kind: ChunkKind, people: Population, result: MatchResult, told: tuple[dict[int, str], BlockingKeys], planned: NDArray[np.bool_]
) -> Iterator[Chunk]:
    golden_ids, found = told
    labels = result.clusters.labels
    rows = np.flatnonzero(planned)
    rows = rows[np.argsort(labels[rows], kind="stable")]
    via = _strongest_link(result, labels)
    table = pa.table(
        {
            "record_id": people.ids[rows],
            "version": people.versions[rows],
            "golden_id": pa.array([golden_ids[label] for label in labels[rows].tolist()], pa.string()),
            "from_id": pa.array([people.golden_ids[row] for row in rows.tolist()], pa.string()),
            "other_id": _other(people.ids, result, via[rows], rows),
            **_keys_of(found, rows),
            **_evidence(result, via[rows]),
        }
    )
    for start, stop in _whole_clusters(labels[rows]):
        yield Chunk(kind, table.slice(start, stop - start).combine_chunks())


def keys(people: Population, found: BlockingKeys) -> Iterator[Chunk]:
    """Give the blocking keys of the records that do not wait, for after a change of rules."""
    rows = np.flatnonzero(~people.pending)
    table = pa.table({"record_id": people.ids[rows], **_keys_of(found, rows)})
    for start in range(0, len(rows), RECORDS):
        yield Chunk(ChunkKind.KEYS, table.slice(start, RECORDS).combine_chunks())


def decisions(ids: NDArray[np.int64], result: MatchResult, chosen: NDArray[np.bool_]) -> Iterator[Chunk]:
    """Give the evidence on the chosen pairs."""
    positions = np.flatnonzero(chosen)
    for start in range(0, len(positions), _PAIRS):
        part = positions[start : start + _PAIRS]
        yield Chunk(ChunkKind.DECISIONS, pa.table({**_ends(ids, result, part), **_evidence(result, part)}))


def questions(ids: NDArray[np.int64], result: MatchResult, positions: NDArray[np.int64]) -> Iterator[Chunk]:
    """Give the pairs to ask about."""
    for start in range(0, len(positions), RECORDS):
        part = positions[start : start + RECORDS]
        yield Chunk(ChunkKind.QUESTIONS, pa.table({**_ends(ids, result, part), "outcome": result.pairs.outcome[part]}))


def _keys_of(found: BlockingKeys, rows: NDArray[np.int64]) -> dict[str, pa.ListArray]:
    """Give the keys of some rows as lists: `rules` and `keys`."""
    order = np.argsort(found.row, kind="stable")
    counts = np.bincount(found.row, minlength=found.size)
    starts = np.cumsum(counts) - counts
    repeat = counts[rows]
    ends = np.cumsum(repeat)
    chosen = order[np.repeat(starts[rows] - ends + repeat, repeat) + np.arange(int(repeat.sum()))]
    offsets = pa.array(np.append(0, ends).astype(np.int32))
    return {
        "rules": pa.ListArray.from_arrays(offsets, pa.array(found.rule[chosen])),
        "keys": pa.ListArray.from_arrays(offsets, pa.array(found.key[chosen])),
    }


def _ends(ids: NDArray[np.int64], result: MatchResult, positions: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    return {"left_id": ids[result.pairs.left[positions]], "right_id": ids[result.pairs.right[positions]]}


def _evidence(result: MatchResult, positions: NDArray[np.int64]) -> dict[str, pa.Array]:
    """Give the evidence on pairs by position; -1 is no pair, and gives nulls."""
    pairs = result.pairs
    known = positions >= 0
    if not len(pairs.left):
        positions = np.zeros(0, np.int64)
        empty = np.zeros(len(known), bool)
        return {name: pa.nulls(len(empty), kind) for name, kind in _EVIDENCE_TYPES.items()}
    none = ~known
    return {
        "outcome": pa.array(pairs.outcome[positions], pa.int8(), mask=none),
        "weight": pa.array(pairs.weight[positions], pa.float64(), mask=none),
        "probability": pa.array(pairs.probability[positions], pa.float64(), mask=none),
        "levels": _lists(pairs.levels[positions], pa.uint8()),
        "weights": _lists(np.round(pairs.weights[positions], 3), pa.float32()),
        "stratum": pa.array(pairs.strata[positions], pa.uint8(), mask=none),
        "vetoes": pa.array(pairs.vetoes[positions], pa.uint32(), mask=none),
    }


_EVIDENCE_TYPES: Final = {
    "outcome": pa.int8(),
    "weight": pa.float64(),
    "probability": pa.float64(),
    "levels": pa.list_(pa.uint8()),
    "weights": pa.list_(pa.float32()),
    "stratum": pa.uint8(),
    "vetoes": pa.uint32(),
}


def _lists(values: NDArray[np.generic], kind: pa.DataType) -> pa.ListArray:
    height, width = values.shape
    offsets = pa.array(np.arange(height + 1, dtype=np.int32) * width)
    return pa.ListArray.from_arrays(offsets, pa.array(values.ravel(), kind))


def _strongest_link(result: MatchResult, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give for each row the position of the strongest matching pair that ties it to its cluster, -1 for none."""
    pairs = result.pairs
    inside = np.flatnonzero((labels[pairs.left] == labels[pairs.right]) & (pairs.outcome == Outcome.MATCH))
    rows = np.concatenate([pairs.left[inside], pairs.right[inside]])
    positions = np.concatenate([inside, inside])
    order = np.lexsort((positions, -pairs.weight[positions], rows))
    rows, positions = rows[order], positions[order]
    first = np.append(True, rows[1:] != rows[:-1]) if len(rows) else np.empty(0, bool)
    best = np.full(len(labels), -1, np.int64)
    best[rows[first]] = positions[first]
    return best


def _other(ids: NDArray[np.int64], result: MatchResult, via: NDArray[np.int64], rows: NDArray[np.int64]) -> pa.Array:
    if not len(result.pairs.left):
        return pa.nulls(len(rows), pa.int64())
    left, right = result.pairs.left[via], result.pairs.right[via]
    return pa.array(ids[np.where(left == rows, right, left)], pa.int64(), mask=via < 0)


def _whole_clusters(labels: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut sorted labels into stretches of about a thousand rows, between clusters."""
    starts = np.flatnonzero(np.append(True, labels[1:] != labels[:-1])) if len(labels) else np.empty(0, np.int64)
    begin = 0
    for start in starts.tolist():
        if start - begin >= RECORDS:
            yield begin, start
            begin = start
    if begin < len(labels):
        yield begin, len(labels)
