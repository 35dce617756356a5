"""Blocking: which pairs are worth a comparison, what each rule costs, and what was left out."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.declarations import BlockingRule, MatchConfig
from matching.core.keys import rule_keys
from matching.core.prepare import Prepared
from matching.core.sorting import first_of_runs, sorted_unique, sorting_order

Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class BlockingKeys:
    """Which row has which key by which rule (number in the config): three arrays of one length; `size` rows in all."""

    row: Rows
    rule: NDArray[np.int16]
    key: NDArray[np.int64]
    size: int = 0


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What a rule did: its keys, the candidate pairs it gave, those no other rule gave, and what was left out.

    Keys shared by more than `limit` records (the rule's, or fewer where it would cost too much) were too common:
    `pairs_left_out` counts the pairs under each. `lone_pairs` were left out for the rule being dear and alone with them.
    """

    name: str
    keys: int
    pairs: int
    only_found_by: int
    common_keys: int
    common_records: int
    pairs_left_out: int
    most_common: tuple[tuple[int, int], ...]
    """The keys shared by most records that were set aside, and by how many."""
    limit: int = 0
    lone_pairs: int = 0


@dataclass(frozen=True, slots=True)
class BlockingReport:
    """What each rule costs and finds."""

    rules: tuple[RuleReport, ...]
    candidates: int


@dataclass(frozen=True, slots=True)
class CandidatePairs:
    """Pairs of rows (left < right), each once, ascending, and the rules that gave it, as bits."""

    left: Rows
    right: Rows
    rules: NDArray[np.uint32]
    report: BlockingReport


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows sorted by key; each group of equal keys begins at `starts` and has `counts` rows."""

    rows: Rows
    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]


def blocking_keys(prepared: Prepared, config: MatchConfig) -> BlockingKeys:
    """Give every key of every row. Keys depend on entity, rule and values alone, so they may be stored and looked up."""
    found = [rule_keys(prepared, rule, config.entity) for rule in config.blocking]
    return BlockingKeys(
        row=np.concatenate([rows for rows, _ in found]) if found else np.empty(0, np.int32),
        rule=np.repeat(np.arange(len(found), dtype=np.int16), [len(rows) for rows, _ in found]),
        key=np.concatenate([keys for _, keys in found]) if found else np.empty(0, np.int64),
        size=prepared.size,
    )


def candidate_pairs(keys: BlockingKeys, config: MatchConfig) -> CandidatePairs:
    """Pair the rows that share a key. Keys beyond a rule's limit, or its budget, are common: left to the
    rules that refine it, and counted.

    A table of at most `exhaustive_below` rows is compared whole, whatever keys it has.
    """
    pairs: list[NDArray[np.int64]] = []
    parts: list[tuple[BlockingRule, _Groups, NDArray[np.bool_], int]] = []
    common_rows: dict[str, Rows] = {}
    bounds = np.searchsorted(keys.rule, np.arange(len(config.blocking) + 1))
    for number, rule in enumerate(config.blocking):
        part = slice(bounds[number], bounds[number + 1])
        groups = _group(*_selected(keys.row[part], keys.key[part], rule, common_rows))
        limit = _limit(groups.counts, rule.limit, keys.size, config)
        common = groups.counts > limit
        if any(other.refines == rule.name for other in config.blocking):
            common_rows[rule.name] = _members(groups, common)
        pair = _pairs(groups, (groups.counts > 1) & ~common, keys.size)
        # Pair and rule in one number, so that one sort brings a pair's rules together.
        pairs.append(pair * _MOST_RULES + number)
        parts.append((replace(rule, limit=limit), groups, common, len(pair)))
    left, right, found = _merge(pairs, keys, config)
    report = _report(parts, found)
    if config.lone_pairs < 1 and keys.size > config.exhaustive_below:
        kept, report = _without_chance(found, report, config.lone_pairs)
        left, right, found = left[kept], right[kept], found[kept]
    return CandidatePairs(left, right, found, report)


def _without_chance(found: NDArray[np.uint32], report: BlockingReport, most: float) -> tuple[NDArray[np.bool_], BlockingReport]:
    """Leave out, and count, the lone pairs of dear rules that hardly any other rule confirms."""
    kept = np.ones(len(found), np.bool_)
    rules = list(report.rules)
    for number, rule in enumerate(rules):
        if rule.pairs > FREE_PAIRS and rule.only_found_by > most * rule.pairs:
            kept &= found != np.uint32(1 << number)
            rules[number] = replace(rule, only_found_by=0, lone_pairs=rule.only_found_by)
    return kept, BlockingReport(tuple(rules), int(kept.sum()))


_MOST_RULES: Final = 32
FREE_PAIRS: Final = 200_000
"""Pairs that a rule may always give, however small the table is."""


def _limit(counts: NDArray[np.int64], limit: int, size: int, config: MatchConfig) -> int:
    """Give how many records may share a key: the rule's limit, or fewer where the rule would cost too much."""
    usable = counts[(counts > 1) & (counts <= limit)]
    cost = np.bincount(usable, usable * (usable - 1) / 2, minlength=limit + 1).cumsum()
    budget = max(FREE_PAIRS, config.pairs_per_record * size)
    return int(np.searchsorted(cost, budget, side="right") - 1) if cost[-1] > budget else limit


def _selected(rows: Rows, keys: NDArray[np.int64], rule: BlockingRule, common_rows: dict[str, Rows]) -> tuple[Rows, NDArray[np.int64]]:
    if rule.refines is None:
        return rows, keys
    chosen = np.isin(rows, common_rows[rule.refines])
    return rows[chosen], keys[chosen]


def _group(rows: Rows, keys: NDArray[np.int64]) -> _Groups:
    order = sorting_order(keys)
    rows, keys = rows[order], keys[order]
    starts = np.flatnonzero(first_of_runs(keys))
    return _Groups(rows, keys, starts, np.diff(np.append(starts, len(keys))))


def _members(groups: _Groups, chosen: NDArray[np.bool_]) -> Rows:
    return sorted_unique(groups.rows[np.repeat(chosen, groups.counts)])


def _pairs(groups: _Groups, chosen: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
    """Pair the rows of each chosen group, as left * size + right."""
    starts, counts = groups.starts[chosen], groups.counts[chosen]
    member = np.repeat(np.arange(len(starts)), counts)
    place = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    here = starts[member] + place
    after = counts[member] - place - 1
    first = np.repeat(here, after)
    step = np.arange(int(after.sum())) - np.repeat(np.cumsum(after) - after, after) + 1
    one, other = groups.rows[first].astype(np.int64), groups.rows[first + step].astype(np.int64)
    result: NDArray[np.int64] = (np.minimum(one, other) * size + np.maximum(one, other))[one != other]
    return result


def _merge(pairs: list[NDArray[np.int64]], keys: BlockingKeys, config: MatchConfig) -> tuple[Rows, Rows, NDArray[np.uint32]]:
    every = np.concatenate(pairs) if pairs else np.empty(0, np.int64)
    pairs.clear()
    every.sort()
    bits = np.left_shift(np.uint32(1), (every % _MOST_RULES).astype(np.uint32))
    every //= _MOST_RULES
    starts = np.flatnonzero(first_of_runs(every))
    merged = np.bitwise_or.reduceat(bits, starts) if len(every) else bits
    every = every[starts]
    if keys.size <= config.exhaustive_below:
        left, right = np.triu_indices(keys.size, 1)
        whole = np.zeros(len(left), np.uint32)
        whole[np.searchsorted(left.astype(np.int64) * keys.size + right, every)] = merged
        return left.astype(np.int32), right.astype(np.int32), whole
    return (every // keys.size).astype(np.int32), (every % keys.size).astype(np.int32), merged


def _report(parts: list[tuple[BlockingRule, _Groups, NDArray[np.bool_], int]], found: NDArray[np.uint32]) -> BlockingReport:
    reports = []
    for number, (rule, groups, common, pairs) in enumerate(parts):
        counts = groups.counts[common]
        top = np.argsort(-counts, kind="stable")[:10]
        named = groups.keys[groups.starts[common]][top]
        reports.append(
            RuleReport(
                name=rule.name,
                keys=len(groups.counts),
                pairs=pairs,
                only_found_by=int((found == np.uint32(1 << number)).sum()),
                common_keys=len(counts),
                common_records=int(counts.sum()),
                pairs_left_out=int((counts * (counts - 1) // 2).sum()),
                most_common=tuple((int(key), int(count)) for key, count in zip(named, counts[top], strict=True)),
                limit=rule.limit,
            )
        )
    return BlockingReport(tuple(reports), len(found))
