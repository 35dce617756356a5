"""What a blocking rule left out, and what that holds: counted where it can be, else told from a sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import gammaincinv

from matching.core.blocking import CandidatePairs, RuleReport
from matching.core.decide import Outcome, decide
from matching.core.keys import rule_keys
from matching.core.score import score_pairs
from matching.core.sorting import first_of_runs, grouping
from matching.engines.local import MatchResult

SAMPLE: Final = 2_000
"""Left-out pairs of a rule that are scored to tell what the others hold."""
LISTED: Final = 10
"""Common keys of a rule that are listed, the commonest first."""
_UPPER: Final = 0.975


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Pairs left out, those that `came_back` by other rules, and of the rest those that would match: about `matches`, `most` at most.

    From a sample, as the model would decide them, with the exact Poisson bound of Garwood (1936): of many pairs with few matches
    it says little but `most`. A pair that several rules left out is counted with each.
    """

    pairs: int = 0
    came_back: int = 0
    matches: float = 0.0
    most: float = 0.0


@dataclass(frozen=True, slots=True)
class CommonKey:
    """A key shared by too many `records`: its pairs, those that came back, and the `row` of a record that has it."""

    key: int
    row: int
    records: int
    pairs: int
    came_back: int


@dataclass(frozen=True, slots=True)
class RuleLeftOut:
    """What one rule left out: under common keys, as lone pairs; and the commonest keys."""

    common: LeftOut = LeftOut()
    lone: LeftOut = LeftOut()
    commonest: tuple[CommonKey, ...] = ()


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Rows in the order of their keys; block n holds `counts[n]` of them from `starts[n]` on."""

    rows: NDArray[np.int32]
    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]

    def chosen(self, which: NDArray[np.bool_]) -> "_Blocks":
        kept = np.repeat(which, self.counts)
        counts = self.counts[which]
        return _Blocks(self.rows[kept], self.keys[which], np.cumsum(counts) - counts, counts)

    @property
    def pairs(self) -> NDArray[np.int64]:
        return self.counts * (self.counts - 1) // 2


def left_out(result: MatchResult) -> list[RuleLeftOut]:
    """Study what each rule left out, in the order of the config. Deterministic: the samples are fixed."""
    studies = [_Study(report) for report in result.report.rules]
    grouped: dict[int, _Blocks] = {}
    for number, study in enumerate(studies):
        if not study.report.common_keys and not study.report.lone_pairs:
            continue
        blocks = _blocks(result, number, grouped)
        if study.report.common_keys:
            study.common = blocks.chosen(blocks.counts > study.report.limit)
        if study.report.lone_pairs:
            study.lone = blocks.chosen((blocks.counts > 1) & (blocks.counts <= study.report.limit))
    sampled = [blocks for study in studies for blocks in (study.common, study.lone) if blocks is not None]
    estimates = iter(_matches_among(sampled, result))
    return [_told(study, result, estimates) for study in studies]


@dataclass(slots=True)
class _Study:
    report: RuleReport
    common: _Blocks | None = None
    lone: _Blocks | None = None


def _told(study: _Study, result: MatchResult, estimates: Iterator[tuple[float, float]]) -> RuleLeftOut:
    common, lone = LeftOut(), LeftOut()
    commonest: tuple[CommonKey, ...] = ()
    if study.common is not None:
        came_back = _came_back(study.common, result.candidates, result.prepared.size)
        common = _left(int(study.common.pairs.sum()), int(came_back.sum()), next(estimates))
        commonest = _commonest(study.common, came_back)
    if study.lone is not None:
        lone = _left(study.report.lone_pairs, 0, next(estimates))
    return RuleLeftOut(common, lone, commonest)


def _left(pairs: int, came_back: int, estimate: tuple[float, float]) -> LeftOut:
    matches, most = (round(min(value, pairs - came_back), 1) for value in estimate)
    return LeftOut(pairs, came_back, matches, most)


def _blocks(result: MatchResult, number: int, grouped: dict[int, _Blocks]) -> _Blocks:
    config = result.model.config
    rule = config.blocking[number]
    rows, keys = rule_keys(result.prepared, rule, config.entity)
    refines = rule.refines
    if refines is not None:
        refined = [rule.name for rule in config.blocking].index(refines)
        parent = grouped[refined]
        served = np.isin(rows, parent.chosen(parent.counts > result.report.rules[refined].limit).rows)
        rows, keys = rows[served], keys[served]
    order, keys = grouping(keys)
    starts = np.flatnonzero(first_of_runs(keys))
    grouped[number] = _Blocks(rows[order], keys[starts], starts, np.diff(np.append(starts, len(keys))))
    return grouped[number]


def _came_back(blocks: _Blocks, candidates: CandidatePairs, size: int) -> NDArray[np.int64]:
    """Count for each block the pairs of its rows that are candidates all the same."""
    shape = (size, len(blocks.counts))
    block = np.repeat(np.arange(shape[1]), blocks.counts)
    holds = csr_array((np.ones(len(block), np.int8), (blocks.rows, block)), shape)
    inside = np.diff(holds.indptr) > 0
    possible = inside[candidates.left] & inside[candidates.right]
    both = holds[candidates.left[possible]].multiply(holds[candidates.right[possible]]).tocoo()
    return np.bincount(both.col, minlength=shape[1])


def _matches_among(sampled: Sequence[_Blocks], result: MatchResult) -> list[tuple[float, float]]:
    """Tell from samples how many matches each of these holds that are no candidates, and how many at most."""
    if not sampled:
        return []
    drawn = [_drawn(blocks) for blocks in sampled]
    left, right = (np.concatenate(rows) for rows in zip(*drawn, strict=True))
    candidates, size = result.candidates, result.prepared.size
    known = candidates.left.astype(np.int64) * size + candidates.right
    wanted = left.astype(np.int64) * size + right
    place = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
    fresh = known[place] != wanted if len(known) else np.ones(len(wanted), np.bool_)
    scored = score_pairs(result.prepared, result.prepared, left[fresh], right[fresh], result.model)
    likely = np.zeros(len(wanted))
    likely[fresh] = np.where(decide(scored, result.model) == Outcome.MATCH, scored.probability, 0.0)
    found = likely.reshape(len(sampled), SAMPLE).sum(axis=1)
    each = np.array([blocks.pairs.sum() / SAMPLE for blocks in sampled])
    return list(zip((each * found).tolist(), (each * gammaincinv(found + 1, _UPPER)).tolist(), strict=True))


def _drawn(blocks: _Blocks) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    chance = np.random.default_rng(0)
    block = np.searchsorted(blocks.pairs.cumsum(), chance.integers(blocks.pairs.sum(), size=SAMPLE), side="right")
    counts, starts = blocks.counts[block], blocks.starts[block]
    first = chance.integers(counts)
    second = (first + 1 + chance.integers(counts - 1)) % counts
    one, other = blocks.rows[starts + first], blocks.rows[starts + second]
    return np.minimum(one, other), np.maximum(one, other)


def _commonest(blocks: _Blocks, came_back: NDArray[np.int64]) -> tuple[CommonKey, ...]:
    top = np.argsort(-blocks.counts, kind="stable")[:LISTED]
    return tuple(
        CommonKey(
            key=int(blocks.keys[block]),
            row=int(blocks.rows[blocks.starts[block]]),
            records=int(blocks.counts[block]),
            pairs=int(blocks.pairs[block]),
            came_back=int(came_back[block]),
        )
        for block in top.tolist()
    )
