"""Leaving out what one blocking rule alone gives where it hardly ever matches: judged on some of those pairs."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.blocking import BlockingReport, CandidatePairs

JUDGED_FROM: Final = 1_000_000
"""Candidate pairs from which it pays to judge rules first."""
PROBES: Final = 10_000
"""Pairs of each rule alone that it is judged by."""
OTHERS: Final = 250_000
"""Pairs of several rules that belong to a probe."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Some of the candidate pairs (places, ascending), and how many of all pairs each stands for."""

    places: NDArray[np.int64]
    counts: NDArray[np.float64]


def probe_of(pairs: CandidatePairs) -> Probe:
    """Pick pairs evenly over the table, of each rule those that it alone gave: the same for the same pairs."""
    strata = [(np.flatnonzero(pairs.rules == np.uint32(1 << number)), PROBES) for number in range(len(pairs.report.rules))]
    strata.append((np.flatnonzero(np.bitwise_count(pairs.rules) != 1), OTHERS))
    places, counts = [], []
    for among, most in strata:
        taken = min(len(among), most)
        places.append(among[np.arange(taken) * len(among) // max(taken, 1)])
        counts.append(np.full(taken, len(among) / max(taken, 1)))
    every, each = np.concatenate(places), np.concatenate(counts)
    order = np.argsort(every)
    return Probe(every[order], each[order])


def promising(pairs: CandidatePairs, probe: Probe, matches: NDArray[np.bool_], least: float) -> tuple[NDArray[np.bool_], CandidatePairs]:
    """Leave out, and count, the pairs that one rule alone gave, where fewer than the share `least` of its probes match.

    Gives which pairs are kept, and these.
    Rules with so few such pairs that all are probed keep them: they cost nothing.
    """
    kept = np.ones(len(pairs.rules), np.bool_)
    reports = list(pairs.report.rules)
    for number, rule in enumerate(reports):
        mine = np.uint32(1 << number)
        own = matches[pairs.rules[probe.places] == mine]
        if rule.only_found_by > PROBES and own.mean() < least:
            kept &= pairs.rules != mine
            reports[number] = replace(rule, only_found_by=0, lone_pairs=rule.only_found_by)
    if kept.all():
        return kept, pairs
    report = BlockingReport(tuple(reports), int(kept.sum()))
    return kept, CandidatePairs(pairs.left[kept], pairs.right[kept], pairs.rules[kept], report)
