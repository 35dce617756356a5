"""Learned blocking rules: which rules, of all that a config's fields allow, would find matches that the present ones miss."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.blocking import CandidatePairs, candidate_pairs
from matching.core.decide import Outcome, decide
from matching.core.declarations import BlockingRule, KeyPart, MatchConfig, part_text
from matching.core.keys import rule_keys
from matching.core.model import MatchModel
from matching.core.prepare import Prepared
from matching.core.score import score_pairs

SAMPLED: Final = 300_000
"""Records that are looked at; of more, a sample, in which pairs are rarer by the square of its share."""
DEAR_FROM: Final = 1.0
"""Pairs per record from which a rule is too dear to be tried: it is narrowed by a further part."""
MOST_PARTS: Final = 3
MOST_RULES: Final = 320
_RULES_AT_ONCE: Final = 32
_FEWEST_VALUES: Final = 20
_KNOWN: Final = 0.01
_KEYS_PER_PAIR: Final = 30.0
"""Making the keys of so many records takes as long as comparing one pair."""
_LEAST_SHARE: Final = 0.0002
_LEAST_YIELD: Final = 0.005

# What may be made of a field, by its form; a form that is not named is taken whole.
_TRANSFORMS: Final = {
    "organisation": ("words", "joined", "token", "prefix 4"), "text": ("words", "token", "prefix 4"),
    "person": ("whole", "sound", "prefix 1"), "family_part": ("whole", "sound", "prefix 2"), "given_part": ("whole", "sound", "prefix 1"),
    "date": ("whole", "prefix 4", "suffix 4"), "phone": ("whole", "suffix 6"), "compact": ("whole", "prefix 2"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule worth having: `pairs` it would add to those compared, and `matches` among them, of the whole table, about."""

    rule: BlockingRule
    pairs: float
    matches: float

    @property
    def words(self) -> str:
        """The rule as a line of a config."""
        return f"{self.rule.name}: {{parts: [{', '.join(part_text(part) for part in self.rule.parts)}]}}"


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Rules in the order in which they are worth most, and what they start from.

    `known` is how many matches the present rules and all `tried` ones find together; `found` how many the present rules
    do, and `pairs` what these cost. Figures are for the whole table, and rough where only a sample of `sampled` was looked at.
    """

    tried: int
    sampled: int
    known: float
    found: float
    pairs: float
    rules: tuple[Suggestion, ...]


def suggest(prepared: Prepared, model: MatchModel, present: CandidatePairs | None = None) -> Suggestions:
    """Choose rules that find matches which those of the config miss; these gave the pairs `present`. Without, choose anew.

    All rules of up to three parts that the config's fields allow, and that are not too dear, are tried on a sample. Of them
    are chosen, greedily, those with most matches found anew per cost (Chvatal 1979, Mathematics of Operations Research 4;
    blocking as set cover: Bilenko, Kamath and Mooney 2006, ICDM). A match is what the model would match: labels are not
    needed, and the model's errors count.
    """
    share = min(1.0, SAMPLED / max(prepared.size, 1))
    rows = np.arange(prepared.size)
    if share < 1:
        rows = np.sort(np.random.default_rng(0).choice(rows, SAMPLED, replace=False))
    sample = prepared.rows(rows)
    known = set() if present is None else {frozenset(rule.parts) for rule in model.config.blocking}
    tried = [rule for rule in _affordable(sample, model.config, share) if frozenset(rule.parts) not in known]
    own = _pairs_of(tried, sample, model.config)
    given = np.empty(0, np.int64) if present is None else _inside(present, rows, prepared.size)
    pairs = np.unique(np.concatenate([given, *own]))
    likely = _likely(pairs, sample, model)
    covered = np.zeros(len(pairs), np.bool_)
    covered[np.searchsorted(pairs, given)] = True
    chosen = _cover([np.searchsorted(pairs, some) for some in own], likely, covered, sample.size * share / _KEYS_PER_PAIR)
    whole, limit = 1 / share**2, _limit(model.config)
    rules = tuple(Suggestion(replace(tried[number], limit=limit), more * whole, gain * whole) for number, more, gain in chosen)
    found = float(likely[covered].sum()) * whole
    return Suggestions(len(tried), sample.size, float(likely.sum()) * whole, found, len(given) * whole, rules)


def _inside(present: CandidatePairs, rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Give the pairs of chosen rows, as pairs of places among these."""
    place = np.full(size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    left, right = place[present.left], place[present.right]
    kept = (left >= 0) & (right >= 0)
    pairs: NDArray[np.int64] = left[kept] * len(rows) + right[kept]
    return pairs


def _cover(
    finds: Sequence[NDArray[np.int64]], likely: NDArray[np.float64], covered: NDArray[np.bool_], keys: float
) -> list[tuple[int, int, float]]:
    """Choose rules until none is worth its cost: number, pairs added, matches added."""
    covered, total = covered.copy(), max(float(likely.sum()), 1.0)
    left, chosen = set(range(len(finds))), []
    while left:
        worth = []
        for number in sorted(left):
            fresh = finds[number][~covered[finds[number]]]
            gain = float(likely[fresh].sum())
            if gain < _LEAST_SHARE * total or gain < _LEAST_YIELD * len(fresh):
                left.discard(number)
                continue
            worth.append((gain / (len(fresh) + keys), number, len(fresh), gain))
        if not worth:
            break
        _, number, more, gain = max(worth, key=lambda found: (found[0], -found[1]))
        covered[finds[number]] = True
        left.discard(number)
        chosen.append((number, more, gain))
    return chosen


def _pairs_of(rules: Sequence[BlockingRule], sample: Prepared, config: MatchConfig) -> list[NDArray[np.int64]]:
    """Give the pairs that each rule finds, as left * size + right, ascending."""
    own: list[NDArray[np.int64]] = []
    for start in range(0, len(rules), _RULES_AT_ONCE):
        some = tuple(rules[start : start + _RULES_AT_ONCE])
        found = candidate_pairs(sample, replace(config, blocking=some, exhaustive_below=0))
        pairs = found.left.astype(np.int64) * sample.size + found.right
        own.extend(pairs[found.rules >> np.uint32(number) & np.uint32(1) != 0] for number in range(len(some)))
    return own


def _likely(pairs: NDArray[np.int64], sample: Prepared, model: MatchModel) -> NDArray[np.float64]:
    left, right = (pairs // sample.size).astype(np.int32), (pairs % sample.size).astype(np.int32)
    scored = score_pairs(sample, sample, left, right, model)
    return np.where(decide(scored, model) == Outcome.MATCH, scored.probability, 0.0)


def _affordable(sample: Prepared, config: MatchConfig, share: float) -> list[BlockingRule]:
    """Give the rules that are not too dear, those of few parts first: a rule is narrowed only where it is too dear."""
    budget = DEAR_FROM * sample.size * share
    limit = _scaled(BlockingRule("", (), limit=_limit(config)), share).limit
    found: dict[frozenset[KeyPart], BlockingRule] = {}
    dear: list[tuple[KeyPart, ...]] = [()]
    parts = list(_parts(sample, config))
    for _ in range(MOST_PARTS):
        wider, dear = dear, []
        for together in _narrowed(wider, parts):
            if any(cheap <= set(together) for cheap in found):
                continue
            rule = BlockingRule(" + ".join(part_text(part) for part in together), together, limit=limit)
            counts = np.unique(rule_keys(sample, rule, config.entity)[1], return_counts=True)[1]
            usable = counts[counts <= limit]
            if (usable * (usable - 1.0)).sum() / 2 > budget:
                dear.append(together)
            else:
                found[frozenset(together)] = rule
            if len(found) == MOST_RULES:
                return list(found.values())
    return list(found.values())


def _narrowed(wider: Sequence[tuple[KeyPart, ...]], parts: Sequence[KeyPart]) -> Iterator[tuple[KeyPart, ...]]:
    """Add to each of these a part that comes later, of another field; at most one part is a word."""
    for given in wider:
        for part in parts[parts.index(given[-1]) + 1 if given else 0 :]:
            words = [other for other in (*given, part) if other.transform == "token"]
            if part.field not in {other.field for other in given} and len(words) <= 1:
                yield (*given, part)


def _parts(sample: Prepared, config: MatchConfig) -> Iterator[KeyPart]:
    for field in config.fields:
        column = sample.columns[field.name]
        if len(column.values) < _FEWEST_VALUES or (column.codes >= 0).mean() < _KNOWN:
            continue
        for text in _TRANSFORMS.get(field.form, ("whole",)):
            transform, _, size = text.partition(" ")
            yield KeyPart(field.name, transform, int(size or 0))


def _limit(config: MatchConfig) -> int:
    return max((rule.limit for rule in config.blocking), default=BlockingRule("", ()).limit)


def _scaled(rule: BlockingRule, share: float) -> BlockingRule:
    return replace(rule, limit=max(2, round(rule.limit * share)))
