"""What blocking did to a table, rule by rule: what each costs, finds and leaves out. Studied on the result of a run."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.core.coverage import Caught, Coverage, coverage, rule_lists
from matching.core.decide import Outcome
from matching.core.key_texts import rule_words
from matching.engines.left_out import RuleLeftOut, left_out
from matching.engines.local import MatchResult

_COMPARING: Final = frozenset({"compare", "score"})
"""First words of the steps of a run that take longer the more pairs there are."""


@dataclass(frozen=True, slots=True)
class RuleStudy:
    """What one rule does: `pairs` compared, the `share` of all comparisons, and about how many `seconds` these took.

    `matches`: how many of its pairs are matches, expected; `only_matches`: those that no other rule gives. `limit`: how many
    records may share a key, where the rule allows `allowed`. `refined_by` names the rules that serve its common keys.
    """

    name: str
    words: str
    list: str
    locked: bool
    refined_by: tuple[str, ...]
    keys: int
    pairs: int
    only_pairs: int
    share: float
    seconds: float
    matches: float
    only_matches: float
    limit: int
    allowed: int
    common_keys: int
    common_records: int
    left_out: RuleLeftOut


@dataclass(frozen=True, slots=True)
class BlockingStudy:
    """What blocking did: `candidates` among `records`, rule by rule, and what all rules miss.

    `whole`: the table was small, and every pair was compared, whatever the rules gave.
    """

    entity: str
    records: int
    candidates: int
    whole: bool
    coverage: Coverage
    rules: tuple[RuleStudy, ...]


def coverage_of(result: MatchResult) -> Coverage:
    """Estimate how many matches the blocking rules of a run missed."""
    return coverage(_caught(result), result.model.config, whole=_whole(result))


def study_blocking(result: MatchResult) -> BlockingStudy:
    """Study what blocking did in a run. Deterministic but for the seconds."""
    config, caught = result.model.config, _caught(result)
    seconds = sum(value for name, value in result.timings.items() if name.split()[0] in _COMPARING)
    rules, omitted = [], left_out(result)
    for number, (rule, found_by) in enumerate(zip(config.blocking, rule_lists(config), strict=True)):
        report, bit = result.report.rules[number], np.uint32(1 << number)
        compared = int((result.candidates.rules & bit != 0).sum())
        share = compared / max(len(result.candidates.left), 1)
        rules.append(
            RuleStudy(
                name=rule.name,
                words=rule_words(rule),
                list=found_by,
                locked=rule.locked,
                refined_by=tuple(other.name for other in config.blocking if other.refines == rule.name),
                keys=report.keys,
                pairs=compared,
                only_pairs=report.only_found_by,
                share=round(share, 6),
                seconds=round(seconds * share, 4),
                matches=round(float(caught.probability[caught.rules & bit != 0].sum()), 2),
                only_matches=round(float(caught.probability[caught.rules == bit].sum()), 2),
                limit=report.limit,
                allowed=rule.limit,
                common_keys=report.common_keys,
                common_records=report.common_records,
                left_out=omitted[number],
            )
        )
    missed = coverage(caught, config, whole=_whole(result))
    return BlockingStudy(config.entity, result.prepared.size, len(result.candidates.left), _whole(result), missed, tuple(rules))


def study_document(study: BlockingStudy, ids: NDArray[np.int64]) -> dict[str, Any]:
    """Give a study as plain data for JSON; `ids` are the records of the rows. No personal value is in it: keys are numbers.

    What is infinite is null.
    """
    document: dict[str, Any] = _finite(asdict(study))
    document["coverage"] |= {"recall": study.coverage.recall, "recall_interval": list(study.coverage.recall_interval)}
    for rule in document["rules"]:
        for key in rule["left_out"]["commonest"]:
            key["record_id"] = int(ids[key.pop("row")])
    return document


def _whole(result: MatchResult) -> bool:
    return result.prepared.size <= result.model.config.exhaustive_below


def _caught(result: MatchResult) -> Caught:
    candidates, pairs, size = result.candidates, result.pairs, result.prepared.size
    place = np.searchsorted(candidates.left.astype(np.int64) * size + candidates.right, pairs.left.astype(np.int64) * size + pairs.right)
    # A pair that a rule of the business forbids is no match, however likely it looks.
    likely = np.where(pairs.outcome == Outcome.NO_MATCH, 0.0, pairs.probability)
    return Caught(candidates.rules[place], likely, pairs.strata)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
