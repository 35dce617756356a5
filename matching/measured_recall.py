"""How many matches are found, and how many are missed: what checks of what was left apart measure, and beside it what is only estimated."""

from dataclasses import asdict
from typing import Any

import numpy as np

from golden_records.entities import EntityType
from matching.active_config import config_version
from matching.answers import Checks
from matching.blocking_reports import last_studied_run
from matching.core.estimate import Answered, Shares
from matching.core.recall import each_confidence, matches_among, missed, recall
from matching.left_apart import CUT_OFF, OTHERWISE


def below_review(apart: Checks) -> Answered:
    """Give the answers on pairs that only their probability kept from being asked about: those that a lower threshold would ask."""
    return apart.answers.where(apart.answers.stratum != OTHERWISE)


def recall_document(entity: EntityType, checked: Checks, apart: Checks, asked: Answered, within: Shares) -> dict[str, Any]:
    """Say what checks of what was left apart tell; `asked` are answers to questions, `within` the probabilities of all of these.

    Of all matches a share is told only where automatic matches were checked as well, and questions, where there are any, answered.
    """
    bands = _bands(apart)
    measured = [band for band in bands if band["answered"]]
    reached = float(apart.bands[0]["reached"]) if apart.bands else 1.0
    document: dict[str, Any] = {
        "config": config_version(apart.config_id).version if apart.config_id is not None else None,
        "pairs": sum(int(band["pairs"]) for band in measured),
        "unanswered": sum(int(band["pairs"]) for band in bands[1:] if not band["answered"]),
        "drawn": apart.drawn,
        "answered": len(apart.answers),
        "unsure": apart.unsure,
        "missed": asdict(missed(apart.answers, reached)),
        "at_worst": asdict(missed(apart.worst, reached)),
        "automatic": None,
        "found": None,
        "bands": [band for band in bands if band["pairs"]],
        "estimated": _estimated(entity, apart),
    }
    if len(apart.answers) and len(checked.answers) and (len(asked) or not len(within)):
        sure = each_confidence()
        automatic = matches_among(checked.answers, sum(float(band["pairs"]) for band in checked.bands), sure)
        questions = matches_among(asked, len(within), sure)
        missing = missed(apart.answers, reached, sure)
        shares = recall(automatic, questions, missing)
        unseen = document["estimated"]
        beyond = unseen["below"]["matches"] + (unseen["never_compared"] or {"matches": 0.0})["matches"]
        document |= {"automatic": asdict(shares.automatic), "found": asdict(shares.found)}
        there = automatic.value + questions.value
        unseen["found"] = there / (there + missing.value + beyond) if there else None
    return document


def _bands(apart: Checks) -> list[dict[str, Any]]:
    answered = np.bincount(apart.answers.stratum, minlength=len(apart.bands))
    same = np.bincount(apart.answers.stratum, apart.answers.same, minlength=len(apart.bands))
    counts = zip(answered.tolist(), same.tolist(), strict=True)
    return [
        {**band, "answered": said, "same": int(true), "is_barred": number == OTHERWISE}
        for number, (band, (said, true)) in enumerate(zip(apart.bands, counts, strict=True))
    ]


def _estimated(entity: EntityType, apart: Checks) -> dict[str, Any]:
    """Tell what no answer speaks of: pairs below the cut-off, by their probabilities, and pairs that no rule gives, by the last run."""
    lowest = apart.bands[0] if apart.bands else {"pairs": 0, "expected": 0.0}
    run = last_studied_run(entity)
    coverage = run.blocking["coverage"] if run is not None else None
    # A small table is compared whole: what no rule gives, the run found.
    never = None if coverage is None or coverage["counted"] is not None else coverage
    return {
        "below": {"least": CUT_OFF, "pairs": int(lowest["pairs"]), "matches": lowest["expected"]},
        "never_compared": None if never is None else {"matches": never["missed"], "low": never["low"], "high": never["high"]},
        "found": None,
    }
