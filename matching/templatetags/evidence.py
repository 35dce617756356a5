"""The evidence on a pair in the language of the page: the core says it in English, as a pattern and what stands in it."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext

from matching.core.declarations import plural
from matching.core.explain import Step

register = template.Library()


@register.filter
def evidence_words(step: Step) -> str:
    """What a step of the evidence says. A config's own words, which no catalogue has, are said as they were written."""
    phrase = step.phrase
    if phrase is None:
        return step.words
    label = gettext(phrase.label) if phrase.label else ""
    # Only English makes plurals of labels by rule: the patterns of another language are such that the label itself fits.
    labels = plural(label) if label == phrase.label else label
    said = gettext(phrase.pattern).replace("{labels}", labels).replace("{label}", label)
    said = said.replace("{count}", number_format(round(phrase.count), use_l10n=True, force_grouping=True))
    if step.level == "veto":
        return gettext("veto: %(words)s") % {"words": said}
    return gettext("%(words)s: %(strength)s") % {"words": said, "strength": gettext(phrase.strength)} if phrase.strength else said
