"""Why two records were compared, or why they never were: rule by rule, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa

from matching.core.decide import Outcome, confirmed, decide
from matching.core.declarations import BlockingRule, MatchConfig
from matching.core.explain import Step, explain
from matching.core.key_texts import part_texts, part_words, rule_words
from matching.core.keys import rule_keys
from matching.core.model import MatchModel
from matching.core.prepare import Prepared, prepare
from matching.core.score import score_pairs

_SHOWN: Final = 3


class Meeting(StrEnum):
    """Whether a rule brings two records together, or why not."""

    MET = "met"
    COMMON = "common"
    CHANCE = "chance"
    DIFFERENT = "different"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class InForce:
    """How a rule was used on the whole table: how many records might share a key, and whether its lone pairs were left out."""

    limit: int
    lone_left_out: bool = False


@dataclass(frozen=True, slots=True)
class RuleMeeting:
    """What one rule says of a pair: what it looks at, whether the two meet by it, and why or why not."""

    rule: str
    looks_at: str
    meeting: Meeting
    reason: str


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """All that can be said of any two records: what each blocking rule does with them, and what they score.

    `compared` says whether the engine compares them; where it does not, `weight` (bits), `probability`, `outcome` and
    `steps` are what they would have. A pair that is not compared is no match, whatever it would score.
    """

    compared: bool
    verdict: str
    weight: float
    probability: float
    outcome: Outcome
    steps: tuple[Step, ...]
    rules: tuple[RuleMeeting, ...]


def shared_keys(pair: Prepared, config: MatchConfig) -> dict[tuple[int, int], None]:
    """Give the keys (rule number, key) that both rows of a table of two have."""
    found: dict[tuple[int, int], None] = {}
    for number, rule in enumerate(config.blocking):
        rows, keys = rule_keys(pair, rule, config.entity)
        found.update(dict.fromkeys((number, int(key)) for key in np.intersect1d(keys[rows == 0], keys[rows == 1])))
    return found


def explain_pair(
    pair: pa.Table, model: MatchModel, sharing: Mapping[tuple[int, int], int], in_force: Sequence[InForce], *, whole: bool = False
) -> PairExplanation:
    """Explain any two records, the rows of `pair`, whether or not they were ever compared.

    `sharing` says how many records have each key that both have (see `shared_keys`); `in_force` how each rule was used;
    `whole` that the table is compared whole.
    """
    config = model.config
    prepared = prepare(pair, config)
    rules = _meetings(prepared, config, sharing, in_force)
    met = [number for number, found in enumerate(rules) if found.meeting is Meeting.MET]
    bits = np.array([sum(1 << number for number in met)], np.uint32)
    row = prepared.rows(np.array([0])), prepared.rows(np.array([1]))
    first = np.zeros(1, np.int32)
    scored = score_pairs(*row, first, first, model)
    outcome = Outcome(int(confirmed(decide(scored, model), bits, config)[0]))
    values = [{name: None if value is None else str(value) for name, value in told.items()} for told in pair.to_pylist()]
    compared = bool(met) or whole
    return PairExplanation(
        compared=compared,
        verdict=_verdict(rules, outcome, compared=compared),
        weight=float(scored.weight[0]),
        probability=float(scored.probability[0]),
        outcome=outcome,
        steps=tuple(explain(scored.evidence(0), model, *values)),
        rules=tuple(rules),
    )


def _meetings(
    pair: Prepared, config: MatchConfig, sharing: Mapping[tuple[int, int], int], in_force: Sequence[InForce]
) -> list[RuleMeeting]:
    shared = shared_keys(pair, config)
    found = []
    for number, rule in enumerate(config.blocking):
        counts = [sharing.get(key, 2) for key in shared if key[0] == number]
        meeting, reason = _shared(counts, in_force[number].limit) if counts else _apart(pair, rule)
        found.append(RuleMeeting(rule.name, rule_words(rule), meeting, reason))
    met = [place for place, told in enumerate(found) if told.meeting is Meeting.MET]
    if len(met) == 1 and in_force[met[0]].lone_left_out:
        lone = found[met[0]]
        reason = "the two share a key, but what this rule alone finds was left out as chance: it costs much and finds little"
        found[met[0]] = RuleMeeting(lone.rule, lone.looks_at, Meeting.CHANCE, reason)
    return found


def _shared(counts: Sequence[int], limit: int) -> tuple[Meeting, str]:
    fewest = min(counts)
    if fewest > limit:
        return Meeting.COMMON, f"the two share a key, but so do {fewest:,} records: more than {limit:,}, which is too common"
    return Meeting.MET, f"the two share a key, which {fewest:,} records have"


def _apart(pair: Prepared, rule: BlockingRule) -> tuple[Meeting, str]:
    """Say which part of a rule keeps two records apart: first what is missing, else what differs."""
    texts = [(part_words(part), part_texts(pair, 0, part), part_texts(pair, 1, part)) for part in rule.parts]
    missing = [f"no {words.removeprefix('a ')}{_side(left, right)}" for words, left, right in texts if not left or not right]
    if missing:
        return Meeting.MISSING, ", ".join(missing)
    different = [f"{words}: {_some(left)} and {_some(right)}" for words, left, right in texts if not set(left) & set(right)]
    return Meeting.DIFFERENT, "; ".join(different)


def _side(left: tuple[str, ...], right: tuple[str, ...]) -> str:
    if not left and not right:
        return " on either side"
    return " on the left" if not left else " on the right"


def _some(texts: tuple[str, ...]) -> str:
    return ", ".join(f"'{text}'" for text in texts[:_SHOWN]) + (" ..." if len(texts) > _SHOWN else "")


_OUTCOMES: Final = {Outcome.MATCH: "a match", Outcome.POSSIBLE_MATCH: "a possible match", Outcome.NO_MATCH: "no match"}


def _verdict(rules: Sequence[RuleMeeting], outcome: Outcome, *, compared: bool) -> str:
    if compared:
        met = [found.rule for found in rules if found.meeting is Meeting.MET]
        by = f"by {', '.join(met)}" if met else "as every pair of a small table is, with no blocking rule in common"
        return f"Compared {by}: {_OUTCOMES[outcome]}."
    reasons = {Meeting.COMMON: "the keys they share are too common", Meeting.CHANCE: "only a rule that finds chance brings them together"}
    why = [words for meeting, words in reasons.items() if any(found.meeting is meeting for found in rules)]
    return f"Never compared: {' and '.join(why) or 'no blocking rule in common'}. It would be {_OUTCOMES[outcome]}."
