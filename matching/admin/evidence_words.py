"""The steps of an explanation as sentences that a person uses, in the language of the page: 'Same VAT number: strong evidence for'."""

from typing import Final

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from rapidfuzz.distance import OSA

from golden_records.templatetags.mdm import percent
from matching.core.declarations import plural
from matching.core.explain import Phrase, Step, strength

_SPELLING: Final = frozenset({"alike", "close", "similar", "one_edit", "two_edits", "one_off", "part_alike"})
"""Levels of which a number of letters says more than their words."""

_FEW: Final = 2
_LONGEST: Final = 100


def strength_words(bits: float) -> str:
    """Put bits into words: 'strong evidence for'."""
    return gettext(strength(bits))


def sentence(step: Step) -> str:
    """Say a step in one sentence. A config's own words, which no catalogue has, are said as they were written."""
    if step.level == "total":
        return gettext("In sum: match probability %(probability)s") % {"probability": percent(1 / (1 + 2.0**-step.bits))}
    phrase = step.phrase
    if phrase is None:
        return capfirst(step.words)
    said = _in_letters(step, phrase) or _said(phrase)
    if step.level == "veto":
        said = gettext("veto: %(words)s") % {"words": said}
    elif phrase.strength:
        said = gettext("%(words)s: %(strength)s") % {"words": said, "strength": gettext(phrase.strength)}
    return capfirst(said)


def _said(phrase: Phrase) -> str:
    label = gettext(phrase.label) if phrase.label else ""
    count = number_format(round(phrase.count), use_l10n=True, force_grouping=True)
    return gettext(phrase.pattern).replace("{labels}", _several(phrase)).replace("{label}", label).replace("{count}", count)


def _several(phrase: Phrase) -> str:
    label = gettext(phrase.label) if phrase.label else ""
    # Only English makes plurals of labels by rule: the patterns of another language are such that the label itself fits.
    return plural(label) if label == phrase.label else label


def _in_letters(step: Step, phrase: Phrase) -> str:
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
    return text % {"labels": _several(phrase), "number": apart}
