"""Measured quality: what people's answers say of matches, thresholds and blocking rules. Reads everything, writes only its own report.

What each figure rests on is told with it. Answers to questions say how good questions are; of the matches that nobody was asked about,
and of the matches that were missed, only checks (`matching.checking`) say anything, each of its own kind. So precision and recall from a
threshold on are told only as far as answers reach.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from numpy.typing import NDArray

from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from matching.active_config import ActiveConfig, active_config, config_version
from matching.answers import Checks, Said, asked_between, checks, questions, rules_of, said
from matching.checking import draw_sample
from matching.core.advice import GRID, Advice, Known, advise
from matching.core.calibration import reliability
from matching.core.estimate import Answered, Share, alpha, curve, weighted_share, weights_of
from matching.core.thresholds import Aim
from matching.measured_recall import below_review, recall_document
from matching.models import CheckKind, CheckSample, Judgement, JudgementValue, LearningState, LearningWork, QualityReport
from matching.reports.agreement import answered_twice

_MOST_ATTEMPTS: Final = 5


def measure(entity: EntityType, aim: Aim | None = None) -> dict[str, Any]:
    """Say what the answers show, as a document that can be kept as JSON; every share has its interval."""
    active, aim = active_config(entity), aim or Aim()
    found, every = said(entity), questions(entity)
    checked, apart = checks(entity, active.id), checks(entity, active.id, CheckKind.APART)
    now = active.config.thresholds
    asked, within = asked_between(found, every, now)
    low = below_review(apart)
    advice = advise(Known(checked.answers, asked, within, low), now, aim)
    return {
        "config": active.version,
        "thresholds": asdict(now),
        "aim": asdict(aim),
        "answers": {"same": int(found.same.sum()), "different": int((~found.same).sum()), "unsure": found.unsure},
        "checks": _checks(checked),
        "questions": {"asked": len(within), "answered": len(asked), "precision": asdict(weighted_share(asked))},
        "recall": recall_document(entity, checked, apart, asked, within),
        "curve": _curve(checked.answers, asked, low),
        "calibration": _calibration(found),
        # What was drawn because it is likely to be different says nothing against the rule that gave it.
        "rules": _rules(entity, active, found.where(~found.drawn_apart)),
        "agreement": _agreement(entity),
        "advice": _advice(advice),
    }


def order(entity: EntityType, *, change: Change) -> QualityReport:
    """Queue a measurement; `change` says who wants it."""
    return QualityReport.objects.create(entity=entity.name, actor=change.actor, created_at=change.at)


def make_report(report_id: int) -> QualityReport:
    """Measure what was asked for; one that is made is left as it is, and two workers who make it find the same."""
    report = QualityReport.objects.get(pk=report_id)
    if report.state == LearningState.DONE:
        return report
    report.document = measure(entity_type(report.entity))
    report.state, report.finished_at = LearningState.DONE, timezone.now()
    report.save(update_fields=["document", "state", "finished_at"])
    return report


KINDS: Final[dict[str, tuple[type[LearningWork], Callable[[int], LearningWork]]]] = {
    "check sample": (CheckSample, draw_sample),
    "quality": (QualityReport, make_report),
}
"""What a worker does of learning, by name."""


def carry_out(kind: str, pk: int) -> LearningWork | None:
    """Do what was asked for and waits; None where it waits no more. After too many attempts it has failed, and a person may ask anew."""
    model, do = KINDS[kind]
    rows: Any = model.objects  # type: ignore[attr-defined]  # of the models that it is the base of
    if not rows.filter(pk=pk, state=LearningState.QUEUED).update(attempts=F("attempts") + 1):
        return None
    try:
        return do(pk)
    except Exception as error:
        with transaction.atomic():
            waiting = rows.filter(pk=pk, state=LearningState.QUEUED)
            waiting.update(error=type(error).__name__)
            waiting.filter(attempts__gte=_MOST_ATTEMPTS).update(state=LearningState.FAILED, finished_at=timezone.now())
        raise


def waiting_work() -> list[tuple[str, int]]:
    """Give what was asked for and waits: kind and number."""
    return [
        (kind, pk)
        for kind, (model, _) in KINDS.items()
        for pk in model.objects.filter(state=LearningState.QUEUED).values_list("pk", flat=True)  # type: ignore[attr-defined]  # as above
    ]


def _both(one: Answered, other: Answered) -> Answered:
    """Put answers together that stand for different pairs: the strata and trials of the second are numbered on."""
    shift_stratum, shift_trial = (int(numbers.max(initial=-1)) + 1 for numbers in (one.stratum, one.trial))
    return Answered(
        np.concatenate([one.probability, other.probability]),
        np.concatenate([one.same, other.same]),
        np.concatenate([one.weight, other.weight]),
        np.concatenate([one.stratum, other.stratum + shift_stratum]),
        np.concatenate([one.trial, other.trial + shift_trial]),
    )


def _checks(found: Checks) -> dict[str, Any]:
    answered = np.bincount(found.answers.stratum, minlength=len(found.bands))
    same = np.bincount(found.answers.stratum, found.answers.same, minlength=len(found.bands))
    bands = [dict(band) | {"answered": int(answered[number]), "same": int(same[number])} for number, band in enumerate(found.bands)]
    return {
        "config": config_version(found.config_id).version if found.config_id is not None else None,
        "pairs": sum(int(band["pairs"]) for band in found.bands),
        "drawn": found.drawn,
        "answered": len(found.answers),
        "unsure": found.unsure,
        "precision": asdict(weighted_share(found.answers)),
        "at_worst": asdict(weighted_share(found.worst)),
        "bands": [band for band in bands if band["pairs"]],
    }


def _curve(checked: Answered, asked: Answered, apart: Answered) -> dict[str, Any]:
    """Precision and recall from each threshold on that the answers reach.

    Without checks nothing is known of the surest matches, nor of any threshold's precision: then there is no curve.
    """
    rests_on = {"from_checks": len(checked), "from_questions": len(asked), "from_apart": len(apart)}
    if not len(checked):
        return {"thresholds": [], "precision": [], "recall": [], **rests_on}
    reached = _both(_both(checked, asked), apart)
    lowest = float(reached.probability.min())
    chosen = GRID[(lowest - 0.01 <= GRID) & (float(reached.probability.max()) >= GRID)]
    found = curve(reached, chosen)
    return {
        "thresholds": found.threshold.tolist(),
        "precision": [asdict(share) for share in found.precision],
        "recall": [asdict(share) for share in found.recall],
        **rests_on,
    }


def _calibration(found: Said) -> dict[str, list[float]]:
    table = reliability(found.probability, found.same, trial=found.trial)
    names = ("lower", "upper", "pairs", "true", "predicted", "share", "low", "high", "trials")
    return {name: getattr(table, name).tolist() for name in names}


def _rules(entity: EntityType, active: ActiveConfig, found: Said) -> list[dict[str, Any]]:
    """Of each blocking rule that gave a pair people answered: how often they said 'different', and how many matches it found."""
    bits = rules_of(entity, found)
    alone = (bits & (bits - np.uint32(1))) == 0
    told = []
    for number, rule in enumerate(active.config.blocking):
        given = (bits >> np.uint32(number) & np.uint32(1)).astype(np.bool_)
        if given.any():
            told.append({"name": rule.name, **_rule(found, given, alone, bits > 0)})
    return sorted(told, key=lambda rule: (-rule["wrong"] / rule["answers"], -rule["answers"], rule["name"]))


def _rule(found: Said, given: NDArray[np.bool_], alone: NDArray[np.bool_], known: NDArray[np.bool_]) -> dict[str, Any]:
    only, matches = given & alone, found.same & known
    return {
        "answers": int(given.sum()),
        "wrong": int((given & ~found.same).sum()),
        "precision": asdict(_plain(found, given, found.same)),
        "recall": asdict(_plain(found, matches, given)),
        "only": int(only.sum()),
        "only_wrong": int((only & ~found.same).sum()),
    }


def _plain(found: Said, chosen: NDArray[np.bool_], true: NDArray[np.bool_]) -> Share:
    """Give a share of answers that stand for themselves alone; those between the same two golden records count once."""
    size = int(chosen.sum())
    stratum = np.zeros(size, np.int64)
    some = Answered(found.probability[chosen], true[chosen], weights_of(stratum, {0: size}), stratum, found.trial[chosen])
    return weighted_share(some)


def _agreement(entity: EntityType) -> dict[str, Any]:
    """How often stewards who answered the same question agree, and how far beyond chance."""
    answers = Judgement.objects.filter(entity=entity.name, steward__isnull=False, task__isnull=False)
    sizes = [(sum(value == JudgementValue.SAME for value in last.values()), len(last)) for _, last in answered_twice(answers)]
    same, of = np.array(sizes, np.int64).reshape(-1, 2).T
    alike = ((same == 0) | (same == of))[of > 1]
    size = len(alike)
    one = Answered(np.zeros(size), alike, np.ones(size), np.zeros(size, np.int64), np.arange(size))
    return {"questions": size, "agreed": int(alike.sum()), "share": asdict(weighted_share(one)), "alpha": alpha(same, of)}


def _advice(found: Advice) -> dict[str, Any]:
    return {name: asdict(advised) for name, advised in (("auto", found.auto), ("review", found.review))}
