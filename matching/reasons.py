"""The reasons that stewards choose from. They are rows (`ReasonCode`), which an administrator changes; some come with the service.

Rows rather than settings: words differ from firm to firm and change while the service runs, and each change has its history.
"""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_noop

from matching.models import JudgementValue, ReasonCode

WORDS: Final = (
    gettext_noop("Same official identifier"),
    gettext_noop("Confirmed by the customer"),
    gettext_noop("Moved or renamed"),
    gettext_noop("Typing error in one of them"),
    gettext_noop("Different official identifiers"),
    gettext_noop("Two firms of one group"),
    gettext_noop("A branch or site of its own"),
    gettext_noop("Two of the same name"),
    gettext_noop("Too little is known"),
    gettext_noop("Asked the source"),
)
"""The words of those that come with the service: named here so that they are translated."""


def offered() -> Mapping[str, list[ReasonCode]]:
    """Give the reasons in use by the answer that they are for; those for every answer under the empty text. One statement."""
    found: dict[str, list[ReasonCode]] = {"": [], **{value: [] for value in JudgementValue.values}}
    for each in ReasonCode.objects.filter(is_active=True):
        found[each.answer].append(each)
    return found


def words_of(code: str) -> str:
    """Give the words of a reason, also of one that is out of use; of an unknown one the code, and nothing of none."""
    if not code:
        return ""
    found = ReasonCode.objects.filter(code=code).first()
    return str(found) if found else code


def fitting(code: str, answer: JudgementValue) -> str:
    """Give a code that is in use and goes with this answer; empty for any other: a reason is never required."""
    fits = ReasonCode.objects.filter(code=code, is_active=True, answer__in=("", answer)).exists() if code else False
    return code if fits else ""
