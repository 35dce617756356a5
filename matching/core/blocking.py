"""Blocking: which pairs are worth a comparison, what each rule costs, and what was left out."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.declarations import BlockingRule, MatchConfig
from matching.core.keys import rule_keys
from matching.core.parallel import CORES, each
from matching.core.prepare import Prepared
from matching.core.sorting import first_of_runs, grouping, sorted_unique

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
    `pairs_left_out` counts the pairs under each. `lone_pairs`, which no other rule gave, were left out as hardly any match.
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
    """Rows sorted by key, ascending within each; each group of equal keys begins at `starts` and has `counts` rows."""

    rows: Rows
    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a rule gives by itself: its pairs, ascending, as left * size + right, and the rows of keys too common."""

    pairs: NDArray[np.int64]
    common_rows: Rows
    report: RuleReport


def blocking_keys(prepared: Prepared, config: MatchConfig) -> BlockingKeys:
    """Give every key of every row. Keys depend on entity, rule and values alone, so they may be stored and looked up."""
    found = [rule_keys(prepared, rule, config.entity) for rule in config.blocking]
    return BlockingKeys(
        row=np.concatenate([rows for rows, _ in found]) if found else np.empty(0, np.int32),
        rule=np.repeat(np.arange(len(found), dtype=np.int16), [len(rows) for rows, _ in found]),
        key=np.concatenate([keys for _, keys in found]) if found else np.empty(0, np.int64),
        size=prepared.size,
    )


def candidate_pairs(prepared: Prepared, config: MatchConfig) -> CandidatePairs:
    """Pair the rows that share a key. Keys beyond a rule's limit, or its budget, are common: left to the
    rules that refine it, and counted.

    A table of at most `exhaustive_below` rows is compared whole, whatever keys it has. The keys of one rule at a time
    and core are in memory.
    """
    found = _by_rule(prepared, config)
    left, right, rules = _merge([one.pairs for one in found], prepared)
    alone = [int((rules == np.uint32(1 << number)).sum()) for number in range(len(found))]
    reports = [replace(one.report, only_found_by=only) for one, only in zip(found, alone, strict=True)]
    if prepared.size <= config.exhaustive_below:
        left, right, rules = _whole(prepared.size, left, right, rules)
    return CandidatePairs(left, right, rules, BlockingReport(tuple(reports), len(rules)))


def _by_rule(prepared: Prepared, config: MatchConfig) -> list[_Found]:
    """Give what each rule finds, in the config's order; a rule that refines another comes after it."""
    found: dict[str, _Found] = {}
    waiting = list(config.blocking)
    while waiting:
        ready = [rule for rule in waiting if rule.refines is None or rule.refines in found]
        made = each(lambda rule: _find(prepared, rule, config, found), ready)
        found.update(zip([rule.name for rule in ready], made, strict=True))
        waiting = [rule for rule in waiting if rule.name not in found]
    return [found[rule.name] for rule in config.blocking]


def _find(prepared: Prepared, rule: BlockingRule, config: MatchConfig, found: Mapping[str, _Found]) -> _Found:
    rows, keys = rule_keys(prepared, rule, config.entity)
    if rule.refines is not None:
        chosen = np.isin(rows, found[rule.refines].common_rows)
        rows, keys = rows[chosen], keys[chosen]
    groups = _group(rows, keys)
    shared = np.bincount(groups.counts[groups.counts <= rule.limit], minlength=rule.limit + 1)
    limit = key_limit(shared, rule.limit, prepared.size, config)
    common = groups.counts > limit
    pairs = _pairs(groups, (groups.counts > 1) & ~common, prepared.size)
    refined = any(other.refines == rule.name for other in config.blocking)
    common_rows = _members(groups, common) if refined else np.empty(0, np.int32)
    return _Found(prepared.memory.keep(pairs), common_rows, _report(replace(rule, limit=limit), groups, common, len(pairs)))


def _report(rule: BlockingRule, groups: _Groups, common: NDArray[np.bool_], pairs: int) -> RuleReport:
    counts = groups.counts[common]
    keys = groups.keys[groups.starts[common]]
    top = np.lexsort((keys, -counts))[:MOST_COMMON]
    return RuleReport(
        name=rule.name,
        keys=len(groups.counts),
        pairs=pairs,
        only_found_by=0,
        common_keys=len(counts),
        common_records=int(counts.sum()),
        pairs_left_out=int((counts * (counts - 1) // 2).sum()),
        most_common=tuple((int(key), int(count)) for key, count in zip(keys[top], counts[top], strict=True)),
        limit=rule.limit,
    )


_MOST_RULES: Final = 32
FREE_PAIRS: Final = 200_000
"""Pairs that a rule may always give, however small the table is."""
MOST_COMMON: Final = 10
"""Common keys of a rule that are named in its report."""
_SMALL_GROUP: Final = 8
_MERGED_AT_ONCE: Final = 1_000_000


def key_limit(keys: NDArray[np.int64], limit: int, size: int, config: MatchConfig) -> int:
    """Give how many records may share a key: the rule's limit, or fewer where the rule would cost too much.

    `keys` says how many keys are shared by 0, 1, 2, ... up to `limit` records, in a table of `size` records.
    """
    records = np.arange(limit + 1)
    cost = (keys * (records * (records - 1) // 2)).cumsum()
    budget = max(FREE_PAIRS, config.pairs_per_record * size)
    return int(np.searchsorted(cost, budget, side="right") - 1) if cost[-1] > budget else limit


def _group(rows: Rows, keys: NDArray[np.int64]) -> _Groups:
    order, keys = grouping(keys)
    starts = np.flatnonzero(first_of_runs(keys))
    return _Groups(rows[order], keys, starts, np.diff(np.append(starts, len(keys))))


def _members(groups: _Groups, chosen: NDArray[np.bool_]) -> Rows:
    return sorted_unique(groups.rows[np.repeat(chosen, groups.counts)])


def _pairs(groups: _Groups, chosen: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
    """Pair the rows of each chosen group, as left * size + right, ascending."""
    starts, counts = groups.starts[chosen], groups.counts[chosen]
    found: list[NDArray[np.int64]] = []
    # Nearly all groups are small: those of one size have their pairs at the same places.
    for count in range(2, _SMALL_GROUP + 1):
        first = starts[counts == count]
        places = itertools.combinations(range(count), 2)
        found.extend(_numbered(groups.rows[first + one], groups.rows[first + other], size) for one, other in places)
    large = counts > _SMALL_GROUP
    found.append(_numbered(*_large_pairs(groups.rows, starts[large], counts[large]), size))
    pairs = np.concatenate(found)
    pairs.sort()
    return pairs


def _large_pairs(rows: Rows, starts: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[Rows, Rows]:
    member = np.repeat(np.arange(len(starts)), counts)
    place = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    here = starts[member] + place
    after = counts[member] - place - 1
    first = np.repeat(here, after)
    step = np.arange(int(after.sum())) - np.repeat(np.cumsum(after) - after, after) + 1
    return rows[first], rows[first + step]


def _numbered(one: Rows, other: Rows, size: int) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = one.astype(np.int64) * size + other
    same = one == other
    return numbers[~same] if same.any() else numbers


def _merge(pairs: list[NDArray[np.int64]], prepared: Prepared) -> tuple[Rows, Rows, NDArray[np.uint32]]:
    """Bring the rules of each pair together: ranges of left rows on their own, so that each is small and all cores work."""
    size = prepared.size
    parts = max(sum(len(some) for some in pairs) // _MERGED_AT_ONCE + 1, CORES)
    bounds = np.linspace(0, size, parts + 1).astype(np.int64) * size
    cuts = [np.searchsorted(some, bounds) for some in pairs]

    def merged(part: int) -> tuple[Rows, Rows, NDArray[np.uint32]]:
        # Pair and rule in one number, so that one sort brings a pair's rules together.
        every = np.concatenate(
            [np.empty(0, np.int64)]
            + [some[cut[part] : cut[part + 1]] * _MOST_RULES + number for number, (some, cut) in enumerate(zip(pairs, cuts, strict=True))]
        )
        # Runs that are sorted already: what the stable sort only merges.
        every.sort(kind="stable")
        bits = np.left_shift(np.uint32(1), (every % _MOST_RULES).astype(np.uint32))
        every //= _MOST_RULES
        starts = np.flatnonzero(first_of_runs(every))
        rules = np.bitwise_or.reduceat(bits, starts) if len(every) else bits
        left, right = np.divmod(every[starts], max(size, 1))
        keep = prepared.memory.keep
        return keep(left.astype(np.int32)), keep(right.astype(np.int32)), keep(rules)

    columns = zip(*each(merged, range(parts)), strict=True)
    left, right, rules = (prepared.memory.join(list(column)) for column in columns)
    return left, right, rules


def _whole(size: int, left: Rows, right: Rows, rules: NDArray[np.uint32]) -> tuple[Rows, Rows, NDArray[np.uint32]]:
    """Give all pairs of the table, with the rules of those that are found by one."""
    every, other = np.triu_indices(size, 1)
    whole = np.zeros(len(every), np.uint32)
    whole[np.searchsorted(every * size + other, left.astype(np.int64) * size + right)] = rules
    return every.astype(np.int32), other.astype(np.int32), whole
