"""What people answered, read from the database as arrays for `matching.core.estimate`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from golden_records.entities import EntityType
from matching.core.declarations import Thresholds
from matching.core.estimate import Answered, weights_of
from matching.core.sampling import BANDS, band_of
from matching.models import CheckedPair, CheckKind, CheckSample, Judgement, JudgementValue, LearningState, ReviewTask, TaskKind, TaskState

_AT_ONCE: Final = 10_000
_SETTLING: Final = {JudgementValue.SAME.value: True, JudgementValue.DIFFERENT.value: False}
_RULES: Final = """
SELECT DISTINCT j.id, l.rule FROM matching_judgement j
JOIN matching_blockingkey l ON l.record_id = j.left_record_id AND l.entity = j.entity
JOIN matching_blockingkey r ON r.record_id = j.right_record_id AND r.entity = j.entity AND r.key = l.key AND r.rule = l.rule
WHERE j.entity = %s AND j.withdrawn_at IS NULL AND j.task_id IS NOT NULL AND j.value <> 'unsure'
AND NOT EXISTS (SELECT 1 FROM matching_commonkey c WHERE c.entity = l.entity AND c.key = l.key AND c.rule = l.rule)
"""


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks under one match config: the answers on them, and how many wait, are settled or are left open.

    `worst` are the answers as if the engine had been wrong wherever somebody was UNSURE. `bands` is what the newest sample found in each
    band of probability.
    """

    config_id: int | None
    answers: Answered
    worst: Answered
    drawn: int
    unsure: int
    bands: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Said:
    """All answers SAME and DIFFERENT that stand, a place each: the judgement's id, the pair's probability, what was said.

    `possible` marks those on questions that the thresholds alone raise, without a veto, and `drawn_apart` those on checks of what the
    engine left apart; pairs of one `trial` were asked between the same two golden records.
    """

    ids: NDArray[np.int64]
    probability: NDArray[np.float64]
    same: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    drawn_apart: NDArray[np.bool_]
    trial: NDArray[np.int64]
    unsure: int

    def where(self, chosen: NDArray[np.bool_]) -> "Said":
        """Give some of the answers."""
        return Said(
            ids=self.ids[chosen],
            probability=self.probability[chosen],
            same=self.same[chosen],
            possible=self.possible[chosen],
            drawn_apart=self.drawn_apart[chosen],
            trial=self.trial[chosen],
            unsure=self.unsure,
        )


def said(entity: EntityType) -> Said:
    """Read the answers that stand: what people said on questions, not what followed from a merge or a move. One statement."""
    columns = ("id", "value", "task__decision__probability", "task__kind", "task__decision__vetoes")
    homes = ("task__left_golden_id", "task__right_golden_id")
    standing = Judgement.objects.filter(entity=entity.name, withdrawn_at__isnull=True, task__isnull=False).order_by("id")
    rows = list(standing.values_list(*columns, *homes).iterator(chunk_size=_AT_ONCE))
    settled = [row for row in rows if row[1] in _SETTLING]
    return Said(
        ids=np.array([row[0] for row in settled], np.int64),
        probability=np.array([row[2] for row in settled], np.float64),
        same=np.array([_SETTLING[row[1]] for row in settled], np.bool_),
        possible=np.array([row[3] == TaskKind.POSSIBLE_MATCH and not row[4] for row in settled], np.bool_),
        drawn_apart=np.array([row[3] == TaskKind.CHECK_APART for row in settled], np.bool_),
        trial=_numbered(row[5:] for row in settled),
        unsure=len(rows) - len(settled),
    )


def questions(entity: EntityType) -> NDArray[np.float64]:
    """Give the probabilities of all questions that the thresholds alone raise: those that wait, and those that were answered."""
    asked = ReviewTask.objects.filter(entity=entity.name, kind=TaskKind.POSSIBLE_MATCH, state__in=(TaskState.OPEN, TaskState.DECIDED))
    rows = asked.order_by().values_list("decision__probability", "decision__vetoes").iterator(chunk_size=_AT_ONCE)
    return np.array([probability for probability, vetoes in rows if not vetoes], np.float64)


def asked_between(found: Said, every: NDArray[np.float64], now: Thresholds) -> tuple[Answered, NDArray[np.float64]]:
    """Give the answers on questions between two thresholds, each standing for the questions of its band, and all those questions.

    Which of the questions of a band were answered is taken as chance.
    """
    chosen = found.possible & (found.probability >= now.review) & (found.probability < now.auto)
    within = every[(every >= now.review) & (every < now.auto)]
    band = band_of(found.probability[chosen])
    sizes = dict(enumerate(np.bincount(band_of(within), minlength=1).tolist()))
    return Answered(found.probability[chosen], found.same[chosen], weights_of(band, sizes), band, found.trial[chosen]), within


def checks(entity: EntityType, config_id: int, kind: CheckKind = CheckKind.TOGETHER) -> Checks:
    """Read the checks of a kind under a config, or under the last one that has any: what is matched by it now was matched by that then.

    Answers of all samples under one config count together, each standing for the pairs that the newest found in its band.
    """
    samples = CheckSample.objects.filter(entity=entity.name, kind=kind, state=LearningState.DONE).order_by("-id")
    newest = samples.filter(config_id=config_id).first() or samples.first()
    if newest is None:
        return Checks(None, _nobody(), _nobody(), 0, 0, ())
    columns = ("left_record_id", "right_record_id", "probability", "band", "golden_id")
    drawn = list(CheckedPair.objects.filter(sample__in=samples.filter(config_id=newest.config_id)).order_by("id").values_list(*columns))
    standing = Judgement.objects.filter(entity=entity.name, withdrawn_at__isnull=True, left_record_id__any=[row[0] for row in drawn])
    answer = {(left, right): value for left, right, value in standing.values_list("left_record_id", "right_record_id", "value")}
    answered = [(row, answer[row[:2]]) for row in drawn if row[:2] in answer]
    sizes = {number: int(band["pairs"]) for number, band in enumerate(newest.bands)}
    settled = [(row, value) for row, value in answered if value in _SETTLING]
    return Checks(
        config_id=newest.config_id,
        answers=_weighed(settled, sizes),
        worst=_weighed(answered, sizes, unsure_is_same=kind == CheckKind.APART),
        drawn=len(drawn),
        unsure=len(answered) - len(settled),
        bands=newest.bands,
    )


def rules_of(entity: EntityType, found: Said) -> NDArray[np.uint32]:
    """Say of each answer which blocking rules give the pair, as bits: those whose keys its records share now, common ones apart."""
    place = {identity: number for number, identity in enumerate(found.ids.tolist())}
    bits = np.zeros(len(place), np.uint32)
    with connection.cursor() as cursor:
        cursor.execute(_RULES, [entity.name])
        rows = [(place[identity], rule) for identity, rule in cursor.fetchall() if identity in place]
    if rows:
        at, rule = np.array(rows, np.int64).T
        np.bitwise_or.at(bits, at, np.uint32(1) << rule.astype(np.uint32))
    return bits


def _weighed(answered: Sequence[tuple[Any, str]], sizes: dict[int, int], *, unsure_is_same: bool = False) -> Answered:
    if not answered:
        return _nobody()
    band = np.array([row[3] for row, _ in answered], np.int64)
    same = np.array([_SETTLING.get(JudgementValue(value), unsure_is_same) for _, value in answered], np.bool_)
    probability = np.array([row[2] for row, _ in answered], np.float64)
    return Answered(probability, same, weights_of(band, sizes), band, _numbered(row[4] for row, _ in answered))


def _nobody() -> Answered:
    numbers = np.zeros(0, np.int64)
    return Answered(np.zeros(0), np.zeros(0, np.bool_), np.zeros(0), numbers, numbers)


def _numbered(names: Iterable[object]) -> NDArray[np.int64]:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


__all__ = ["BANDS", "Checks", "Said", "asked_between", "checks", "questions", "rules_of", "said"]
