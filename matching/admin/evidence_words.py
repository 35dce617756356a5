"""The steps of an explanation as sentences that a person uses, in the language of the page: 'Same VAT number: strong evidence for'."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, ngettext
from rapidfuzz.distance import OSA

from golden_records.templatetags.mdm import percent
from matching.core.declarations import plural
from matching.core.explain import Step, strength

# By what `strength` of the core calls them: its grades are the data, these only its words.
_STRENGTHS: Final[Mapping[str, Any]] = {
    "very strong evidence for": gettext_lazy("very strong evidence for"),
    "strong evidence for": gettext_lazy("strong evidence for"),
    "evidence for": gettext_lazy("some evidence for"),
    "weak evidence for": gettext_lazy("weak evidence for"),
    "says little": gettext_lazy("says little"),
    "weak evidence against": gettext_lazy("weak evidence against"),
    "evidence against": gettext_lazy("some evidence against"),
    "strong evidence against": gettext_lazy("strong evidence against"),
    "very strong evidence against": gettext_lazy("very strong evidence against"),
}
_SPELLING: Final = frozenset({"alike", "close", "similar", "one_edit", "two_edits", "one_off", "part_alike"})
"""Levels of which a number of letters says more than their words."""

_FEW: Final = 2
_LONGEST: Final = 100


def strength_words(bits: float) -> str:
    """Put bits into words: 'strong evidence for'."""
    return str(_STRENGTHS[strength(bits)])


def sentence(step: Step) -> str:
    """Say a step in one sentence; a level of a config that nobody translated is said in the config's own words."""
    if step.level in _OTHERS:
        return capfirst(str(_OTHERS[step.level](step)))
    if step.level == "missing":
        return capfirst(_what(step))
    what = _in_letters(step) or _what(step)
    return gettext("%(what)s: %(strength)s") % {"what": capfirst(what), "strength": strength_words(step.bits)}


def _what(step: Step) -> str:
    if not step.told:
        return step.words
    label, labels = gettext(step.label), gettext(plural(step.label))
    return gettext(step.told).replace("{labels}", labels).replace("{label}", label)


def _in_letters(step: Step) -> str:
    """In how many letters two values differ, where that is few: 'names differ in one letter'."""
    left, right = step.left or "", step.right or ""
    if step.level not in _SPELLING or not left or not right or max(len(left), len(right)) > _LONGEST:
        return ""
    apart = OSA.distance(left.casefold(), right.casefold())
    if not 1 <= apart <= _FEW:
        return ""
    if any(map(str.isdigit, left + right)):
        text = ngettext("%(labels)s differ in one character", "%(labels)s differ in %(number)d characters", apart)
    else:
        text = ngettext("%(labels)s differ in one letter", "%(labels)s differ in %(number)d letters", apart)
    return text % {"labels": gettext(plural(step.label)), "number": apart}


def _prior(step: Step) -> str:
    return gettext("Before comparing: one pair in %(number)s is a match") % {
        "number": formats.number_format(round(1 + 2.0**-step.bits), use_l10n=True, force_grouping=True)
    }


def _relatives(step: Step) -> str:
    del step
    return gettext("Relatives, such as a household or branches, share as much")


def _veto(step: Step) -> str:
    return gettext("Veto: %(reason)s") % {"reason": gettext(step.told or step.words)}


def _total(step: Step) -> str:
    return gettext("In sum: match probability %(probability)s") % {"probability": percent(1 / (1 + 2.0**-step.bits))}


_OTHERS: Final = {"prior": _prior, "relatives": _relatives, "veto": _veto, "total": _total}
