"""How many matches all blocking rules miss together: capture-recapture between the rules.

Each rule is a trap and each match an animal: from which matches were caught by which rules follows how many were caught by none.
Rules are no independent traps: those that look at one thing (a name in two spellings) catch and miss together. So rules are
grouped into *lists* by what they look at first, kinds of records (organisations, persons) are counted apart, and what dependence
is left between lists is modelled.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.declarations import Field, MatchConfig
from matching.core.loglinear import Unseen, chao_bound, unseen, unseen_mixed

MOST_LISTS: Final = 7
"""Lists that are told apart: the model has a cell for each subset of them."""
SMALLEST_STRATUM: Final = 0.05
"""A stratum with a smaller share of the matches is counted with the largest: it can't speak for itself."""
_NORMAL_95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Caught:
    """Pairs that may be matches: the `rules` that gave each (bits), how likely it is a match, and its stratum."""

    rules: NDArray[np.uint32]
    probability: NDArray[np.float64]
    strata: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many matches (pairs) the rules gave, `found`, and how many they all miss, `missed`, from `low` to `high` (95 %).

    `missed` is the geometric mean of two estimates, each summed over the strata: a log-linear model knows that lists depend
    on each other, but not that some matches are harder to catch than others, and says too little; Chao's knows the second,
    but takes lists for alike, and says too much. `low` and `high` are the ends of both intervals; `lower_bound` is Chao's
    for lists of different sizes. `high` is infinite where the rules say nothing about each other, as with one rule.

    In a table that is compared whole, what no rule gives is seen all the same: `counted` has it, and `missed` is an estimate
    to set beside it. `lists` are the groups of rules, and `caught_by` says how many matches exactly 1, 2, ... of them caught.

    The interval knows of chance and of the model. It does not know of false matches weighed as likely, which
    raise the estimate, nor of matches damaged so much that hardly any rule could catch them, which lower it: what was not
    caught shows only through its like that was.
    """

    found: float
    missed: float
    low: float
    high: float
    lower_bound: float
    counted: float | None
    lists: tuple[str, ...]
    caught_by: tuple[float, ...]

    @property
    def recall(self) -> float:
        """The share of all matches that the rules give, between 0 and 1."""
        return self._share(self.missed if self.counted is None else self.counted)

    @property
    def recall_interval(self) -> tuple[float, float]:
        """The least and the most that the share may be; the same twice where it was counted."""
        if self.counted is not None:
            return self.recall, self.recall
        return self._share(self.high), self._share(self.low)

    def _share(self, missed: float) -> float:
        return self.found / (self.found + missed) if self.found + missed else 1.0


def coverage(caught: Caught, config: MatchConfig, *, whole: bool = False) -> Coverage:
    """Estimate how many matches no blocking rule gives, from which rules gave those that were found.

    Pairs weigh as much as they are likely to be matches. `whole` says that the table was compared whole, so that pairs
    which no rule gave are among those given. Sources: Fienberg (1972) and Chao (1987), see `loglinear`.
    """
    by_rule = caught.rules != 0
    weight = np.where(by_rule, caught.probability, 0.0)
    strata = _pooled(caught.strata, weight)
    lists = rule_lists(config)
    bound, caught_by = 0.0, np.zeros(MOST_LISTS)
    dependent: list[Unseen] = []
    mixed: list[Unseen] = []
    for stratum in np.unique(strata[by_rule]):
        chosen = by_rule & (strata == stratum)
        counts, apart = _cells(caught.rules[chosen], weight[chosen], lists)
        dependent.append(unseen(counts) if apart else Unseen(unseen(counts).missed, math.inf))
        mixed.append(unseen_mixed(counts))
        bound += chao_bound(counts)
        caught_by += np.bincount(np.bitwise_count(np.arange(len(counts))), counts, minlength=MOST_LISTS + 1)[1:]
    (one, *ends), (other, *more_ends) = _sum(dependent), _sum(mixed)
    missed, low, high = math.sqrt(one * other), min(*ends, *more_ends), max(*ends, *more_ends)
    counted = float(caught.probability[~by_rule].sum()) if whole else None
    by_lists = tuple(np.trim_zeros(caught_by, "b").tolist())
    return Coverage(float(weight.sum()), missed, low, high, bound, counted, tuple(dict.fromkeys(lists)), by_lists)


def rule_lists(config: MatchConfig) -> tuple[str, ...]:
    """Give the list of each blocking rule: what it looks at first, by the name of a field.

    Fields are one thing where one is made of the other, both are made of one attribute, or a comparison takes them together.
    A rule that refines another belongs to that one's list.
    """
    of = _things(config)
    lists: dict[str, str] = {}
    for rule in config.blocking:
        lists[rule.name] = lists[rule.refines] if rule.refines else of[rule.parts[0].field]
    return tuple(lists.values())


def _things(config: MatchConfig) -> dict[str, str]:
    """Name the group of each field after the first field in it."""
    names = [field.name for field in config.fields]
    group = {name: name for name in names}
    pairs = [(one.name, other.name) for one in config.fields for other in config.fields if _one_source(one, other)]
    pairs += [(comparison.fields[0], field) for comparison in config.comparisons for field in comparison.fields[1:]]
    for one, other in pairs:
        first, second = sorted((group[one], group[other]), key=names.index)
        group = {name: first if found == second else found for name, found in group.items()}
    return group


def _one_source(one: Field, other: Field) -> bool:
    if "kind" in (one.combine, other.combine):  # made of everything that tells a person from a company
        return False
    return other.base == one.name or bool(set(one.of) & set(other.of))


def _pooled(strata: NDArray[np.uint8], weight: NDArray[np.float64]) -> NDArray[np.uint8]:
    sizes = np.bincount(strata, weight, minlength=1)
    small = sizes < SMALLEST_STRATUM * sizes.sum()
    return np.where(small[strata], np.uint8(np.argmax(sizes)), strata)


def _cells(rules: NDArray[np.uint32], weight: NDArray[np.float64], lists: Sequence[str]) -> tuple[NDArray[np.float64], bool]:
    """Weigh the pairs of each combination of lists that caught something, and say whether these are lists apart.

    Where all that caught something is one list, its rules stand in for lists; they say little of each other.
    """
    groups = [[number for number, name in enumerate(lists) if name == wanted] for wanted in dict.fromkeys(lists)]
    masks = _catching(groups, rules)
    apart = len(masks) > 1
    if not apart:
        masks = _catching([[number] for number in range(len(lists))], rules)
    sizes = [float(weight[rules & mask != 0].sum()) for mask in masks]
    while len(masks) > MOST_LISTS:
        # The two that caught least become one.
        small, next_small = np.argsort(sizes, kind="stable")[:2].tolist()
        masks[next_small] |= masks[small]
        sizes[next_small] = float(weight[rules & masks[next_small] != 0].sum())
        del masks[small], sizes[small]
    cell = np.zeros(len(rules), np.int64)
    for place, mask in enumerate(masks):
        cell |= (rules & mask != 0).astype(np.int64) << place
    return np.bincount(cell, weight, minlength=1 << len(masks)).astype(np.float64), apart


def _catching(groups: Sequence[Sequence[int]], rules: NDArray[np.uint32]) -> list[np.uint32]:
    every = np.bitwise_or.reduce(rules, initial=0)
    masks = [np.uint32(sum(1 << number for number in group)) for group in groups]
    return [mask for mask in masks if every & mask]


def _sum(estimates: Sequence[Unseen]) -> tuple[float, float, float]:
    """Add estimates of several strata, with Chao's log-normal interval (1987)."""
    missed = sum(found.missed for found in estimates)
    variance = sum(found.variance for found in estimates)
    if math.isinf(variance):
        return missed, missed, math.inf
    if missed <= 0:
        return 0.0, 0.0, 0.0
    factor = math.exp(_NORMAL_95 * math.sqrt(math.log1p(variance / missed**2)))
    return missed, missed / factor, missed * factor
