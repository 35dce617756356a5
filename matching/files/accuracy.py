"""How right a run is, given the truth that it never saw: figures, calibration, thresholds, blocking, the worst errors."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.core.calibration import Reliability, ThresholdCurve, pair_trials, reliability, threshold_curve
from matching.core.declarations import Thresholds
from matching.core.evaluate import Figures, evaluate
from matching.core.grades import Rows
from matching.core.score import score_pairs
from matching.core.thirds import Vouched, Weighed, vouched
from matching.core.thresholds import Aim, Asked, Choice, choose_thresholds
from matching.files.choosing import ScoredCandidates, scored_candidates
from matching.files.running import MatchedFiles
from matching.files.showing import ShownPair, shown_pair

Truth = NDArray[np.int64]
_AIM: Final = Aim()
_NOWHERE: Final = Thresholds(auto=1.0, review=0.0)
"""Where the search for thresholds starts where all answers are known: from certainty downwards, and from nothing upwards."""
_MOST_ERRORS: Final = 6
_MOST_OF_CLUSTER: Final = 50
"""True clusters larger than this are looked through in part for missed pairs: their pairs grow with the square."""


@dataclass(frozen=True, slots=True)
class RuleRecall:
    """What one blocking rule finds of the true pairs: how many, what share of all, and how many only it finds."""

    name: str
    found: int
    share: float
    only: int


@dataclass(frozen=True, slots=True)
class Scores:
    """What the truth says of the probabilities: `weights` and `true` are of every candidate pair.

    `vouched` has, by the bins of `reliability`, what third records say of the probabilities without the truth. `choice` has the
    thresholds that the labels would choose for `aim`, were each candidate pair without a veto answered.
    """

    weights: NDArray[np.float64]
    true: NDArray[np.bool_]
    reliability: Reliability
    vouched: Vouched
    curve: ThresholdCurve
    aim: Aim
    choice: Choice


@dataclass(frozen=True, slots=True)
class Accuracy:
    """All that the truth says of a run."""

    figures: Figures
    scores: Scores
    rules: tuple[RuleRecall, ...]
    false_merges: tuple[ShownPair, ...]
    missed: tuple[ShownPair, ...]


def judged(matched: MatchedFiles, truth: Truth, aim: Aim = _AIM) -> Scores:
    """Judge the probabilities of a run by true clusters, a number per row, and choose the thresholds that give what is aimed at."""
    candidates = matched.result.candidates
    scored, true = scored_candidates(matched), truth[candidates.left] == truth[candidates.right]
    free = scored.probability[scored.free]
    return Scores(
        weights=scored.weight,
        true=true,
        reliability=reliability(scored.probability, true, trial=pair_trials(truth, candidates.left, candidates.right)),
        vouched=_vouched(matched, scored),
        curve=threshold_curve(scored.probability, true, missed=_true_pairs(truth) - int(true.sum())),
        aim=aim,
        choice=choose_thresholds(Asked(free, true[scored.free]), free, _NOWHERE, aim),
    )


def _vouched(matched: MatchedFiles, scored: ScoredCandidates) -> Vouched:
    result = matched.result

    def score(left: Rows, right: Rows) -> NDArray[np.float64]:
        return score_pairs(result.prepared, result.prepared, left, right, result.model).probability

    pairs = Weighed(result.candidates.left, result.candidates.right, scored.probability, scored.free, result.clusters.labels)
    return vouched(pairs, score)


def accuracy(matched: MatchedFiles, truth: Truth, scores: Scores) -> Accuracy:
    """Tell how right a run is that was judged already."""
    result = matched.result
    return Accuracy(
        figures=evaluate(truth, result.clusters.labels, result.candidates.left, result.candidates.right),
        scores=scores,
        rules=_rules(matched, scores.true, _true_pairs(truth)),
        false_merges=_false_merges(matched, truth),
        missed=_missed(matched, truth),
    )


def _true_pairs(truth: Truth) -> int:
    sizes = np.unique(truth, return_counts=True)[1].astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _rules(matched: MatchedFiles, true: NDArray[np.bool_], total: int) -> tuple[RuleRecall, ...]:
    rules = matched.result.candidates.rules[true]
    found = []
    for number, rule in enumerate(matched.config.blocking):
        bit = np.uint32(1 << number)
        count, only = int(((rules & bit) != 0).sum()), int((rules == bit).sum())
        found.append(RuleRecall(rule.name, count, count / total if total else 1.0, only))
    return tuple(sorted(found, key=lambda rule: -rule.found))


def _false_merges(matched: MatchedFiles, truth: Truth) -> tuple[ShownPair, ...]:
    """Show the pairs in one cluster that are not one entity, the most probable first, one of each cluster."""
    pairs, labels = matched.result.pairs, matched.result.clusters.labels
    wrong = np.flatnonzero((labels[pairs.left] == labels[pairs.right]) & (truth[pairs.left] != truth[pairs.right]))
    wrong = _one_each(wrong[np.argsort(-pairs.weight[wrong], kind="stable")], labels[pairs.left])
    return _shown(matched, pairs.left[wrong], pairs.right[wrong])


def _one_each(ordered: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the first of the ordered places, one of each group: one wrong cluster has many wrong pairs."""
    first = np.sort(np.unique(group[ordered], return_index=True)[1])[:_MOST_ERRORS]
    return ordered[first]


def _missed(matched: MatchedFiles, truth: Truth) -> tuple[ShownPair, ...]:
    """Show the true pairs in two clusters, the least probable first, one of each true cluster."""
    labels, result = matched.result.clusters.labels, matched.result
    left, right = _pairs_within(truth)
    apart = labels[left] != labels[right]
    left, right = left[apart].astype(np.int32), right[apart].astype(np.int32)
    if not len(left):
        return ()
    weight = score_pairs(result.prepared, result.prepared, left, right, result.model).weight
    worst = _one_each(np.argsort(weight, kind="stable"), truth[left])
    return _shown(matched, left[worst], right[worst])


def _pairs_within(truth: Truth) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair the rows of each true cluster, of large ones the first rows only; left < right."""
    order = np.argsort(truth, kind="stable")
    grouped = truth[order]
    place = np.arange(len(order)) - np.searchsorted(grouped, grouped)
    left, right = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for step in range(1, min(int(place.max(initial=0)) + 1, _MOST_OF_CLUSTER)):
        same = np.flatnonzero((grouped[step:] == grouped[:-step]) & (place[step:] < _MOST_OF_CLUSTER))
        left.append(order[same])
        right.append(order[same + step])
    return np.concatenate(left), np.concatenate(right)


def _shown(matched: MatchedFiles, left: NDArray[np.int32], right: NDArray[np.int32]) -> tuple[ShownPair, ...]:
    if not len(left):
        return ()
    result = matched.result
    scored = score_pairs(result.prepared, result.prepared, left, right, result.model)
    size = len(result.clusters.labels)
    candidates = result.candidates.left.astype(np.int64) * size + result.candidates.right
    known = np.isin(left.astype(np.int64) * size + right, candidates)
    notes = ["" if one else "never compared: no blocking rule in common" for one in known]
    return tuple(
        shown_pair(matched, (int(one), int(other)), scored.evidence(row), notes[row])
        for row, (one, other) in enumerate(zip(left, right, strict=True))
    )
