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


def advice_words(found: dict[str, Any]) -> Iterator[str]:
    """Say which thresholds are advised, how many questions they would have spared, and on which answers that rests."""
    yield _auto_words(found["advice"]["auto"], found)
    review, told = found["advice"]["review"], _rests_on(found["advice"]["review"])
    if review["verdict"] == Verdict.RAISE:
        yield _t(
            "A review threshold of %(threshold)s would have spared %(questions)s questions: of %(answers)s answers below it %(true)s said "
            "'same', at most %(bound)s of all."
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
