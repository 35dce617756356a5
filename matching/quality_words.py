"""Measured quality in sentences: of a command and of a page alike."""

from collections.abc import Iterator
from typing import Any, Final

from django.utils import formats
from django.utils.translation import gettext as _t

from matching.core.advice import Verdict

_TELLING: Final = 5
"""Answers from which a blocking rule is spoken of by itself."""


def precision_words(found: dict[str, Any]) -> Iterator[str]:
    """Say how right automatic matches are, and what that rests on."""
    checks = found["checks"]
    if not checks["answered"]:
        yield _t("Nothing is known of automatic matches: no check was answered. Answers to questions say nothing of them.")
    else:
        precision, worst = checks["precision"], checks["at_worst"]
        yield _t(
            "Of %(pairs)s pairs put together by the engine, %(share)s are right (95 %% sure: %(low)s to %(high)s), by %(answered)s of "
            "%(drawn)s checks."
        ) % {
            "pairs": _count(checks["pairs"]),
            "share": _percent(precision["share"]),
            "low": _percent(precision["low"]),
            "high": _percent(precision["high"]),
            "answered": _count(checks["answered"]),
            "drawn": _count(checks["drawn"]),
        }
        if checks["unsure"]:
            yield _t("If all %(unsure)s unsure answers were mistakes, %(share)s would be right.") % {
                "unsure": _count(checks["unsure"]),
                "share": _percent(worst["share"]),
            }
        if checks["config"] != found["config"]:
            yield _t("The checks were drawn under %(then)s; what is matched under %(now)s may be better or worse.") % {
                "then": checks["config"],
                "now": found["config"],
            }
    agreement = found["agreement"]
    if agreement["questions"]:
        yield _t("Stewards who answered the same question agreed %(agreed)s times of %(questions)s; beyond chance: %(alpha)s.") % {
            "agreed": _count(agreement["agreed"]),
            "questions": _count(agreement["questions"]),
            "alpha": _t("not to be told") if agreement["alpha"] is None else formats.number_format(round(agreement["alpha"], 2), 2),
        }


def recall_words(found: dict[str, Any]) -> Iterator[str]:
    """Say how many matches were missed, which share of all matches is found, and what of that is measured and what estimated."""
    recall = found.get("recall")
    if recall is None or not recall["answered"]:
        yield _t("Nothing is known of the matches that were missed: no check of what was left apart was answered.")
        return
    yield _t(
        "Of %(pairs)s pairs of golden records left apart, about %(missed)s are the same (95 %% sure: %(low)s to %(high)s), by %(answered)s "
        "of %(drawn)s checks."
    ) % {
        "pairs": _count(recall["pairs"]),
        "missed": _count(recall["missed"]["value"]),
        "low": _count(recall["missed"]["low"]),
        "high": _count(recall["missed"]["high"]),
        "answered": _count(recall["answered"]),
        "drawn": _count(recall["drawn"]),
    }
    if recall["unanswered"]:
        yield _t("Of %(pairs)s further ones nothing is known yet: no check among them was answered.") % {
            "pairs": _count(recall["unanswered"])
        }
    if recall["unsure"]:
        yield _t("If all %(unsure)s unsure answers were missed matches, there would be %(missed)s.") % {
            "unsure": _count(recall["unsure"]),
            "missed": _count(recall["at_worst"]["value"]),
        }
    if recall["found"] is None:
        yield _t("Which share of all matches that is can't be told before automatic matches are checked too, and questions answered.")
    else:
        yield _t(
            "Measured: %(found)s of all matches are found, by the engine or by asking (at least 95 %% sure: %(low)s to %(high)s); "
            "%(automatic)s without asking (%(automatic_low)s to %(automatic_high)s)."
        ) % {
            "found": _percent(recall["found"]["value"]),
            "low": _percent(recall["found"]["low"]),
            "high": _percent(recall["found"]["high"]),
            "automatic": _percent(recall["automatic"]["value"]),
            "automatic_low": _percent(recall["automatic"]["low"]),
            "automatic_high": _percent(recall["automatic"]["high"]),
        }
    yield from _estimated_words(recall["estimated"])
    if recall["config"] != found["config"]:
        yield _t("The checks were drawn under %(then)s; what is matched under %(now)s may be better or worse.") % {
            "then": recall["config"],
            "now": found["config"],
        }


def _estimated_words(estimated: dict[str, Any]) -> Iterator[str]:
    below, never = estimated["below"], estimated["never_compared"]
    yield _t(
        "Estimated, not measured: about %(matches)s matches among %(pairs)s pairs less likely than %(least)s, by their probabilities."
    ) % {"matches": _count(round(below["matches"])), "pairs": _count(below["pairs"]), "least": _percent(below["least"])}
    if never is not None and never["high"] is not None:
        yield _t(
            "Estimated, not measured: about %(matches)s matches that no blocking rule gives (%(low)s to %(high)s), by capture-recapture."
        ) % {
            "matches": _count(never["matches"]),
            "low": _count(never["low"]),
            "high": _count(never["high"]),
        }
    else:
        yield (
            _t("How many matches no blocking rule gives is not known.")
            if never is not None
            else _t("Nothing is estimated of what no blocking rule gives: the last run compared every pair, or there was none.")
        )
    if estimated["found"] is not None:
        yield _t("With what is estimated, about %(found)s of all matches are found.") % {"found": _percent(estimated["found"])}


def advice_words(found: dict[str, Any]) -> Iterator[str]:
    """Say which thresholds are advised, how many questions they would have spared, and on which answers that rests."""
    yield _auto_words(found["advice"]["auto"], found)
    review, told = found["advice"]["review"], _rests_on(found["advice"]["review"])
    if review["verdict"] == Verdict.RAISE:
        yield _t(
            "A review threshold of %(threshold)s would have spared %(questions)s questions: of %(answers)s answers below it %(true)s said "
            "'same', at most %(bound)s of all."
        ) % (told | {"questions": _count(review["questions"])})
    elif review["verdict"] == Verdict.LOWER:
        yield _t(
            "A review threshold of %(threshold)s would find more of the matches that are missed: of %(answers)s checks between the two "
            "%(true)s said 'same', at least %(bound)s of all; about %(questions)s more questions would be asked."
        ) % (told | {"questions": _count(review["questions"])})
    else:
        yield _t("The review threshold stays at %(threshold)s: the answers just above it carry no other.") % told
    for rule in found["rules"]:
        if rule["answers"] >= _TELLING and rule["wrong"] * 2 > rule["answers"]:
            yield _t("The blocking rule '%(rule)s' was wrong %(wrong)s times of %(answers)s that were answered.") % {
                "rule": rule["name"],
                "wrong": _count(rule["wrong"]),
                "answers": _count(rule["answers"]),
            }


def _auto_words(auto: dict[str, Any], found: dict[str, Any]) -> str:
    told = _rests_on(auto) | {"aim": _percent(found["aim"]["precision"]), "questions": _count(auto["questions"])}
    if auto["verdict"] == Verdict.LOWER:
        return (
            _t(
                "An auto threshold of %(threshold)s would have spared %(questions)s questions at the same precision: %(true)s of "
                "%(answers)s answers between the two said 'same', at least %(bound)s of all."
            )
            % told
        )
    if auto["verdict"] == Verdict.RAISE:
        return (
            _t(
                "Too many automatic matches are wrong. From %(threshold)s on, %(share)s of the checked are right; about %(questions)s "
                "pairs would have been asked instead."
            )
            % told
        )
    if auto["more_needed"] is None:
        return (
            _t(
                "The auto threshold stays at %(threshold)s: %(true)s of %(answers)s answers said 'same', and answers like these never "
                "carry %(aim)s."
            )
            % told
        )
    return _t("The auto threshold stays at %(threshold)s: about %(more)s more answers that say 'same' are needed to carry %(aim)s.") % (
        told | {"more": _count(auto["more_needed"])}
    )


def _rests_on(advised: dict[str, Any]) -> dict[str, str]:
    rests_on = advised["rests_on"]
    return {
        "threshold": formats.number_format(f"{advised['threshold']:g}"),
        "true": _count(rests_on["true"]),
        "answers": _count(rests_on["answers"]),
        "share": _percent(rests_on["share"]),
        "bound": _percent(advised["bound"]),
    }


def _count(number: int) -> str:
    return formats.number_format(number, 0, force_grouping=True)


def _percent(share: float) -> str:
    return _t("%(share)s %%") % {"share": formats.number_format(f"{100 * share:.2f}".rstrip("0").rstrip("."))}
